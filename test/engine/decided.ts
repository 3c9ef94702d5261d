import { z } from "zod";
import { caseOf, type CaseState } from "../../src/core/case.ts";
import type { Change } from "../../src/core/change.ts";
import { type Actor, GENESIS, type Happening, seal } from "../../src/core/journal.ts";
import { type Playbook, playbookFile, playbookOf } from "../../src/core/playbook.ts";
import { type AnyStep, collected, defineAssessment, defineCollection, defineStep, done } from "../../src/core/step.ts";
import type { Act, Decision } from "../../src/engine/acts.ts";
import { decide } from "../../src/engine/decide.ts";
import { registryOf } from "../../src/engine/registry.ts";

export const START = 1_768_478_400_000;
const cordon: Actor = { kind: "cordon", id: "cordon", channel: "engine" };

type Head = Partial<Pick<AnyStep, "needs" | "enabledBy" | "follows">> & {
  plansUntilQuiet?: boolean;
  brackets?: boolean;
  waitsForPlansOf?: readonly string[];
};

export const step = (id: string, head: Head = {}): AnyStep =>
  defineStep({
    id,
    title: id,
    reversible: "exactly",
    settlesWithinMs: 1000,
    permissions: { target: {} },
    input: z.strictObject({}),
    change: { before: z.null(), after: z.null() },
    ...head,
    plan: async () => ({ changes: [], left: [] }),
    run: async () => done(),
    verify: async () => ({ kind: "ok", what: "", expected: null, observed: null }),
    revert: async () => done(),
  });

export const registry = registryOf([
  step("contain.seal", { enabledBy: "protect.groups", plansUntilQuiet: true }),
  step("protect.groups"),
  step("contain.deny", { follows: "findings" }),
  step("contain.profile", { waitsForPlansOf: ["contain.deny"] }),
  step("contain.convert", { needs: ["contain.seal"] }),
  step("preserve.profile", { brackets: true }),
  defineCollection({
    id: "preserve.picture",
    title: "Save a picture",
    settlesWithinMs: 1000,
    permissions: { target: {} },
    input: z.strictObject({}),
    item: z.null(),
    plan: async () => ({ items: [], left: [] }),
    collect: async () => collected(),
    verify: async () => ({ kind: "ok", what: "", expected: null, observed: null }),
  }),
  defineAssessment({
    id: "assess.logs",
    title: "Look into logs",
    permissions: { target: {} },
    input: z.strictObject({}),
    assess: async () => ({ checks: [], survivors: [], document: null }),
  }),
  defineAssessment({
    id: "assess.proof",
    title: "Prove",
    permissions: { target: {} },
    input: z.strictObject({}),
    assess: async () => ({ checks: [], survivors: [], document: null }),
  }),
]);

export function playbook(stages: readonly Record<string, unknown>[], autonomy = "confirmed"): Playbook {
  return playbookOf(playbookFile.parse({ id: "p", title: "P", autonomy, stages }));
}

export const change = (id: string, more: Partial<Change> = {}): Change => {
  const [phase, name, resource = ""] = id.split("/").flatMap((part, index) => (index === 0 ? part.split(".") : [part]));
  return { id, step: `${phase}.${name}`, resource, before: null, after: null, ...more };
};

export type At = Happening | readonly [number, Happening, Actor?];

/** A case folded from what happened, at milliseconds after its beginning (0 where none is given). */
export function caseWith(happenings: readonly At[], verdict: "compromised" | "suspected" = "compromised"): CaseState {
  const target = { account: "111122223333", region: "eu-west-1", instanceId: "i-0a" };
  const opened: Happening = {
    type: "case.opened",
    target,
    incident: "i",
    playbook: "p",
    verdict,
    reason: "r",
    orderedBy: null,
    nonce: "n",
    findings: [],
  };
  let [sequence, previous] = [0, GENESIS];
  const all: readonly At[] = [opened, ...happenings];
  return caseOf(
    all.flatMap((entry) => {
      const [at, body, actor = cordon] = "type" in entry ? [0, entry] : entry;
      const sealed = seal([{ actor, body }], { case: "c", sequence, previous, now: START + at });
      sequence += 1;
      previous = sealed[0]?.hash ?? "";
      return sealed;
    }),
  );
}

export const started = (stage: string, dueAfterMs: number | null = null): Happening => ({
  type: "stage.started",
  stage,
  ...(dueAfterMs === null ? {} : { due: new Date(START + dueAfterMs).toISOString() }),
});
export const ended = (stage: string, outcome: "done" | "failed" | "rejected" | "nothing" = "done"): Happening => ({
  type: "stage.ended",
  stage,
  outcome,
});
export const planned = (stage: string, of: string, ...changes: readonly Change[]): Happening => ({
  type: "step.planned",
  stage,
  step: of,
  changes,
  left: [],
  reversible: "exactly",
  requests: [],
});
export const act = (id: string, verb: "run" | "revert" = "run"): Happening => ({
  type: "act.started",
  change: id,
  verb,
  attempt: 1,
  owner: "o",
});
export const applied = (id: string): Happening => ({ type: "change.applied", change: id, outcome: null, requests: [] });
export const verified = (id: string): Happening => ({
  type: "change.verified",
  change: id,
  what: "",
  expected: null,
  observed: null,
  requests: [],
});
export const failed = (id: string): Happening => ({
  type: "change.failed",
  change: id,
  verb: "run",
  code: "aws_failed",
  message: "m",
  requests: [],
});
export const whole = (id: string): readonly Happening[] => [act(id), applied(id), verified(id)];
export const proved = (
  stage: string | null,
  contained: true | false | "partial",
  at = 0,
  step = "assess.proof",
): Happening => ({
  type: "assessment.made",
  stage,
  step,
  checks: [],
  survivors: [],
  contained,
  statement: "s",
  asOf: new Date(START + at).toISOString(),
  artifact: null,
  requests: [],
});

export function said(given: Act): string {
  switch (given.verb) {
    case "note":
      return [
        given.body.type,
        ...["stage", "outcome", "status", "consequence"].flatMap((name) =>
          Object.entries(given.body).flatMap(([key, value]) =>
            key === name && typeof value === "string" ? [value] : [],
          ),
        ),
      ].join(" ");
    case "plan":
    case "assess":
      return `${given.verb} ${given.use.use}`;
    case "anchor":
      return "anchor";
    default:
      return `${given.verb} ${given.change}`;
  }
}

/** What is done next; anchoring goes on beside everything else and has its own tests. */
export function decided(state: CaseState, by: Playbook, afterMs = 0): Decision & { readonly said: readonly string[] } {
  const decision = decide({ state, playbook: by, registry, now: START + afterMs });
  return { ...decision, said: decision.acts.map(said).filter((each) => each !== "anchor") };
}

export const seal1 = change("contain.seal/eni-1", { ofTarget: true });
export const cut = { id: "cut", steps: ["contain.seal"] };
export const prove = { id: "prove", steps: ["assess.proof"] };
export const simple = playbook([cut, prove]);
