import { describe, expect, it } from "vitest";
import type { Actor, Happening } from "../../src/core/journal.ts";
import { mayContainAlone } from "../../src/engine/ask.ts";
import { whyNot } from "../../src/runners/decisions.ts";
import {
  act,
  type At,
  applied,
  caseWith,
  decided,
  planned,
  playbook,
  seal1,
  simple,
  START,
  started,
} from "./decided.ts";

const person = (id: string): Actor => ({ kind: "person", id, channel: "cli" });
const asked = (more: Partial<Extract<Happening, { type: "approval.asked" }>> = {}): Happening => ({
  type: "approval.asked",
  stage: "cut",
  hash: "h",
  of: "responders",
  required: 1,
  deadline: new Date(START + 60_000).toISOString(),
  lines: [],
  ...more,
});
const said = (id: string, decision: "approve" | "reject" = "approve", hash = "h", at = 1000): At => [
  at,
  { type: "approval.decided", stage: "cut", hash, decision, reason: null },
  person(id),
];
const opened = (orderedBy: string | null, by = "cordon"): readonly [number, Happening, Actor] => [
  0,
  {
    type: "case.opened",
    target: { account: "111122223333", region: "eu-west-1", instanceId: "i-0a" },
    incident: "i",
    playbook: "p",
    verdict: "compromised",
    reason: "r",
    orderedBy,
    nonce: "n",
    findings: [],
  },
  person(by),
];

interface Row {
  readonly title: string;
  readonly happened: readonly At[];
  readonly decision?: "approve" | "reject";
  readonly now?: number;
  readonly why: string | null;
}

const rows: readonly Row[] = [
  { title: "an approver", happened: [asked()], why: null },
  {
    title: "somebody who is not in the list",
    happened: [asked({ of: "managers" })],
    why: "not in the list managers (grace)",
  },
  {
    title: "a list that is not there",
    happened: [asked({ of: "nobody" })],
    why: "not in the list nobody (which is empty)",
  },
  {
    title: "a list named like a member of every object",
    happened: [asked({ of: "constructor" })],
    why: "not in the list constructor (which is empty)",
  },
  {
    title: "a no of somebody who is not in the list",
    happened: [asked({ of: "managers" })],
    decision: "reject",
    why: "not in the list managers (grace)",
  },
  {
    title: "a second yes of one person",
    happened: [asked({ required: 2 }), said("ada")],
    why: "approved it already: another person must",
  },
  { title: "a no after one's own yes", happened: [asked({ required: 2 }), said("ada")], decision: "reject", why: null },
  { title: "a second person", happened: [asked({ required: 2 }), said("grace")], why: null },
  {
    title: "the person whose order it was, alone",
    happened: [opened("ada"), asked()],
    why: "opened the case, and cannot be its only approver",
  },
  {
    title: "the person who opened it, alone",
    happened: [opened(null, "ada"), asked()],
    why: "opened the case, and cannot be its only approver",
  },
  { title: "the opener beside another", happened: [opened("ada"), asked({ required: 2 })], why: null },
  { title: "a no of the opener", happened: [opened("ada"), asked()], decision: "reject", why: null },
  { title: "what was approved", happened: [asked(), said("grace")], why: "it is not pending: it is approved" },
  {
    title: "what was rejected",
    happened: [asked(), said("grace", "reject")],
    why: "it is not pending: it is rejected",
  },
  {
    title: "a case that is being released",
    happened: [asked(), { type: "release.asked", reason: null }],
    why: "the case is being released, or was",
  },
  {
    title: "a yes at a deadline that aborts",
    happened: [asked({ onTimeout: "abort" })],
    now: 60_000,
    why: "the deadline was 2026-01-15T12:01:00.000Z, and the playbook aborts then",
  },
  { title: "a yes just before it", happened: [asked({ onTimeout: "abort" })], now: 59_999, why: null },
  { title: "a yes after a deadline that holds", happened: [asked({ onTimeout: "hold" })], now: 90_000, why: null },
];

describe("who may decide", () => {
  it.each(rows)("$title", ({ happened, decision = "approve", now, why }) => {
    const state = caseWith(happened);
    const approval = state.approvals.get("cut");
    if (!approval) throw new Error("nothing was asked");
    const wish = { by: person("ada"), decision, ...(now === undefined ? {} : { now: START + now }) };
    expect(whyNot(state, approval, wish, { responders: ["ada", "grace"], managers: ["grace"] })).toBe(why);
  });
});

describe("what decisions come to", () => {
  const counted: readonly (readonly [string, readonly At[], string, readonly string[]])[] = [
    ["one yes of one", [asked(), said("ada")], "approved", ["ada"]],
    ["one yes of two", [asked({ required: 2 }), said("ada")], "pending", ["ada"]],
    ["one person twice", [asked({ required: 2 }), said("ada"), said("ada")], "pending", ["ada"]],
    ["two people", [asked({ required: 2 }), said("ada"), said("grace")], "approved", ["ada", "grace"]],
    ["another hash", [asked(), said("ada", "approve", "other")], "pending", []],
    ["a no after the yes", [asked(), said("ada"), said("grace", "reject")], "approved", ["ada"]],
    ["a yes after the no", [asked(), said("ada", "reject"), said("grace")], "rejected", []],
    [
      "a yes at a deadline that aborts",
      [asked({ onTimeout: "abort" }), said("ada", "approve", "h", 60_000)],
      "pending",
      [],
    ],
    [
      "a yes after a deadline that holds",
      [asked({ onTimeout: "hold" }), said("ada", "approve", "h", 90_000)],
      "approved",
      ["ada"],
    ],
  ];
  it.each(counted)("%s", (_, happened, state, approvedBy) => {
    expect(caseWith(happened).approvals.get("cut")).toMatchObject({ state, approvedBy });
  });
});

describe("whether a case may be contained though no person says so", () => {
  const approval = (onTimeout: string): object => ({ of: "responders", within: "30m", on_timeout: onTimeout });
  const stage = (id: string, onTimeout: string | null, step = "contain.seal"): Record<string, unknown> => ({
    id,
    steps: [step],
    ...(onTimeout === null ? {} : { approval: approval(onTimeout) }),
  });
  const playbooks: readonly (readonly [
    string,
    readonly Record<string, unknown>[],
    string,
    "compromised" | "suspected",
    boolean,
  ])[] = [
    ["asked, and silence holds", [stage("cut", "hold")], "ask", "compromised", false],
    ["asked, and silence proceeds", [stage("cut", "proceed")], "ask", "compromised", true],
    ["asked, and silence aborts", [stage("cut", "abort")], "ask", "compromised", false],
    ["nobody is asked", [stage("cut", null)], "ask", "compromised", true],
    ["one of two stages asks", [stage("cut", "hold"), stage("deny", null, "contain.deny")], "ask", "compromised", true],
    [
      "what nobody is asked about contains nothing",
      [stage("cut", "hold"), stage("save", null, "preserve.picture")],
      "ask",
      "compromised",
      false,
    ],
    ["autonomy suspected, suspected", [stage("cut", "hold")], "suspected", "suspected", true],
    ["autonomy confirmed, suspected", [stage("cut", "hold")], "confirmed", "suspected", false],
    ["autonomy confirmed, compromised", [stage("cut", "hold")], "confirmed", "compromised", true],
  ];
  it.each(playbooks)("%s", (_, stages, autonomy, verdict, alone) => {
    expect(mayContainAlone({ verdict, orderedBy: null, mustAsk: null }, playbook(stages, autonomy))).toBe(alone);
  });

  it("autonomy suspected asks below suspected", () => {
    const asking = playbook([stage("cut", "hold")], "suspected");
    expect(mayContainAlone({ verdict: "exposure", orderedBy: null, mustAsk: null }, asking)).toBe(false);
  });
});

it("a revert that asked to be called again waits until it is due", () => {
  const later: Happening = {
    type: "change.progressed",
    change: "contain.seal/eni-1",
    verb: "revert",
    progress: null,
    due: new Date(START + 5000).toISOString(),
    deadline: new Date(START + 60_000).toISOString(),
    requests: [],
  };
  const state = caseWith([
    started("cut"),
    planned("cut", "contain.seal", seal1),
    act("contain.seal/eni-1"),
    applied("contain.seal/eni-1"),
    { type: "release.asked", reason: null },
    act("contain.seal/eni-1", "revert"),
    later,
  ]);
  expect(decided(state, simple, 4999)).toMatchObject({ said: [], wakeAt: START + 5000 });
  expect(decided(state, simple, 5000).said).toEqual(["revert contain.seal/eni-1"]);
});
