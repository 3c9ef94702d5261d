import { expect, test } from "vitest";
import { changeLine } from "../../src/cli/render/change.ts";
import { verdictLines } from "../../src/cli/render/evidence.ts";
import { Narration } from "../../src/cli/render/narration.ts";
import { type PlanDocument, planLines } from "../../src/cli/render/plan.ts";
import { playbookPages } from "../../src/cli/render/reference-playbooks.ts";
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
  const first = "contained in part as of 12:00:00Z; still possible: TCP; a";
  expect(narration.line(happened(opened("i-1")))).toBe(
    "   -1.00 s  case opened on i-1: compromised (it mines); playbook p",
  );
  expect(narration.line(happened(proof(first), { at: 1500 }))).toBe(`   +0.50 s  ${first}`);
  expect(narration.line(happened(proof(first.replace("00Z", "59Z")), { at: 2000 }))).toBe(
    "   +1.00 s  contained in part as of 12:00:59Z; the rest as before",
  );
  narration.line(happened(opened("i-2"), { of: "case-2" }));
  expect(narration.line(happened(proof(first), { of: "case-2", at: 1000 }))).toBe(`   +0.00 s  i-2  ${first}`);
  const other = "contained as of 12:01:00Z; not excluded: resolver";
  expect(narration.line(happened(proof(other), { at: 1000 }))).toBe(`   +0.00 s  i-1  ${other}`);
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
