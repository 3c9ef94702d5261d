import { describe, expect, test } from "vitest";
import { isOver } from "../../src/cli/desk.ts";
import type { CaseState } from "../../src/core/case.ts";
import type { Happening } from "../../src/core/journal.ts";
import { decide } from "../../src/engine/decide.ts";
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
  registry,
  seal1,
  simple,
  START,
  started,
  verified,
  whole,
} from "./decided.ts";

describe("what is to be saved", () => {
  const picture = change("preserve.picture/i-0a", { collects: true });
  const hold = { id: "hold", steps: ["preserve.picture"], alongside: true, on_failure: "continue" };
  const by = playbook([hold, cut, prove]);
  const asking = { of: "responders", required: 1, within: "15m", always: true };

  test("is saved beside the cut, which does not wait for it", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "preserve.picture", picture),
      started("cut"),
      planned("cut", "contain.seal", seal1),
    ]);
    expect(decided(state, by).said).toEqual([`run ${picture.id}`, `run ${seal1.id}`]);
  });

  test("is all there is to do where a playbook neither cuts nor proves: the case is closed, or has failed", () => {
    const saving = playbook([{ ...hold, alongside: false }]);
    const begun = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id)];
    const saved = [...begun, applied(picture.id), verified(picture.id), ended("hold")];
    expect(decided(caseWith(saved), saving).said).toEqual(["case.settled closed"]);
    const lost = [...begun, failed(picture.id), { ...ended("hold"), outcome: "failed" } as Happening];
    expect(decided(caseWith(lost), saving).said).toEqual(["case.settled failed"]);
  });

  test("a closed case is over, unless there is something to take back", () => {
    const closed: Happening = { type: "case.settled", status: "closed" };
    const saved = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id), applied(picture.id)];
    expect(isOver(caseWith([...saved, ended("hold"), closed]))).toBe(true);
    const groups = change("protect.groups/vpc-1");
    const changed = [started("hold"), planned("hold", "protect.groups", groups), act(groups.id), applied(groups.id)];
    expect(isOver(caseWith([...changed, ended("hold"), closed]))).toBe(false);
  });

  test("keeps the case from being settled until it is saved or has failed", () => {
    const rest = [started("cut"), ended("cut"), started("prove"), proved("prove", true), ended("prove")];
    const begun = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id)];
    expect(decided(caseWith([...begun, ...rest]), by).said).toEqual([`run ${picture.id}`]);
    expect(decided(caseWith([...begun, failed(picture.id), ...rest]), by).said).toEqual(["stage.ended hold failed"]);
  });

  test("is nothing that people are asked about, and waits with its stage all the same", () => {
    const both = playbook([{ id: "cut", steps: ["contain.seal", "preserve.picture"], approval: asking }]);
    const state = caseWith([
      started("cut"),
      planned("cut", "preserve.picture", picture),
      planned("cut", "contain.seal", seal1),
    ]);
    const decision = decided(state, both);
    expect(decision.said).toEqual(["approval.asked cut"]);
    expect(JSON.stringify(decision.acts)).not.toContain(picture.id);
  });

  test("stays when the case is released", () => {
    const state = caseWith([
      started("hold"),
      planned("hold", "preserve.picture", picture),
      ...whole(picture.id),
      { type: "release.asked", reason: null },
    ]);
    expect(decided(state, by).said).toEqual(["release.ended released"]);
  });

  test("is only planned where nothing but plans is wanted", () => {
    const state = caseWith([started("hold"), planned("hold", "preserve.picture", picture)]);
    const { acts } = decide({ state, playbook: playbook([hold]), registry, now: START, plansOnly: true });
    expect(acts).toEqual([]);
  });

  test("a call whose answer was lost is known to have been sent, a refused one is known not to count", () => {
    const begun = [started("hold"), planned("hold", "preserve.picture", picture), act(picture.id)];
    const postponed = (more: object): Happening => ({
      type: "act.postponed",
      subject: picture.id,
      verb: "run",
      code: "aws_failed",
      message: "m",
      until: new Date(START).toISOString(),
      requests: [],
      ...more,
    });
    const since = (happenings: readonly At[]): number | null | undefined =>
      caseWith(happenings).changes.get(picture.id)?.unansweredSince;
    expect(since([...begun, postponed({}), [50, act(picture.id)]])).toBeNull();
    expect(since([...begun, postponed({ lost: true }), [50, act(picture.id)]])).toBe(START);
    expect(since([...begun, [50, act(picture.id)]])).toBe(START); // The process died.
  });
});

describe("the journal's head", () => {
  const anchored = (sequence: number): Happening => ({ type: "journal.anchored", sequence, head: "h", location: "l" });
  const anchors = (state: CaseState, afterMs = 0): boolean =>
    decide({ state, playbook: simple, registry, now: START + afterMs }).acts.some(({ verb }) => verb === "anchor");

  test("goes to the vault when a stage ends, and once", () => {
    expect(anchors(caseWith([started("cut")]))).toBe(false);
    const over = [started("cut"), ended("cut")]; // Events 2 and 3.
    expect(anchors(caseWith(over))).toBe(true);
    expect(anchors(caseWith([...over, anchored(3)]))).toBe(false);
    expect(anchors(caseWith([...over, anchored(2)]))).toBe(true);
  });

  test("goes there after a release, when nothing else is left to do", () => {
    const released: readonly At[] = [
      { type: "release.asked", reason: null },
      { type: "release.ended", status: "released" },
    ];
    expect(anchors(caseWith(released))).toBe(true);
  });

  test("is tried again later when the vault refuses it", () => {
    const refused: Happening = {
      type: "act.postponed",
      subject: "journal",
      verb: "anchor",
      code: "vault_refused",
      message: "m",
      until: new Date(START + 500).toISOString(),
      requests: [],
    };
    const state = caseWith([started("cut"), ended("cut"), refused]);
    expect(anchors(state)).toBe(false);
    expect(anchors(state, 500)).toBe(true);
  });
});

describe("what stands around a stage", () => {
  const picture = change("preserve.picture/i-0a", { collects: true });
  const profile = change("preserve.profile/i-0a");
  const collect = { id: "collect", steps: ["preserve.picture"], around: "preserve.profile", within: "10m" };
  const by = playbook([{ ...collect, on_failure: "continue" }, cut]);
  const opened = (at = 0): Happening => ({
    type: "change.progressed",
    change: profile.id,
    verb: "run",
    progress: { open: true },
    due: new Date(START + at + 600_000).toISOString(),
    deadline: new Date(START + at + 3_600_000).toISOString(),
    requests: [],
  });
  const open = [started("collect"), planned("collect", "preserve.profile", profile), act(profile.id), opened()];
  const begun = [...open, planned("collect", "preserve.picture", picture), act(picture.id)];

  test.each<[string, readonly At[], number, readonly string[]]>([
    ["is planned before the stage's steps", [started("collect")], 0, ["plan preserve.profile"]],
    ["is done before they are planned", open.slice(0, 2), 0, [`run ${profile.id}`]],
    ["is there while they run", open, 0, ["plan preserve.picture"]],
    ["is taken back when they ended", [...begun, applied(picture.id), verified(picture.id)], 0, [`run ${profile.id}`]],
    ["is taken back when they failed", [...begun, failed(picture.id)], 0, [`run ${profile.id}`]],
    [
      "is looked at when it was taken back",
      [...begun, failed(picture.id), applied(profile.id)],
      0,
      [`verify ${profile.id}`],
    ],
    [
      "ends its stage when it was seen to be gone",
      [...begun, failed(picture.id), applied(profile.id), verified(profile.id)],
      0,
      ["stage.ended collect failed"],
    ],
    [
      "is taken back first of all when it is due, whatever else goes on",
      begun,
      600_000,
      [`run ${profile.id}`, "change.failed"],
    ],
    [
      "and what is not saved when the stage's time is over has failed",
      begun,
      600_000,
      [`run ${profile.id}`, "change.failed"],
    ],
    [
      "keeps nothing from being tried when it could not be done: why it failed is evidence too",
      [started("collect"), planned("collect", "preserve.profile", profile), act(profile.id), failed(profile.id)],
      0,
      ["plan preserve.picture"],
    ],
  ])("%s", (_name, happenings, afterMs, expected) => {
    expect(decided(caseWith(happenings), by, afterMs).said).toEqual(expected);
  });

  test("a bounded stage ends in its time though nothing of it answered", () => {
    const bounded = playbook([{ id: "hold", steps: ["preserve.picture"], within: "2m", on_failure: "continue" }, cut]);
    const state = caseWith([started("hold")]);
    expect(decided(state, bounded).wakeAt).toBe(START + 120_000);
    expect(decided(state, bounded, 120_000).said).toEqual(["step.failed hold"]);
  });
});
