import type { ChangeView, StepContext } from "../../core/step.ts";
import { covers, parseCidr } from "../../reachability/cidr.ts";

/** Steps that end flows, or may. */
export const CUTTING = [
  "contain.network-acl",
  "contain.remote-addresses",
  "contain.security-groups",
  "contain.stop",
  "contain.tracked-connections",
];

/** When the flows of an interface were cut, in milliseconds since 1970. */
export interface Cuts {
  /** When its seal was last verified: no flow that began later can be. */
  readonly sealedAt: number;
  /** The latest cut that reaches flows with this peer, at the earliest the seal. */
  lastFor(peer: string): number;
}

/** The cuts of this case that count for an interface; null where it did not seal it. */
export function cutsOf(
  { outcomes }: Pick<StepContext, "outcomes">,
  { id, subnetCidrs }: { readonly id: string; readonly subnetCidrs: readonly string[] },
): Cuts | null {
  const of = (step: string): readonly ChangeView[] => outcomes[step] ?? [];
  const sealedAt = lastVerified(of("contain.security-groups").filter(({ change }) => change.resource === id));
  if (sealedAt === null) return null;
  const converted = lastVerified(of("contain.tracked-connections").filter(({ change }) => change.resource === id));
  const stopped = lastVerified(of("contain.stop"));
  const denied = lastVerified(of("contain.network-acl"));
  return {
    sealedAt,
    lastFor(peer) {
      const named = lastVerified(of("contain.remote-addresses").filter(({ change }) => change.attribute === peer));
      // What stays inside the subnet meets no network ACL.
      const crossing = isIn(peer, subnetCidrs) ? [] : [denied, named];
      return Math.max(...[sealedAt, converted, stopped, ...crossing].filter((time) => time !== null));
    },
  };
}

/** When the last of some changes was verified; null where there are none, or not all of them are. */
function lastVerified(changes: readonly ChangeView[]): number | null {
  const times = changes.map(({ state, verifiedAt }) => (state === "verified" ? verifiedAt : null));
  return times.length === 0 || times.includes(null) ? null : Math.max(...times.filter((time) => time !== null));
}

function isIn(address: string, cidrs: readonly string[]): boolean {
  const peer = parseCidr(address);
  const blocks = cidrs.flatMap((cidr) => parseCidr(cidr) ?? []);
  return peer !== null && blocks.some((block) => block.family === peer.family && covers(block, peer));
}
