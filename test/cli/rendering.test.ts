import { expect, test } from "vitest";
import { changeLine } from "../../src/cli/render/change.ts";
import { verdictLines } from "../../src/cli/render/evidence.ts";
import { Narration } from "../../src/cli/render/narration.ts";
import { type PlanDocument, planLines } from "../../src/cli/render/plan.ts";
import { playbookPages } from "../../src/cli/render/reference-playbooks.ts";
import { SealWatch } from "../../src/cli/render/seal-watch.ts";
import { brief } from "../../src/cli/render/story.ts";
import type { Happening, JournalEvent } from "../../src/core/journal.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { steps } from "../../src/steps/index.ts";

const happened = (body: Happening, { of = "case-1", at = 0 } = {}): JournalEvent => ({
  actor: { kind: "cordon", id: "cordon", channel: "engine" },
  body,
  case: of,
  sequence: 1,
  time: new Date(at).toISOString(),
  previous: "",
  hash: "",
});

test.each([
  [null, "nothing"],
  [[], "nothing"],
  [{}, "nothing"],
  [["sg-1", "sg-2"], "sg-1, sg-2"],
  [false, "false"],
  [{ tcpEstablished: 60, udp: 30 }, "tcpEstablished=60, udp=30"],
  [{ explicit: null, defaults: { udp: 30 } }, "explicit=nothing, defaults=(udp=30)"],
  [[{ id: "a", size: 1 }, { id: "b" }], "(id=a, size=1), (id=b)"],
  [{ "na\u001bme": "va\u001blue" }, "na\u{fffd}me=va\u{fffd}lue"],
])("the value %j is said in words and without brackets that only programs need", (value, said) => {
  expect(brief(value)).toBe(said);
});

test("what is saved has no before and after, what is changed has, and names whom it hits besides", () => {
  const change = { id: "c", step: "s", resource: "i-1", before: null, after: {} };
  expect(changeLine({ ...change, collects: true })).toBe("    saves: i-1");
  const blastRadius = { what: "the subnet", resources: [] };
  expect(changeLine({ ...change, attribute: "tags", after: { a: "1" }, blastRadius })).toBe(
    "    i-1 tags: nothing -> a=1   also hits: the subnet",
  );
});

test("a plan lists permissions by service", () => {
  const plan: PlanDocument = {
    instance: "i-1",
    account: "111122223333",
    region: "eu-west-1",
    playbook: "p",
    verdict: "compromised",
    reason: "it mines",
    joins: null,
    stages: [],
    foreign: [],
    permissions: ["ec2:CreateTags", "ec2:DescribeVpcs", "iam:GetRole"],
  };
  expect(planLines(plan).slice(-3)).toEqual(["Permissions:", "  ec2: CreateTags, DescribeVpcs", "  iam: GetRole"]);
});

test("a drill of several instances says whose each line is, and a proof that found the same is told in short", () => {
  const narration = new Narration(1000);
  const opened = (instanceId: string): Happening =>
    ({
      type: "case.opened",
      verdict: "compromised",
      reason: "it mines",
      playbook: "p",
      target: { instanceId },
    }) as never;
  const proof = (statement: string): Happening => ({ type: "assessment.made", statement }) as never;
  const first = "Contained in part as of 12:00:00Z. Unproven: TCP, a.";
  expect(narration.lines(happened(opened("i-1")))).toEqual([
    "   -1.00 s  case opened on i-1: compromised (it mines); playbook p",
  ]);
  expect(narration.lines(happened(proof(first), { at: 1500 }))).toEqual([`   +0.50 s  ${first}`]);
  expect(narration.lines(happened(proof(first.replace("00Z", "59Z")), { at: 2000 }))).toEqual([
    "   +1.00 s  Contained in part as of 12:00:59Z; the rest as before",
  ]);
  narration.lines(happened(opened("i-2"), { of: "case-2" }));
  expect(narration.lines(happened(proof(first), { of: "case-2", at: 1000 }))).toEqual([`   +0.00 s  i-2  ${first}`]);
  const other = "Contained as of 12:01:00Z. Not filtered: resolver.";
  expect(narration.lines(happened(proof(other), { at: 1000 }))).toEqual([`   +0.00 s  i-1  ${other}`]);
});

test("the line on the seal comes once every interface was read back as sealed, and not before", () => {
  const watch = new SealWatch();
  const planned = (...ids: string[]): Happening =>
    ({ type: "step.planned", step: "contain.security-groups", changes: ids.map((id) => ({ id })) }) as never;
  const verified = (change: string): Happening => ({ type: "change.verified", change }) as never;
  const one = "contain.security-groups/eni-1:groups";
  const two = "contain.security-groups/eni-2:groups";
  expect(watch.line(happened({ type: "case.opened" } as never, { at: 1000 }))).toBeNull();
  expect(watch.line(happened(planned(one, two), { at: 1100 }))).toBeNull();
  expect(watch.line(happened(verified(one), { at: 1200 }))).toBeNull();
  expect(watch.line(happened(verified("contain.role-sessions/role"), { at: 1200 }))).toBeNull();
  expect(watch.line(happened(verified(two), { at: 1240 }))).toBe("SEALED 2 of 2 interfaces after 0.2 s");
  expect(watch.line(happened(planned(), { at: 1300 }))).toBeNull();
  const three = "contain.security-groups/eni-3:groups";
  watch.line(happened(planned(three), { at: 9000 }));
  expect(watch.line(happened(verified(three), { at: 11_000 }))).toBe("SEALED 3 of 3 interfaces after 10.0 s");
});

test("one thing is not told in the plural", () => {
  const lines = verdictLines({
    case: "case-1",
    ok: true,
    artifacts: [],
    anchors: 1,
    events: 2,
    afterLastAnchor: 1,
    faults: [],
    unspokenOf: [],
  });
  expect(lines.at(-1)).toBe("  2 events; the vault has 1 head of the journal, with 1 event after the last");
});

test("the page of a playbook says nothing of stages after the last one", () => {
  const text = `
id: two
title: Two stages
stages:
  - { id: cut, steps: [contain.security-groups] }
  - { id: prove, steps: [assess.containment] }
`;
  const playbook = readPlaybook(text, { file: "two.yaml", steps });
  const page = playbookPages({ playbooks: [playbook], steps })["playbooks/two.md"] ?? "";
  const [, cut = "", prove = ""] = page.split("### ");
  expect(cut).toContain("When something fails here, the stages after it are not begun.");
  expect(prove).toContain("When something fails here, it is named in the case; no stage comes after it.");
  expect(prove).not.toContain("the stages after it");
});
