import { type CaseState, statusOf } from "../../core/case.ts";
import type { CheckCode } from "../../core/check-catalogue.ts";
import type { JournalEvent, JournalVerdict } from "../../core/journal.ts";
import { type Json, sha256 } from "../../core/json.ts";
import { SEAL } from "../../core/seal.ts";
import type { ActorKind } from "../../range/attackers/attacker.ts";
import { differences } from "../../range/snapshot-difference.ts";
import { type JointAnswer, jointAnswer } from "./joint-answer.ts";
import { breaches, isDeclared, isPartialAvoidably, lostEvidence, QUIET_MS, terminated } from "./observation.ts";
import { longestChain } from "./path.ts";
import type { DrillResult } from "./result.ts";
import type { Rehearsal } from "./rehearsal.ts";
import { type Deduction, deductions, scoreOf } from "./score.ts";

/** A drill's document, and what a person is told beside it. */
export interface DrillReport {
  readonly result: DrillResult;
  readonly deductions: readonly Deduction[];
  readonly breaches: readonly { readonly name: string; readonly at: number }[];
  /** When attackers got through, in simulated milliseconds after the receipt. */
  readonly successes: readonly {
    readonly name: string;
    readonly kind: ActorKind;
    readonly atMs: readonly number[];
  }[];
  /** How often each attacker got through from the release to two minutes after it. */
  readonly afterRelease: readonly { readonly name: string; readonly times: number }[];
  readonly events: readonly JournalEvent[];
  readonly receivedAt: number;
}

interface Observed {
  readonly rehearsal: Rehearsal;
  readonly receivedAt: number;
  readonly observedUntil: number;
  readonly cases: readonly DrilledCase[];
  readonly attackers: readonly {
    readonly name: string;
    readonly kind: ActorKind;
    readonly successes: readonly number[];
  }[];
  readonly afterRelease: DrillReport["afterRelease"];
  readonly before: Json;
  readonly after: Json | null;
}

/** One case of a drill. */
interface DrilledCase {
  /** At the end of the observation, before a release. */
  readonly contained: CaseState;
  /** At the end of the drill. */
  readonly state: CaseState;
  readonly events: readonly JournalEvent[];
  readonly journal: JournalVerdict;
}

export function describeDrill(observed: Observed): DrillReport {
  const { rehearsal, cases, receivedAt, observedUntil } = observed;
  const contained = cases.map((each) => each.contained);
  const broken = breaches(contained, rehearsal.range.attackers(), observedUntil);
  const scored = {
    ...documentOf(observed),
    isBreached: broken.length > 0,
    isTerminated: terminated(rehearsal.range).length > 0,
    lostEvidence: lostEvidence(contained, rehearsal.range).length,
    isPartialAvoidably: contained.some((state) => isPartialAvoidably(state, rehearsal.options.playbooks)),
  };
  const {
    isBreached: _breached,
    isTerminated: _terminated,
    lostEvidence: _lost,
    isPartialAvoidably: _avoidably,
    ...document
  } = scored;
  return {
    result: { ...document, score: scoreOf(scored) },
    deductions: deductions(scored),
    breaches: broken,
    successes: observed.attackers.map(({ name, kind, successes }) => ({
      name,
      kind,
      atMs: successes.map((at) => at - receivedAt),
    })),
    afterRelease: observed.afterRelease,
    events: cases
      .flatMap(({ events }) => events)
      .toSorted((one, other) => (one.time < other.time ? -1 : one.time > other.time ? 1 : 0)),
    receivedAt,
  };
}

function documentOf(observed: Observed): Omit<DrillResult, "score"> {
  const { rehearsal, receivedAt, observedUntil, cases, attackers } = observed;
  const { range, options } = rehearsal;
  const states = cases.map(({ state }) => state);
  const latest = cases.flatMap(({ contained }) => contained.assessments.at(-1) ?? []);
  return {
    scenario: options.scenario,
    seed: options.seed,
    ...caseOf(observed),
    ...isolationOf(observed),
    attackers: attackers
      .filter(({ kind }) => kind === "attacker")
      .map((each) => attackerOf(each, { receivedAt, observedUntil })),
    survivors: latest
      .flatMap(({ survivors }) => survivors)
      .map(({ code, what, certainty, why, lever, blastRadius }) => ({
        code,
        what,
        certainty,
        why,
        lever,
        blastRadius,
      })),
    checks: [
      ...latest
        .flatMap(({ checks }) => checks)
        .map(({ kind, code, what, ok, expected, observed: seen }) => ({
          kind,
          code,
          what,
          ok,
          expected,
          observed: seen,
        })),
      ...bystanders(observed),
    ],
    changes: states.flatMap(changesOf),
    left: states
      .flatMap(({ steps }) => [...steps.values()])
      .flatMap(({ step, left }) => left.map(({ resource, reason }) => ({ step, resource, reason }))),
    evidence: states
      .flatMap(({ artifacts }) => artifacts)
      .map(({ id, kind, location, sha256 }) => ({ id, kind, location, sha256 })),
    released: releasedOf(observed),
    journal: journalOf(observed),
    awsCalls: {
      total: range.calls.length,
      byOperation: countBy(range.calls.map(({ service, operation }) => `${service}:${operation}`)),
    },
  };
}

/** The cases, and how they stand together. */
function caseOf({ cases }: Observed): Pick<DrillResult, "case" | "cases" | "playbook" | "status" | keyof JointAnswer> {
  const states = cases.map(({ state }) => state);
  const [first] = states;
  return {
    case: first?.id ?? null,
    cases: cases.map(({ contained, state }) => ({
      id: state.id,
      incident: state.incident,
      instance: state.target.instanceId,
      status: statusOf(state),
      contained: contained.assessments.at(-1)?.contained ?? false,
    })),
    playbook: first?.playbook ?? null,
    status: first ? worstStatus(states) : "ignored",
    ...jointAnswer(cases.map(({ contained }) => contained)),
  };
}

function attackerOf(
  { name, successes }: Observed["attackers"][number],
  { receivedAt, observedUntil }: Pick<Observed, "receivedAt" | "observedUntil">,
): DrillResult["attackers"][number] {
  const last = successes.at(-1) ?? null;
  return {
    name,
    cut: last === null || last < observedUntil - QUIET_MS,
    lastSuccessMs: last === null ? null : last - receivedAt,
  };
}

/** From bad to good. */
const STATUSES = ["failed", "open", "waiting", "releasedInPart", "partial", "sealed", "contained", "released"] as const;

function worstStatus(states: readonly CaseState[]): string {
  const all = states.map(statusOf);
  return STATUSES.find((status) => all.includes(status)) ?? all[0] ?? "ignored";
}

/** Of several instances the one that was sealed last. */
function isolationOf(observed: Observed): Pick<DrillResult, "timeToIsolationMs" | "roundTripsToIsolation"> {
  const each = observed.cases.map((one) => isolationOfCase(observed, one));
  const times = each.map(({ timeToIsolationMs }) => timeToIsolationMs);
  return {
    timeToIsolationMs: times.length === 0 || times.includes(null) ? null : Math.max(...times.map(Number)),
    roundTripsToIsolation: Math.max(0, ...each.map(({ roundTripsToIsolation }) => roundTripsToIsolation)),
  };
}

function isolationOfCase(
  { rehearsal, receivedAt }: Observed,
  { state, events }: DrilledCase,
): Pick<DrillResult, "timeToIsolationMs" | "roundTripsToIsolation"> {
  const sealed = events.filter(({ body }) => body.type === "change.applied" && body.change.startsWith(`${SEAL}/`));
  const last = sealed.at(-1);
  if (!last) return { timeToIsolationMs: null, roundTripsToIsolation: 0 };
  const isolatedAt = Date.parse(last.time);
  const onPath = rehearsal.calls.filter(
    ({ case: of, act, service, endedAt }) =>
      of === state.id &&
      service !== "sts" &&
      endedAt <= isolatedAt &&
      (act.includes(SEAL) || act.includes("protect.prepared-groups")) &&
      !act.startsWith("verify"),
  );
  return { timeToIsolationMs: isolatedAt - receivedAt, roundTripsToIsolation: longestChain(onPath) };
}

/** Whoever must keep working is checked like everything else. */
function bystanders({ attackers, observedUntil }: Observed): DrillResult["checks"] {
  return attackers
    .filter(({ kind }) => kind === "bystander")
    .map(({ name, successes }) => {
      const last = successes.at(-1);
      const ok = last !== undefined && last >= observedUntil - QUIET_MS;
      return {
        kind: "bystander",
        code: "drill.bystander" satisfies CheckCode,
        what: `${name} keeps working`,
        ok,
        expected: "gets through until the end",
        observed: ok ? "gets through until the end" : "was cut off",
      };
    });
}

function changesOf(state: CaseState): DrillResult["changes"] {
  return [...state.changes.values()]
    .filter((record) => record.state !== "dropped" && record.change.collects !== true)
    .map(({ change, state: at, reversible }) => ({
      id: change.id,
      step: change.step,
      resource: change.resource,
      attribute: change.attribute ?? null,
      before: change.before as DrillResult["changes"][number]["before"],
      after: change.after as DrillResult["changes"][number]["after"],
      state: at,
      reversible,
    }));
}

function releasedOf({ rehearsal, cases, before, after }: Observed): DrillResult["released"] {
  if (after === null) return null;
  const states = cases.map(({ state }) => state);
  const found = differences(before, after).map(({ what }) => ({
    what,
    declared: isDeclared(what, states, rehearsal.range),
  }));
  return {
    ok: states.every(({ release }) => release?.ended === "released") && found.every(({ declared }) => declared),
    differences: found,
  };
}

/** The heads of several journals as one hash of theirs. */
function journalOf({ cases }: Observed): DrillResult["journal"] {
  const heads = cases.map(({ events }) => events.at(-1)?.hash ?? "");
  return {
    events: cases.reduce((sum, { events }) => sum + events.length, 0),
    head: heads.length > 1 ? sha256(heads.join("\n")) : (heads[0] ?? ""),
    verified: cases.every(({ journal }) => journal.ok),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
