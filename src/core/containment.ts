import type { CheckCode } from "./check-catalogue.ts";
import { EMPTY_LEDGER, type Ledger, type WayScope } from "./ledger.ts";
import { statementOf } from "./statement.ts";
import { besideTrue, type SurvivorCode } from "./survivor-catalogue.ts";

/** Something that was looked at to decide whether the instance is cut off. */
export interface Check {
  /**
   * `sealed` and `cut` checks decide; `credentials` decide too; the others inform. `record` checks say what logs show or that
   * there are none: what follows from it stands among the survivors.
   */
  readonly kind: "sealed" | "cut" | "credentials" | "information" | "record";
  /** Older journals leave it out. */
  readonly code: CheckCode;
  readonly what: string;
  /** What a sentence says of it if it is not ok, for example `eni-1 is open (its groups are sg-1)`. */
  readonly otherwise?: string;
  readonly ok: boolean;
  readonly expected: string;
  readonly observed: string;
}

/**
 * How sure we are that a way out is still open.
 *
 * - `indicated`: a finding or a flow log names that address, port or channel.
 * - `possible`: groups, NACLs and routes allowed it before the cut, it can outlive the swap, and nothing proves it gone.
 * - `due`: the same, and evidence that may close it comes within the hour.
 * - `unfiltered`: it may remain beside `true` and is named: nothing in AWS's network filters it (resolver, metadata, time).
 */
export type Certainty = "indicated" | "possible" | "due" | "unfiltered";

/** A flow or credential that may outlive the cut. */
export interface Survivor {
  readonly code: SurvivorCode;
  /** Names the way in every proof of the case. Older journals leave it out, and the scope. */
  readonly way?: string;
  readonly scope?: WayScope;
  /** When the evidence that may close it is due, in milliseconds since 1970. Only with the certainty `due`. */
  readonly dueAt?: number;
  /** The evidence that is due, as a noun phrase, for example `rules since 20 Nov`. */
  readonly awaits?: string;
  readonly what: string;
  readonly kind: "tcp" | "udp" | "icmp" | "other" | "resolver" | "metadata" | "time" | "credentials";
  readonly certainty: Certainty;
  readonly why: string;
  /** What would end it, and whom that would hit besides. */
  readonly lever: string;
  readonly blastRadius: string;
}

/**
 * The four answers. `false`: an interface is not sealed, a step of the cut failed, or something is open again. `partial`:
 * sealed, but a way is open or cannot be excluded. `sealed`: only evidence that is due within the hour is missing. `true`:
 * a ground closes every way.
 */
export type Contained = true | "sealed" | "partial" | false;

export interface Containment {
  readonly contained: Contained;
  /** Why it is `partial`: a way is seen or named by a finding, or cannot be excluded. */
  readonly because: "open" | "unproven" | null;
  /** With `sealed`: when the missing evidence is due, in milliseconds since 1970. */
  readonly dueAt: number | null;
  /** One sentence for people, naming what is not excluded. */
  readonly statement: string;
}

/** Evidence that is due later than this does not keep an answer at `sealed`. */
const DUE_WITHIN_MS = 3_600_000;

/** What the checks and survivors of a proof come to. */
export interface Weighed {
  readonly sealed: readonly Check[];
  /** Interfaces that are not sealed, and steps of the cut that failed. */
  readonly broken: readonly Check[];
  /** Ways that are seen or named by a finding, and credentials that are not denied. */
  readonly open: readonly (Check | Survivor)[];
  /** Ways that cannot be excluded, and that nothing due within the hour closes. */
  readonly unproven: readonly Survivor[];
  readonly due: readonly Survivor[];
  /** What may stand beside `true`. */
  readonly beside: readonly Survivor[];
}

/** Sorts checks and survivors by what they mean for the answer. Each survivor is in exactly one list. */
export function weigh(checks: readonly Check[], survivors: readonly Survivor[], asOf: number): Weighed {
  const standing = survivors.map((survivor) => ({ survivor, as: standingOf(survivor, asOf) }));
  const those = (as: Standing): readonly Survivor[] =>
    standing.flatMap((each) => (each.as === as ? [each.survivor] : []));
  const denied = checks.filter(({ kind, ok }) => kind === "credentials" && !ok);
  const named = new Set(denied.map(({ what }) => what)); // A role's failed check and its survivor are one way.
  return {
    sealed: checks.filter(({ kind }) => kind === "sealed"),
    broken: checks.filter(({ kind, ok }) => !ok && (kind === "sealed" || kind === "cut")),
    open: [...those("open"), ...denied],
    unproven: those("unproven").filter(({ what }) => !named.has(what)),
    due: those("due"),
    beside: those("beside"),
  };
}

type Standing = "open" | "unproven" | "due" | "beside";

function standingOf({ code, kind, certainty, dueAt }: Survivor, asOf: number): Standing {
  switch (certainty) {
    case "indicated":
      return "open";
    case "possible":
      return "unproven";
    case "due":
      return dueAt === undefined || dueAt - asOf > DUE_WITHIN_MS ? "unproven" : "due";
    case "unfiltered":
      return besideTrue(code, kind) ? "beside" : "unproven";
    default:
      return certainty satisfies never;
  }
}

/**
 * Whether the instance is cut off, from what was read back. Never from what was sent.
 *
 * `false`: an interface is not verified sealed, or a step of the cut failed.
 * `partial`: sealed, but a way is indicated or cannot be excluded, whatever its protocol, or credentials are not denied.
 * `sealed`: the same, and all that is missing is due within the hour.
 * `true`: a ground closes every way; the statement names what may remain beside it.
 */
export function containment(
  checks: readonly Check[],
  survivors: readonly Survivor[],
  asOf: number,
  ledger: Ledger = EMPTY_LEDGER,
): Containment {
  const weighed = weigh(checks, survivors, asOf);
  const answer = answerOf(weighed, asOf);
  return { ...answer, statement: statementOf(answer, weighed, { asOf, ledger }) };
}

function answerOf({ sealed, broken, open, unproven, due }: Weighed, asOf: number): Omit<Containment, "statement"> {
  if (sealed.length === 0 || broken.length > 0) return { contained: false, because: null, dueAt: null };
  if (open.length > 0) return { contained: "partial", because: "open", dueAt: null };
  if (unproven.length > 0) return { contained: "partial", because: "unproven", dueAt: null };
  if (due.length > 0)
    return { contained: "sealed", because: null, dueAt: Math.max(...due.map((each) => each.dueAt ?? asOf)) };
  return { contained: true, because: null, dueAt: null };
}
