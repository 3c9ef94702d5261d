import { aclsOfSubnets, autoTrackedAddresses, rulesOfGroups } from "../../aws/network-state.ts";
import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import { routeTableOf, routeTablesOf } from "../../aws/route-tables.ts";
import { subnetsById } from "../../aws/subnets.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import type { GroupRule, ReachInterface } from "../../reachability/described.ts";
import { isSealed } from "../../reachability/sealed.ts";
import { fromLine, rulesAtCutOf } from "../contain/rules-at-cut.ts";

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
  const groupIds = interfaces.flatMap((nic) => nic.groupIds);
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
    const rulesNow = rules.filter(({ groupId }) => nic.groupIds.includes(groupId));
    const acl = acls.find((each) => each.subnetIds.includes(nic.subnetId));
    return {
      id: nic.id,
      subnetId: nic.subnetId,
      subnetCidrs: subnets.find(({ id }) => id === nic.subnetId)?.cidrs ?? [],
      publicAddress: nic.publicAddresses[0] ?? null,
      hasIpv6: nic.ipv6Addresses.length > 0,
      ...rulesBefore(nic, rulesNow, outcomes["contain.security-groups"] ?? []),
      rulesNow,
      managedBy: nic.managedBy,
      isConverted: converted.some(({ change }) => change.resource === nic.id),
      aclId: acl?.id ?? "unknown",
      aclEntries: acl?.entries ?? unknownAcl,
      routes: routeTableOf(tables, { id: nic.subnetId, vpcId: nic.vpcId })?.routes ?? unknownRoutes,
      autoTrackedPeers: autoTracked,
    };
  });
}

/**
 * The rules that the seal recorded. An interface that no change of this case sealed has the rules of now, unless they let
 * nothing through: then somebody sealed it before, and flows of that time may still be tracked.
 */
function rulesBefore(
  { id, managedBy }: NetworkInterface,
  rulesNow: readonly GroupRule[],
  changes: readonly ChangeView[],
): Pick<ReachInterface, "rulesBefore" | "unknownBefore"> {
  const view = changes.find(({ change }) => change.resource === id && change.attribute === "groups");
  const recorded = rulesAtCutOf(view?.outcome ?? null);
  if (recorded?.rules) return { rulesBefore: recorded.rules.map(fromLine), unknownBefore: null };
  if (recorded !== null) return { rulesBefore: [], unknownBefore: recorded.unknown };
  if (managedBy === null && isSealed(rulesNow))
    return { rulesBefore: [], unknownBefore: "it was sealed already when this case looked first" };
  return { rulesBefore: rulesNow, unknownBefore: null };
}
