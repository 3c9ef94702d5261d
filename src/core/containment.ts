import type { WayScope } from "./ledger.ts";
import type { SurvivorCode } from "./survivor-catalogue.ts";

/** Something that was looked at to decide whether the instance is cut off. */
export interface Check {
  /**
   * `sealed` and `cut` checks decide; `credentials` decide too; the others inform. `record` checks say what logs show or that
   * there are none: what follows from it stands among the survivors.
   */
  readonly kind: "sealed" | "cut" | "credentials" | "information" | "record";
  readonly what: string;
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

/**
 * Whether the instance is cut off, from what was read back. Never from what was sent.
 *
 * `false`: an interface is not verified sealed, or a step of the cut failed.
 * `partial`: sealed, but a survivor is indicated, or possible over TCP or UDP, or credentials are live.
 * `sealed`: the same, and all that is missing is due within the hour.
 * `true`: otherwise; what is unfiltered, or merely possible over ICMP, is in the statement.
 */
export function containment(checks: readonly Check[], survivors: readonly Survivor[], asOf: number): Containment {
  const time = clock(asOf);
  const none = { because: null, dueAt: null };
  const sealed = checks.filter(({ kind }) => kind === "sealed");
  const broken = checks.filter(({ kind, ok }) => !ok && (kind === "sealed" || kind === "cut"));
  if (sealed.length === 0)
    return { contained: false, ...none, statement: `not contained as of ${time}: no interface was verified sealed` };
  if (broken.length > 0) {
    const names = broken.map(({ what }) => what).join(", ");
    return { contained: false, ...none, statement: `not contained as of ${time}: ${names}` };
  }
  const open = survivors.filter(({ certainty }) => certainty === "indicated");
  const unproven = survivors.filter((each) => isUnproven(each) || isDueTooLate(each, asOf));
  const credentials = checks.filter(({ kind, ok }) => kind === "credentials" && !ok);
  if (open.length + unproven.length + credentials.length > 0) {
    const names = [...new Set([...open, ...unproven, ...credentials].map(({ what }) => what))];
    const because = open.length + credentials.length > 0 ? "open" : "unproven";
    const statement = `contained in part as of ${time}; still possible: ${names.join(", ")}`;
    return { contained: "partial", because, dueAt: null, statement };
  }
  const due = survivors.filter(({ certainty }) => certainty === "due");
  if (due.length > 0) {
    const dueAt = Math.max(...due.map((each) => each.dueAt ?? asOf));
    return { contained: "sealed", because: null, dueAt, statement: `sealed as of ${time}; proof due ${clock(dueAt)}` };
  }
  const rest = [...new Set(survivors.map(({ what }) => what))];
  const except = rest.length === 0 ? "" : `; not excluded: ${rest.join(", ")}`;
  return { contained: true, ...none, statement: `contained as of ${time}${except}` };
}

function isUnproven({ certainty, kind }: Survivor): boolean {
  return certainty === "possible" && (kind === "tcp" || kind === "udp" || kind === "credentials");
}

function isDueTooLate({ certainty, dueAt }: Survivor, asOf: number): boolean {
  return certainty === "due" && (dueAt === undefined || dueAt - asOf > DUE_WITHIN_MS);
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)}Z`;
}
