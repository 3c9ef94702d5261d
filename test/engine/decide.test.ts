import { describe, expect, test } from "vitest";
import { approvalHash, approvalLines } from "../../src/core/approval.ts";
import type { CaseState } from "../../src/core/case.ts";
import type { Change } from "../../src/core/change.ts";
import type { Happening } from "../../src/core/journal.ts";
import type { Playbook } from "../../src/core/playbook.ts";
import {
  act,
  applied,
  type At,
  caseWith,
  change,
  cut,
  decided,
  ended,
  failed,
  planned,
  playbook,
  prove,
  proved,
  seal1,
  simple,
  START,
  started,
  whole,
} from "./decided.ts";

describe("a stage without a question", () => {
  test.each<[string, readonly At[], number, readonly string[]]>([
    ["begins with its plans", [], 0, ["stage.started cut", "plan contain.seal"]],
    ["runs what is planned", [started("cut"), planned("cut", "contain.seal", seal1)], 0, ["run contain.seal/eni-1"]],
    [
      "plans again what is older than 5 s",
      [started("cut"), planned("cut", "contain.seal", seal1)],
      5001,
      ["plan contain.seal"],
    ],
    [
      "runs again what was started and not ended",
      [started("cut"), planned("cut", "contain.seal", seal1), act(seal1.id)],
      60_000,
      ["run contain.seal/eni-1"],
    ],
    [
      "verifies what was applied",
      [started("cut"), planned("cut", "contain.seal", seal1), act(seal1.id), applied(seal1.id)],
      0,
      ["verify contain.seal/eni-1"],
    ],
    [
      "plans once more after verifying, where the step says so",
      [started("cut"), planned("cut", "contain.seal", seal1), ...whole(seal1.id)],
      0,
      ["plan contain.seal"],
    ],
    ["ends when nothing is left", [started("cut"), planned("cut", "contain.seal")], 0, ["stage.ended cut nothing"]],
  ])("%s", (_name, happenings, afterMs, expected) => {
    expect(decided(caseWith(happenings), simple, afterMs).said).toEqual(expected);
  });

  test("an act that was postponed waits until then", () => {
    const state = caseWith([
      started("cut"),
      {
        type: "act.postponed",
        subject: "cut/contain.seal",
        verb: "plan",
        code: "aws_failed",
        message: "m",
        until: new Date(START + 500).toISOString(),
        requests: [],
      },
    ]);
    expect(decided(state, simple)).toMatchObject({ said: [], wakeAt: START + 500 });
    expect(decided(state, simple, 500).said).toEqual(["plan contain.seal"]);
  });
});

describe("a failed stage", () => {
  const happenings = [
    started("cut"),
    planned("cut", "contain.seal", seal1),
    act(seal1.id),
    failed(seal1.id),
    ended("cut", "failed"),
  ];
  test("stops the later ones, and the case has failed", () => {
    expect(decided(caseWith(happenings), simple).said).toEqual(["case.settled failed"]);
  });
  test("lets them run where it says continue", () => {
    expect(decided(caseWith(happenings), playbook([{ ...cut, on_failure: "continue" }, prove])).said).toEqual([
      "stage.started prove",
      "assess assess.proof",
    ]);
  });
});

describe("stages side by side", () => {
  const by = playbook([
    { id: "hold", alongside: true, steps: ["protect.groups"] },
    cut,
    { id: "after", needs: ["hold"], steps: ["contain.deny"] },
  ]);
  test("an alongside stage and the next begin together", () => {
    expect(decided(caseWith([]), by).said).toEqual([
      "stage.started hold",
      "plan protect.groups",
      "stage.started cut",
      "plan contain.seal",
    ]);
  });
  test("a stage that needs it waits for it, though the one before has ended", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "protect.groups", change("protect.groups/g")),
      act("protect.groups/g"),
      started("cut"),
      ended("cut"),
    ]);
    expect(decided(state, by).said).toEqual(["run protect.groups/g"]);
  });
  test("the case does not settle before it", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "protect.groups", change("protect.groups/g")),
      act("protect.groups/g"),
      started("cut"),
      ended("cut"),
      ended("after"),
    ]);
    expect(decided(state, by).said).toEqual(["run protect.groups/g"]);
  });
});

describe("steps that depend on one another", () => {
  test("a step waits for what it needs", () => {
    const by = playbook([{ id: "cut", steps: ["contain.convert", "contain.seal"] }]);
    expect(decided(caseWith([]), by).said).toEqual(["stage.started cut", "plan contain.seal"]);
  });
  test("a run waits for the plans of the steps that read what it takes away, and not for their runs", () => {
    const by = playbook([{ id: "cut", steps: ["contain.profile", "contain.deny"] }]);
    const before = [started("cut"), planned("cut", "contain.profile", change("contain.profile/i"))];
    expect(decided(caseWith(before), by).said).toEqual(["plan contain.deny"]);
    const after = [...before, planned("cut", "contain.deny", change("contain.deny/r"))];
    expect(decided(caseWith(after), by).said).toEqual(["run contain.profile/i", "run contain.deny/r"]);
  });
  test("a step that lacks something has it made first, and plans again", () => {
    const lacks: Happening = {
      type: "step.failed",
      stage: "cut",
      step: "contain.seal",
      refused: true,
      code: "prepared_group_missing",
      message: "m",
      remedy: "r",
    };
    const enabled: Happening = {
      type: "step.enabled",
      stage: "cut",
      step: "contain.seal",
      by: "protect.groups",
      reason: "m",
    };
    expect(decided(caseWith([started("cut"), lacks, enabled]), simple).said).toEqual(["plan protect.groups"]);
    const made = [
      started("cut"),
      lacks,
      enabled,
      planned("cut", "protect.groups", change("protect.groups/g")),
      ...whole("protect.groups/g"),
    ];
    expect(decided(caseWith(made), simple).said).toEqual(["plan contain.seal"]);
  });
});

describe("a stage that asks", () => {
  const asking = (onTimeout: string) =>
    playbook([{ ...cut, approval: { of: "responders", within: "15m", on_timeout: onTimeout } }, prove]);
  const by = asking("hold");
  const lines = (changes: readonly Change[]) =>
    approvalLines({
      playbook: "p",
      stage: by.stages[0] as Playbook["stages"][number],
      target: { account: "111122223333", region: "eu-west-1", instanceId: "i-0a" },
      changes,
    });
  const agreed = lines([seal1]);
  const asked: Happening = {
    type: "approval.asked",
    stage: "cut",
    hash: approvalHash(agreed),
    of: "responders",
    required: 1,
    deadline: new Date(START + 900_000).toISOString(),
    lines: agreed,
  };
  const begun: readonly At[] = [started("cut"), planned("cut", "contain.seal", seal1)];
  const waiting: readonly At[] = [...begun, asked];
  const answer = (decision: "approve" | "reject", at: number): At => [
    at,
    { type: "approval.decided", stage: "cut", hash: approvalHash(agreed), decision, reason: null },
    { kind: "person", id: "ann", channel: "cli" },
  ];
  const suspected = (happenings: readonly At[]): CaseState => caseWith(happenings, "suspected");

  test("plans everything, then asks", () => {
    expect(decided(suspected([]), by).said).toEqual(["stage.started cut", "plan contain.seal"]);
    expect(decided(suspected(begun), by)).toMatchObject({ said: ["approval.asked cut"], waitsForPeople: true });
  });
  test("asks nobody when the verdict suffices, or nothing would change", () => {
    expect(decided(caseWith(begun), by).said).toEqual(["run contain.seal/eni-1"]);
    expect(decided(suspected([started("cut"), planned("cut", "contain.seal")]), by).said).toEqual([
      "stage.ended cut nothing",
    ]);
  });
  test("waits until the deadline", () => {
    expect(decided(suspected(waiting), by, 899_999)).toMatchObject({
      said: [],
      wakeAt: START + 900_000,
      waitsForPeople: true,
    });
  });
  test.each(["proceed", "hold", "abort"])("at the deadline it notes what happens: %s", (then) => {
    expect(decided(suspected(waiting), asking(then), 900_000).said).toEqual([`approval.expired cut ${then}`]);
  });
  test.each<["proceed" | "hold" | "abort", readonly string[], boolean]>([
    ["proceed", ["plan contain.seal"], false],
    ["hold", [], true],
    ["abort", ["stage.ended cut rejected"], false],
  ])("after %s", (then, expected, waits) => {
    const state = suspected([...waiting, [900_000, { type: "approval.expired", stage: "cut", consequence: then }]]);
    expect(decided(state, asking(then), 900_000)).toMatchObject({ said: expected, waitsForPeople: waits });
  });
  test("held past its deadline, it still takes a decision", () => {
    const state = suspected([
      ...waiting,
      [900_000, { type: "approval.expired", stage: "cut", consequence: "hold" }],
      answer("approve", 950_000),
    ]);
    expect(decided(state, by, 950_000).said).toEqual(["plan contain.seal"]);
  });
  test("an approval makes the plan again before anything runs", () => {
    const state = suspected([...waiting, answer("approve", 1000)]);
    expect(decided(state, by, 1000).said).toEqual(["plan contain.seal"]);
    const replanned = suspected([...waiting, answer("approve", 1000), [1001, planned("cut", "contain.seal", seal1)]]);
    expect(decided(replanned, by, 1001).said).toEqual(["run contain.seal/eni-1"]);
  });
  test("a rejection ends the stage, and the case with it", () => {
    expect(decided(suspected([...waiting, answer("reject", 1000)]), by, 1000).said).toEqual([
      "stage.ended cut rejected",
    ]);
    expect(decided(suspected([...waiting, answer("reject", 1000), ended("cut", "rejected")]), by, 1000).said).toEqual([
      "case.settled failed",
    ]);
  });
  test("one more interface of the target voids nothing", () => {
    const more = [
      ...waiting,
      answer("approve", 1000),
      [1001, planned("cut", "contain.seal", seal1, change("contain.seal/eni-2", { ofTarget: true }))],
    ] as const;
    expect(decided(suspected(more), by, 1001).said).toEqual(["run contain.seal/eni-1", "run contain.seal/eni-2"]);
  });
  test("a change beyond what was agreed voids it, and it is asked again by the first deadline", () => {
    const foreign = change("contain.seal/eni-9", { blastRadius: { what: "others", resources: ["i-0b"] } });
    const more: readonly At[] = [
      ...waiting,
      answer("approve", 1000),
      [1001, planned("cut", "contain.seal", seal1, foreign)],
    ];
    expect(decided(suspected(more), by, 1001).said).toEqual(["approval.voided cut"]);
    const voided = suspected([
      ...more,
      [1002, { type: "approval.voided", stage: "cut", hash: approvalHash(agreed), differences: [] }],
    ]);
    const { acts } = decided(voided, by, 1003);
    expect(acts[0]?.verb === "note" && acts[0].body.type === "approval.asked" && acts[0].body.deadline).toBe(
      "2026-01-15T12:15:00.000Z",
    );
  });
});

describe("what is open comes first", () => {
  const window: Happening = {
    type: "change.progressed",
    change: "contain.convert/eni-1",
    verb: "run",
    progress: "open",
    due: new Date(START + 70_000).toISOString(),
    deadline: new Date(START + 300_000).toISOString(),
    requests: [],
  };
  const by = playbook([
    { id: "first", alongside: true, steps: ["protect.groups"] },
    { id: "convert", steps: ["contain.convert"] },
  ]);
  const open = [
    started("first"),
    started("convert"),
    planned("convert", "contain.convert", change("contain.convert/eni-1")),
    act("contain.convert/eni-1"),
    window,
  ];
  test("when it is due, and whatever the stages say", () => {
    expect(decided(caseWith(open), by, 70_000).said[0]).toBe("run contain.convert/eni-1");
    expect(decided(caseWith([...open, { type: "case.settled", status: "failed" }]), by, 3_600_000).said).toEqual([
      "run contain.convert/eni-1",
    ]);
  });
  test("before that it waits", () => {
    expect(decided(caseWith(open), by)).toMatchObject({ said: ["plan protect.groups"], wakeAt: START + 70_000 });
  });
});

describe("after the last stage", () => {
  const over = [started("cut"), ended("cut"), started("prove"), proved("prove", true), ended("prove")];
  test.each([
    [true, "contained"],
    ["partial", "partial"],
    [false, "failed"],
  ] as const)("contained %s settles the case as %s", (contained, status) => {
    const state = caseWith([
      started("cut"),
      ended("cut"),
      started("prove"),
      proved("prove", contained),
      ended("prove"),
    ]);
    expect(decided(state, simple).said).toEqual([`case.settled ${status}`]);
  });
  test("it is proved again every five minutes", () => {
    const state = caseWith([...over, { type: "case.settled", status: "contained" }]);
    expect(decided(state, simple, 299_999)).toMatchObject({ said: [], wakeAt: START + 300_000 });
    expect(decided(state, simple, 300_000).said).toEqual(["assess assess.proof"]);
    const again = caseWith([
      ...over,
      { type: "case.settled", status: "contained" },
      [300_000, proved(null, true, 300_000)],
    ]);
    expect(decided(again, simple, 300_000)).toMatchObject({ said: [], wakeAt: START + 600_000 });
  });
});

describe("release", () => {
  const by = playbook([cut, { id: "convert", steps: ["contain.convert"] }]);
  const upper = change("contain.convert/eni-1");
  const other = change("contain.seal/eni-2");
  const asked: Happening = { type: "release.asked", reason: null };
  const acted = [
    started("cut"),
    planned("cut", "contain.seal", seal1, other),
    ...whole(seal1.id),
    ...whole(other.id),
    started("convert"),
    planned("convert", "contain.convert", upper),
    ...whole(upper.id),
  ];
  const reverted = (id: string): Happening => ({ type: "change.reverted", change: id, requests: [] });
  const refused = (id: string): Happening => ({
    type: "change.revertRefused",
    change: id,
    code: "changed_since",
    message: "m",
    requests: [],
  });

  test.each<[string, readonly At[], readonly string[]]>([
    ["goes through the stages backwards", [], [`revert ${upper.id}`]],
    ["reverts the changes of a stage side by side", [reverted(upper.id)], [`revert ${seal1.id}`, `revert ${other.id}`]],
    ["ends when nothing is left", [upper, seal1, other].map(({ id }) => reverted(id)), ["release.ended released"]],
    ["a refusal stops what lies under it, and nothing else", [refused(upper.id)], [`revert ${other.id}`]],
    ["and is released in part", [refused(upper.id), reverted(other.id)], ["release.ended releasedInPart"]],
    [
      "what was refused is tried again when the release is asked for again",
      [refused(upper.id), reverted(other.id), { type: "release.ended", status: "releasedInPart" }, asked],
      [`revert ${upper.id}`],
    ],
    [
      "what somebody accepted lies on nothing any more",
      [refused(upper.id), { type: "change.accepted", change: upper.id }],
      [`revert ${seal1.id}`, `revert ${other.id}`],
    ],
  ])("%s", (_name, happenings, expected) => {
    expect(decided(caseWith([...acted, asked, ...happenings]), by).said).toEqual(expected);
  });

  test("on one resource in one stage the later change goes first", () => {
    const [lower, later] = [change("contain.seal/eni-1"), change("contain.deny/eni-1")];
    const both = playbook([{ id: "cut", steps: ["contain.seal", "contain.deny"] }]);
    const state = caseWith([
      started("cut"),
      planned("cut", "contain.seal", lower),
      planned("cut", "contain.deny", later),
      ...whole(lower.id),
      ...whole(later.id),
      asked,
    ]);
    expect(decided(state, both).said).toEqual(["revert contain.deny/eni-1"]);
  });

  test("what was only planned has nothing to revert; what failed is looked at", () => {
    const state = caseWith([
      started("cut"),
      planned("cut", "contain.seal", seal1, other),
      act(seal1.id),
      failed(seal1.id),
      asked,
    ]);
    expect(decided(state, by).said).toEqual([`revert ${seal1.id}`]);
  });

  test("what was done is reverted though a later plan has it again and nobody ran it, or has it no more", () => {
    const done = [started("cut"), planned("cut", "contain.seal", seal1, other), ...whole(seal1.id), ...whole(other.id)];
    const again = { ...seal1, before: ["sg-of-the-intruder"] };
    const replanned = caseWith([...done, planned("cut", "contain.seal", again), asked]);
    expect(decided(replanned, by).said).toEqual([`revert ${seal1.id}`, `revert ${other.id}`]);
    const twice = caseWith([
      ...done,
      planned("cut", "contain.seal", again),
      planned("cut", "contain.seal", again),
      planned("cut", "contain.seal"),
      asked,
    ]);
    expect(decided(twice, by).said).toEqual([`revert ${seal1.id}`, `revert ${other.id}`]);
    expect(twice.changes.get(seal1.id)?.change.before).toEqual(seal1.before);
  });
});

const joins: Happening = {
  type: "finding.joined",
  finding: { id: "f" } as never,
  verdict: "compromised",
  reason: "another",
};
const denyOnly = playbook([{ id: "deny", steps: ["contain.deny"] }]);
const denyPlan = (more: object): Happening => ({ ...planned("deny", "contain.deny"), ...more });

test("a finding that joins while a plan is made is planned for, though the plan was written after it", () => {
  const began = new Date(START).toISOString();
  const unseen = caseWith([started("deny"), joins, denyPlan({ seen: 2, began })]);
  expect(decided(unseen, denyOnly).said).toEqual(["plan contain.deny"]);
  const seen = caseWith([started("deny"), joins, denyPlan({ seen: 3, began })]);
  expect(decided(seen, denyOnly).said).toEqual(["stage.ended deny nothing"]);
  const late = caseWith([started("deny"), joins, denyPlan({ seen: 2, began }), ended("deny", "nothing")]);
  expect(decided(late, denyOnly).said).toContain("plan contain.deny");
});

test("an older journal says what a plan saw by where the plan stands", () => {
  expect(decided(caseWith([started("deny"), joins, denyPlan({})]), denyOnly).said).toEqual([
    "stage.ended deny nothing",
  ]);
  expect(decided(caseWith([started("deny"), denyPlan({}), joins]), denyOnly).said).toEqual(["plan contain.deny"]);
});
