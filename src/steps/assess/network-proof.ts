/** Reads what surrounds the interfaces of an instance, and puts it together as reachability wants it. */
import { ifConcluded, ifReadable } from "../../aws/if-readable.ts";
import { aclsOfSubnets, autoTrackedInterfaces, rulesOfGroups, type AutoTracked } from "../../aws/network-state.ts";
import type { NetworkInterface } from "../../aws/network-interfaces.ts";
import { routeTableOf, routeTablesOf } from "../../aws/route-tables.ts";
import { subnetsById } from "../../aws/subnets.ts";
import { gatewaysOf, type VpcGateways } from "../../aws/vpc-gateways.ts";
import type { ChangeView, StepContext } from "../../core/step.ts";
import type { GroupRule, ReachInterface, VpcSurroundings } from "../../reachability/described.ts";
import type { RuleHistory } from "../../reachability/history.ts";
import { isSealed } from "../../reachability/sealed.ts";
import { fromLine, rulesAtCutOf } from "../contain/rules-at-cut.ts";

/** What AWS did not show denies nothing, routes everything and tracks everybody: a gap in reading must not look like a cut. */
const everybody = ["0.0.0.0/0", "::/0"];
const unknownAcl = everybody.flatMap((cidr) =>
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
const unknownRoutes = everybody.map((destination) => ({
  destination,
  target: "an unknown route",
  isBlackhole: false,
}));

/** An interface as reachability takes it, and whether its present rules were read. */
export interface ProvenInterface extends ReachInterface {
  readonly vpcId: string;
  readonly groupIds: readonly string[];
  /** Whether the rules of all its groups were read in this proof. */
  readonly areRulesRead: boolean;
}

/** What was read of the instance beside its surroundings. */
interface Known {
  readonly isStopped: boolean;
  /** The rules of the whole time, by interface. */
  readonly histories: () => Promise<ReadonlyMap<string, RuleHistory>>;
}

/** Reads everything side by side. What cannot be read, or does not end, is unknown: it closes nothing. */
export async function readSurroundings(
  { aws, outcomes }: StepContext,
  interfaces: readonly NetworkInterface[],
  { isStopped, histories }: Known,
): Promise<readonly ProvenInterface[]> {
  const vpcIds = interfaces.map(({ vpcId }) => vpcId);
  const subnetIds = interfaces.map(({ subnetId }) => subnetId);
  const groupIds = interfaces.flatMap((nic) => nic.groupIds);
  if (interfaces.length === 0) return [];
  const [rules, acls, tables, subnets, autoTracked, gateways, history] = await Promise.all([
    ifConcluded(rulesOfGroups(aws.ec2, groupIds)),
    ifConcluded(aclsOfSubnets(aws.ec2, subnetIds)),
    ifConcluded(routeTablesOf(aws.ec2, vpcIds)),
    ifConcluded(subnetsById(aws.ec2, subnetIds)),
    ifConcluded(autoTrackedInterfaces(aws.ec2, vpcIds)),
    gatewaysOf(aws.ec2, vpcIds),
    ifReadable(histories()),
  ]);
  const converted = (outcomes["contain.tracked-connections"] ?? []).filter(({ state }) => state === "verified");
  return interfaces.map((nic) => {
    const rulesNow = (rules ?? []).filter(({ groupId }) => nic.groupIds.includes(groupId));
    const acl = acls?.find((each) => each.subnetIds.includes(nic.subnetId));
    return {
      id: nic.id,
      vpcId: nic.vpcId,
      groupIds: nic.groupIds,
      subnetId: nic.subnetId,
      subnetCidrs: subnets?.find(({ id }) => id === nic.subnetId)?.cidrs ?? [],
      publicAddress: nic.publicAddresses[0] ?? null,
      hasIpv6: nic.ipv6Addresses.length > 0 || nic.delegatedPrefixes.some((prefix) => prefix.includes(":")),
      ...rulesBefore(nic, rules === null ? null : rulesNow, outcomes["contain.security-groups"] ?? []),
      rulesNow,
      history: history?.get(nic.id) ?? null,
      areRulesRead: rules !== null && !isOfAnotherAccount(nic),
      managedBy: nic.managedBy,
      isConverted: converted.some(({ change }) => change.resource === nic.id),
      aclId: acl?.id ?? "unknown",
      aclEntries: acl?.entries ?? unknownAcl,
      routes: routeTableOf(tables ?? [], { id: nic.subnetId, vpcId: nic.vpcId })?.routes ?? unknownRoutes,
      autoTrackedPeers: autoTracked?.flatMap(({ addresses }) => addresses) ?? everybody,
      vpc: surroundingsOf(nic.vpcId, gateways, autoTracked ?? []),
      checksAddresses: nic.checksAddresses,
      isStopped,
    };
  });
}

/** Another account's groups show no rules here. */
function isOfAnotherAccount({ managedBy }: NetworkInterface): boolean {
  return managedBy?.startsWith("account ") ?? false;
}

function surroundingsOf(
  vpcId: string,
  { blocks, gateways, unread }: VpcGateways,
  autoTracked: readonly AutoTracked[],
): VpcSurroundings {
  const cidrs = blocks?.get(vpcId) ?? null;
  const balancers = autoTracked
    .filter((each) => each.vpcId === vpcId && each.keepsClientAddress)
    .map(({ id, subnetId }) => ({ id, kind: "load-balancer" as const, cidrs: null, subnetIds: [subnetId] }));
  return {
    cidrs,
    gateways: [
      ...gateways
        .filter((each) => each.vpcId === vpcId)
        .map(({ id, kind, cidrs: behind, subnetIds }) => ({ id, kind, cidrs: behind, subnetIds })),
      ...balancers,
    ],
    unread: [
      ...unread,
      ...(cidrs === null && blocks !== null ? ["the blocks of the VPC, which AWS does not show here"] : []),
    ],
  };
}

/**
 * The rules that the seal recorded. An interface that no change of this case sealed has the rules of now, unless they let
 * nothing through: then somebody sealed it before, and flows of that time may still be tracked.
 */
function rulesBefore(
  { id, managedBy }: NetworkInterface,
  rulesNow: readonly GroupRule[] | null,
  changes: readonly ChangeView[],
): Pick<ReachInterface, "rulesBefore" | "unknownBefore"> {
  const view = changes.find(({ change }) => change.resource === id && change.attribute === "groups");
  const recorded = rulesAtCutOf(view?.outcome ?? null);
  if (recorded?.rules) return { rulesBefore: recorded.rules.map(fromLine), unknownBefore: null };
  if (recorded !== null) return { rulesBefore: [], unknownBefore: recorded.unknown };
  if (rulesNow === null) return { rulesBefore: [], unknownBefore: "the rules of its groups could not be read" };
  if (managedBy === null && isSealed(rulesNow))
    return { rulesBefore: [], unknownBefore: "it was sealed already when this case looked first" };
  return { rulesBefore: rulesNow, unknownBefore: null };
}
