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
 * - `unfiltered`: nothing in AWS's network filters it (resolver, metadata, time).
 */
export type Certainty = "indicated" | "possible" | "unfiltered";

/** A flow or credential that may outlive the cut. */
export interface Survivor {
  readonly what: string;
  readonly kind: "tcp" | "udp" | "icmp" | "other" | "resolver" | "metadata" | "time" | "credentials";
  readonly certainty: Certainty;
  readonly why: string;
  /** What would end it, and whom that would hit besides. */
  readonly lever: string;
  readonly blastRadius: string;
}

export interface Containment {
  readonly contained: true | false | "partial";
  /** One sentence for people, naming what is not excluded. */
  readonly statement: string;
}

/**
 * Whether the instance is cut off, from what was read back. Never from what was sent.
 *
 * `false`: an interface is not verified sealed, or a step of the cut failed.
 * `partial`: sealed, but an indicated survivor, a possible one over TCP or UDP, or live credentials remain.
 * `true`: otherwise; what is merely possible over ICMP or unfiltered stands in the statement.
 */
export function containment(checks: readonly Check[], survivors: readonly Survivor[], asOf: number): Containment {
  const time = `${new Date(asOf).toISOString().slice(11, 19)}Z`;
  const sealed = checks.filter(({ kind }) => kind === "sealed");
  const broken = checks.filter(({ kind, ok }) => !ok && (kind === "sealed" || kind === "cut"));
  if (sealed.length === 0)
    return { contained: false, statement: `not contained as of ${time}: no interface was verified sealed` };
  if (broken.length > 0) {
    return { contained: false, statement: `not contained as of ${time}: ${broken.map(({ what }) => what).join(", ")}` };
  }
  const open = survivors.filter(keepsItPartial);
  const credentials = checks.filter(({ kind, ok }) => kind === "credentials" && !ok);
  if (open.length > 0 || credentials.length > 0) {
    const names = [...new Set([...open, ...credentials].map(({ what }) => what))];
    return { contained: "partial", statement: `contained in part as of ${time}; still possible: ${names.join(", ")}` };
  }
  const rest = [...new Set(survivors.map(({ what }) => what))];
  const except = rest.length === 0 ? "" : `; not excluded: ${rest.join(", ")}`;
  return { contained: true, statement: `contained as of ${time}${except}` };
}

function keepsItPartial({ certainty, kind }: Survivor): boolean {
  switch (certainty) {
    case "indicated":
      return true;
    case "possible":
      return kind === "tcp" || kind === "udp" || kind === "credentials";
    case "unfiltered":
      return false;
    default:
      return certainty satisfies never;
  }
}
