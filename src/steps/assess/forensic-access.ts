import { interfacesWithGroups, type NetworkInterface } from "../../aws/network-interfaces.ts";
import type { Check, Survivor } from "../../core/containment.ts";
import type { ChangeView, IsolationLevel, PreparedGroups, StepContext } from "../../core/step.ts";
import type { ReachInterface } from "../../reachability/described.ts";
import { workstationOutcome } from "../investigate/workstation-claims.ts";

/** The step whose outcome says which machine is the incident's own workstation. */
export const WORKSTATION = "investigate.forensic-workstation";

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
  const what = `${id} is sealed but for ${way}`;
  return { kind: "sealed", code: "interface.forensic", what, ok: true, expected: observed, observed };
}

/** Left open, and therefore said with the statement. */
export function examinersWay(way: string): Survivor {
  return {
    code: "forensic.way-in",
    what: way,
    kind: "tcp",
    certainty: "unfiltered",
    why: "the level `forensic` leaves it open on purpose, to the group of the workstations alone",
    lever: "contain.security-groups with level sealed",
    blastRadius: "examiners, who then have the disks only",
  };
}

/**
 * Machines that the way lets in and that are not this incident's workstation.
 *
 * Whoever may launch an instance, or change the groups of an interface, can put one of his own among the workstations. The
 * rules as they are now say which groups are let in; who is in them is read from AWS, whatever tags say. An interface that
 * nothing uses yet counts too: it is attached in a moment.
 */
export async function strangersLetIn(
  { aws, outcomes }: StepContext,
  around: readonly ReachInterface[],
  ways: ReadonlyMap<string, string>,
): Promise<readonly Survivor[]> {
  const entrances = around
    .filter(({ id }) => ways.has(id))
    .flatMap(({ rulesNow }) => rulesNow.filter(({ direction }) => direction === "ingress"))
    .map(({ peer, fromPort }) => ({ groupId: peer, port: fromPort }));
  if (entrances.length === 0) return [];
  const members = await interfacesWithGroups(aws.ec2, [...new Set(entrances.map(({ groupId }) => groupId))]);
  const own = new Set((outcomes[WORKSTATION] ?? []).flatMap(({ outcome }) => instanceIn(outcome)));
  const strangers = members.filter(({ instanceId }) => instanceId === null || !own.has(instanceId));
  const found = strangers.flatMap((member) =>
    entrances
      .filter(({ groupId }) => member.groupIds.includes(groupId))
      .map(({ groupId, port }) => strangerSurvivor(member, groupId, port)),
  );
  return [...new Map(found.map((one) => [`${one.what} ${one.lever}`, one])).values()];
}

function instanceIn(outcome: ChangeView["outcome"]): readonly string[] {
  const { data } = workstationOutcome.safeParse(outcome);
  return data === undefined ? [] : [data.instanceId];
}

function strangerSurvivor({ id, instanceId }: NetworkInterface, groupId: string, port: number | null): Survivor {
  return {
    code: "forensic.stranger",
    what: `${instanceId ?? id} in the workstations' group can reach TCP ${port ?? "on every port"}`,
    kind: "tcp",
    certainty: "possible",
    why: `${id} has ${groupId}, which the level \`forensic\` lets in, and this case does not know it as its incident's workstation`,
    lever: `other groups for ${id}, or contain.security-groups with level sealed`,
    blastRadius: "whoever works on that machine, as examiners of another incident do",
  };
}
