import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { IsolationLevel, PreparedGroups } from "../../core/step.ts";

/** What each forensic level leaves open on purpose. */
const ways = {
  forensic: "SSH from forensic workstations",
  "forensic-windows": "remote desktop from forensic workstations",
} as const satisfies Partial<Record<IsolationLevel, string>>;

/**
 * The interfaces that have the prepared group of a forensic level and no other, with the way that it leaves. A group whose
 * rules are anything else than that way counts as none.
 */
export async function forensicAccess(
  prepared: PreparedGroups,
  interfaces: readonly NetworkInterface[],
): Promise<ReadonlyMap<string, string>> {
  const [linux, windows] = await Promise.all([prepared.groups("forensic"), prepared.groups("forensic-windows")]);
  const wayInto = ({ vpcId, groupIds }: NetworkInterface): string | null => {
    const [group, ...more] = groupIds;
    if (group === undefined || more.length > 0) return null;
    if (group === linux(vpcId)) return ways.forensic;
    return group === windows(vpcId) ? ways["forensic-windows"] : null;
  };
  return new Map(
    interfaces.flatMap((one) => {
      const way = wayInto(one);
      return way === null ? [] : [[one.id, way] as const];
    }),
  );
}

/** An interface that only examiners reach is cut off from everybody else. */
export function examinersCheck(id: string, way: string): Check {
  const observed = `nothing but ${way}`;
  return { kind: "sealed", what: `${id} is sealed but for ${way}`, ok: true, expected: observed, observed };
}

/** Left open, and therefore said with the statement. */
export function examinersWay(way: string): Survivor {
  return {
    what: way,
    kind: "tcp",
    certainty: "unfiltered",
    why: "the level `forensic` leaves it open on purpose, to the group of the workstations alone",
    lever: "contain.security-groups with level sealed",
    blastRadius: "examiners, who then have the disks only",
  };
}
