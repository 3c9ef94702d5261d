import { expect, test } from "vitest";
import { createLaboratory, cutAndProve, openCase } from "./harness.ts";

const MINUTE_MS = 60_000;

/** Cuts, undoes a part of it, and works on the case through the next proof. */
async function afterUndoing(undo: (lab: ReturnType<typeof createLaboratory>) => void) {
  const playbook = cutAndProve();
  const lab = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  try {
    return await lab.clock.run(async () => {
      await lab.clock.sleep(20_000);
      const life = lab.live();
      const id = await openCase(lab, life, playbook);
      await life.runner.work(id, { signal: lab.signal });
      await lab.clock.sleep(6 * MINUTE_MS);
      undo(lab);
      await lab.clock.sleep(MINUTE_MS);
      await life.runner.work(id, { signal: lab.signal, until: lab.clock.now() + MINUTE_MS });
      const events = await lab.events(id);
      const broken = events.flatMap(({ body }) => (body.type === "change.broken" ? [body.change] : []));
      const after = events.slice(events.findIndex(({ body }) => body.type === "change.broken"));
      const verified = after.flatMap(({ body }) => (body.type === "change.verified" ? [body.change] : []));
      return { broken, verified, state: await life.runner.load(id) };
    });
  } finally {
    lab.close();
  }
}

const accountOf = ({ range }: ReturnType<typeof createLaboratory>) => {
  const [target] = range.scenario.targets;
  if (!target) throw new Error("the scenario has a target");
  return range.world.place(target.account, target.region);
};

test("a deny that somebody deleted is put back, and the proof that found it says that the cut does not hold", async () => {
  let policies: (() => readonly string[]) | null = null;
  const { broken, verified, state } = await afterUndoing((lab) => {
    const place = accountOf(lab);
    const role = place.account.roles.get("payroll-worker");
    if (!role) throw new Error("the scenario has a role");
    expect([...role.inlinePolicies.keys()]).toContain("CordonDenySessions");
    place.world.change(role, () => role.inlinePolicies.delete("CordonDenySessions"));
    policies = () => [...role.inlinePolicies.keys()];
  });
  const change = "contain.role-sessions/arn:aws:iam::111122223333:role/payroll-worker/sessions";
  expect(broken).toEqual([change]);
  expect(verified).toEqual([change]);
  expect((policies as (() => readonly string[]) | null)?.()).toContain("CordonDenySessions");
  const answers = state.assessments.map(({ contained }) => contained);
  expect(answers).toContain(false);
  expect(answers.at(-1)).not.toBe(false);
});

test("what still holds is neither run again nor called undone", async () => {
  const { broken } = await afterUndoing(() => {});
  expect(broken).toEqual([]);
});
