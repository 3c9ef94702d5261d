import { aclsOfSubnets, autoTrackedAddresses, rulesOfGroups } from "../../aws/network-state.ts";
import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import { routeTableOf, routeTablesOf } from "../../aws/route-tables.ts";
import { subnetsById } from "../../aws/subnets.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import type { ReachInterface } from "../../reachability/described.ts";

/** What AWS did not show denies nothing and routes everything: a gap in reading must not look like a cut. */
const unknownAcl = ["0.0.0.0/0", "::/0"].flatMap((cidr) =>
  (["ingress", "egress"] as const).map((direction) => ({
    direction,
    number: 1,
    action: "allow" as const,
    protocol: "-1",
    fromPort: null,
    toPort: null,
    cidr,
  })),
);
const unknownRoutes = ["0.0.0.0/0", "::/0"].map((destination) => ({
  destination,
  target: "an unknown route",
  isBlackhole: false,
}));

/** Reads what surrounds the interfaces, side by side, and puts it together as reachability wants it. */
export async function readSurroundings(
  { aws, outcomes }: StepContext,
  interfaces: readonly NetworkInterface[],
): Promise<readonly ReachInterface[]> {
  const vpcIds = interfaces.map(({ vpcId }) => vpcId);
  const subnetIds = interfaces.map(({ subnetId }) => subnetId);
  const original = new Map(
    interfaces.map((nic) => [nic.id, groupsBefore(nic, outcomes["contain.security-groups"] ?? [])]),
  );
  const groupIds = interfaces.flatMap(({ id, groupIds }) => [...groupIds, ...(original.get(id) ?? [])]);
  if (interfaces.length === 0) return [];
  const [rules, acls, tables, subnets, autoTracked] = await Promise.all([
    rulesOfGroups(aws.ec2, groupIds),
    aclsOfSubnets(aws.ec2, subnetIds),
    routeTablesOf(aws.ec2, vpcIds),
    subnetsById(aws.ec2, subnetIds),
    autoTrackedAddresses(aws.ec2, vpcIds),
  ]);
  const converted = (outcomes["contain.tracked-connections"] ?? []).filter(({ state }) => state === "verified");
  return interfaces.map((nic) => {
    const acl = acls.find((each) => each.subnetIds.includes(nic.subnetId));
    return {
      id: nic.id,
      subnetId: nic.subnetId,
      subnetCidrs: subnets.find(({ id }) => id === nic.subnetId)?.cidrs ?? [],
      publicAddress: nic.publicAddresses[0] ?? null,
      rulesBefore: rules.filter(({ groupId }) => original.get(nic.id)?.includes(groupId)),
      rulesNow: rules.filter(({ groupId }) => nic.groupIds.includes(groupId)),
      managedBy: nic.managedBy,
      isConverted: converted.some(({ change }) => change.resource === nic.id),
      aclId: acl?.id ?? "unknown",
      aclEntries: acl?.entries ?? unknownAcl,
      routes: routeTableOf(tables, { id: nic.subnetId, vpcId: nic.vpcId })?.routes ?? unknownRoutes,
      autoTrackedPeers: autoTracked,
    };
  });
}

/** The groups as the plan recorded them; those of now for an interface that no change touched. */
function groupsBefore({ id, groupIds }: NetworkInterface, changes: readonly ChangeView[]): readonly string[] {
  const before = changes.find(({ change }) => change.resource === id && change.attribute === "groups")?.change.before;
  return Array.isArray(before) ? before.filter((each) => typeof each === "string") : groupIds;
}
