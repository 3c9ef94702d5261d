import { type CaseState, statusOf } from "../../core/case.ts";
import type { JournalEvent, JournalVerdict } from "../../core/journal.ts";
import type { Json } from "../../core/json.ts";
import { differences } from "../../range/snapshot-difference.ts";
import { breaches, isDeclared, QUIET_MS, terminated } from "./observation.ts";
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
    readonly kind: "attacker" | "bystander";
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
  /** The case at the end of the observation, before a release. */
  readonly contained: CaseState | null;
  readonly state: CaseState | null;
  readonly attackers: readonly {
    readonly name: string;
    readonly kind: "attacker" | "bystander";
    readonly successes: readonly number[];
  }[];
  readonly afterRelease: DrillReport["afterRelease"];
  readonly before: Json;
  readonly after: Json | null;
  readonly events: readonly JournalEvent[];
  readonly journal: JournalVerdict;
}

/** The step whose changes are the isolation. */
const SEAL = "contain.security-groups";

export function describeDrill(observed: Observed): DrillReport {
  const { rehearsal, contained, receivedAt, observedUntil } = observed;
  const broken = contained ? breaches(contained, rehearsal.range.attackers(), observedUntil) : [];
  const scored = {
    ...documentOf(observed),
    isBreached: broken.length > 0,
    isTerminated: terminated(rehearsal.range).length > 0,
  };
  const { isBreached: _breached, isTerminated: _terminated, ...document } = scored;
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
    events: observed.events,
    receivedAt,
  };
}

function documentOf(observed: Observed): Omit<DrillResult, "score"> {
  const { rehearsal, receivedAt, observedUntil, contained, state, attackers } = observed;
  const { range, options } = rehearsal;
  const latest = contained?.assessments.at(-1);
  return {
    scenario: options.scenario,
    seed: options.seed,
    case: state?.id ?? null,
    playbook: state?.playbook ?? null,
    status: state ? statusOf(state) : "ignored",
    contained: latest?.contained ?? false,
    asOf: latest ? new Date(latest.asOf).toISOString() : null,
    ...isolationOf(observed),
    attackers: attackers
      .filter(({ kind }) => kind === "attacker")
      .map(({ name, successes }) => {
        const last = successes.at(-1) ?? null;
        return {
          name,
          cut: last === null || last < observedUntil - QUIET_MS,
          lastSuccessMs: last === null ? null : last - receivedAt,
        };
      }),
    survivors: (latest?.survivors ?? []).map(({ what, certainty, why, lever, blastRadius }) => ({
      what,
      certainty,
      why,
      lever,
      blastRadius,
    })),
    checks: [
      ...(latest?.checks ?? []).map(({ what, ok, expected, observed: seen }) => ({
        what,
        ok,
        expected,
        observed: seen,
      })),
      ...bystanders(observed),
    ],
    changes: changesOf(state),
    left: [...(state?.steps.values() ?? [])].flatMap(({ step, left }) =>
      left.map(({ resource, reason }) => ({ step, resource, reason })),
    ),
    evidence: (state?.artifacts ?? []).map(({ id, kind, location, sha256 }) => ({ id, kind, location, sha256 })),
    released: releasedOf(observed),
    journal: journalOf(observed),
    awsCalls: {
      total: range.calls.length,
      byOperation: countBy(range.calls.map(({ service, operation }) => `${service}:${operation}`)),
    },
  };
}

function isolationOf({
  rehearsal,
  receivedAt,
  events,
}: Observed): Pick<DrillResult, "timeToIsolationMs" | "roundTripsToIsolation"> {
  const sealed = events.filter(({ body }) => body.type === "change.applied" && body.change.startsWith(`${SEAL}/`));
  const last = sealed.at(-1);
  if (!last) return { timeToIsolationMs: null, roundTripsToIsolation: 0 };
  const isolatedAt = Date.parse(last.time);
  const onPath = rehearsal.calls.filter(
    ({ act, service, endedAt }) =>
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
        what: `${name} keeps working`,
        ok,
        expected: "gets through until the end",
        observed: ok ? "gets through until the end" : "was cut off",
      };
    });
}

function changesOf(state: CaseState | null): DrillResult["changes"] {
  return [...(state?.changes.values() ?? [])]
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

function releasedOf({ rehearsal, state, before, after }: Observed): DrillResult["released"] {
  if (!state || after === null) return null;
  const found = differences(before, after).map(({ what }) => ({
    what,
    declared: isDeclared(what, state, rehearsal.range),
  }));
  return { ok: state.release?.ended === "released" && found.every(({ declared }) => declared), differences: found };
}

function journalOf({ journal, events }: Observed): DrillResult["journal"] {
  return { events: events.length, head: events.at(-1)?.hash ?? "", verified: journal.ok };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of [...names].sort()) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}
