import { expect, it } from "vitest";
import { registry } from "../../src/cli/compose.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { askRelease, createLaboratory, cutAndProve, openCase } from "./harness.ts";

const edited = readPlaybook(
  `{ id: cut-and-prove, title: edited, answers: [], autonomy: confirmed, stages: [{ id: other, steps: [protect.case-tags-none] }] }`.replace(
    "protect.case-tags-none",
    "assess.containment",
  ),
  { file: "edited", steps: registry.values() },
);

it.each([
  ["edited", edited],
  ["removed or renamed", { ...edited, id: "renamed" }],
])("a case goes on by the playbook it was opened with after the file was %s, release included", async (_, now) => {
  const playbook = cutAndProve();
  const lab = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook: now });
  await lab.clock.run(async () => {
    const life = lab.live();
    const id = await openCase(lab, life, playbook);
    const state = await life.runner.work(id, { signal: lab.signal });
    expect([...state.stages.keys()]).toEqual(playbook.stages.map((stage) => stage.id));
    expect([...state.changes.values()].some(({ change }) => change.step === "contain.security-groups")).toBe(true);
    await askRelease(life, id);
    const released = await life.runner.work(id, { signal: lab.signal });
    expect(released.release?.ended).toBe("released");
    const groups = [...released.changes.values()].filter(({ change }) => change.step === "contain.security-groups");
    expect(groups.map(({ state: at }) => at)).toEqual(groups.map(() => "reverted"));
  });
  lab.close();
});

it("keeps no roles, approvers or routes with a case", async () => {
  const playbook = cutAndProve();
  const lab = createLaboratory({
    scenario: "c2-beacon",
    seed: 7,
    playbook,
    settings: () => ({ neverDeny: ["198.51.100.0/24"], approvers: { responders: ["ada"] } }) as object,
  });
  await lab.clock.run(async () => {
    const id = await openCase(lab, lab.live(), playbook);
    const [opened] = await lab.events(id);
    expect(opened?.body).toMatchObject({ decidedBy: { settings: { neverDeny: ["198.51.100.0/24"] } } });
    expect(JSON.stringify(opened)).not.toContain("approvers");
  });
  lab.close();
});
