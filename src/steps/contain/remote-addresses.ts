import { z } from "zod";
import { addressesInUse } from "../../aws/addresses-in-use.ts";
import { aclsOfSubnets, aclsOfVpcs, findAcl, type NetworkAcl } from "../../aws/network-acls.ts";
import { interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { activePeerings, type Peering, type VpcBlocks, vpcsWithBlocks } from "../../aws/vpcs.ts";
import type { ChangeDraft, Left } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import type { StepContext } from "../../core/step.ts";
import { defineSharedStep, expectThat } from "../../core/step.ts";
import { withThoseBehind } from "./network-acl-container.ts";
import { addressDeny, reconcileNetworkAcl } from "./network-acl-claims.ts";
import { directions, isDenied } from "./remote-addresses-entries.ts";
import { isIn, MOST_ADDRESSES, namedAddresses, oneSpelling, reasonNotDenied } from "./remote-addresses-policy.ts";

type Deny = z.infer<typeof addressDeny>;

/**
 * Denies the addresses that findings name, in the network ACLs of the instance's subnets: both ways, every protocol.
 *
 * Network ACLs are stateless: this cuts at once, also flows that AWS tracks, and behind a NAT gateway.
 * They belong to subnets, so that everybody in the same subnets loses these addresses, and nothing else.
 *
 * A network ACL does not filter inside a subnet, and sees only the load balancer where an attacker comes through one.
 */
export const remoteAddresses = defineSharedStep({
  id: "contain.remote-addresses",
  title: "Deny the attacker's addresses",
  reversible: "exactly",
  follows: "findings",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeNetworkAcls",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeVpcPeeringConnections",
        "ec2:DescribeVpcs",
      ],
      reconcile: ["ec2:CreateNetworkAclEntry", "ec2:DeleteNetworkAclEntry", "ec2:DescribeNetworkAcls"],
      verify: ["ec2:DescribeNetworkAcls"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.null(), after: addressDeny },

  async plan(context) {
    const { aws, findings, settings, target } = context;
    const named = namedAddresses(findings);
    if (named.length === 0) {
      return { changes: [], left: [{ resource: target.instanceId, reason: "no finding names an address to deny" }] };
    }
    const candidates = named.filter((address) => reasonNotDenied(address, settings.neverDeny) === null);
    const [{ interfaces, acls, missing }, inUse, vpcs, peerings] = await Promise.all([
      networkOf(context),
      addressesInUse(aws.ec2, candidates),
      vpcsWithBlocks(aws.ec2),
      activePeerings(aws.ec2),
    ]);
    const networks = networksAround(new Set(interfaces.map(({ vpcId }) => vpcId)), { vpcs, peerings });
    const { denied, left } = sort(named, { neverDeny: settings.neverDeny, interfaces, inUse, networks });
    return {
      changes: acls.flatMap((acl) => denied.map((address) => draft(acl, address))),
      left: [...left, ...missing],
    };
  },

  reconcile: reconcileNetworkAcl,

  async verify({ aws }, { resource, after: { address } }) {
    const acl = await findAcl(aws.ec2, resource);
    // One that is gone, one of our own that was taken back, filters no subnet.
    const open = directions.filter((direction) => acl !== null && !isDenied(acl.entries, direction, address));
    const observed = open.length === 0 ? "denied both ways" : `not denied: ${open.join(", ")}`;
    return expectThat(`${address} in ${resource}`, open.length === 0, { expected: "denied both ways", observed });
  },
});

interface TargetNetwork {
  readonly interfaces: readonly NetworkInterface[];
  readonly acls: readonly NetworkAcl[];
  readonly missing: readonly Left[];
}

/** Interfaces and their NACLs in one round trip where the findings' hints hold, in two where they do not. */
async function networkOf({ aws, findings, target: { instanceId } }: StepContext): Promise<TargetNetwork> {
  const hints = findings.flatMap((finding) => finding.interfaces.flatMap(({ vpcId }) => vpcId ?? []));
  const [interfaces, hinted] = await Promise.all([interfacesOf(aws.ec2, instanceId), aclsOfVpcs(aws.ec2, hints)]);
  if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
  const subnetIds = [...new Set(interfaces.map(({ subnetId }) => subnetId))];
  const filters = (acl: NetworkAcl, subnetId: string): boolean => acl.subnetIds.includes(subnetId);
  const notCovered = subnetIds.filter((subnetId) => !hinted.some((acl) => filters(acl, subnetId)));
  const all = [...hinted, ...(await aclsOfSubnets(aws.ec2, notCovered))];
  const serving = [...new Map(all.map((acl) => [acl.id, acl])).values()].filter((acl) =>
    subnetIds.some((subnetId) => filters(acl, subnetId)),
  );
  const acls = await withThoseBehind(aws.ec2, serving);
  const missing = subnetIds
    .filter((subnetId) => !serving.some((acl) => filters(acl, subnetId)))
    .map((resource) => ({ resource, reason: "AWS showed no network ACL for this subnet" }));
  return { interfaces, acls, missing };
}

interface Ours {
  readonly neverDeny: readonly string[];
  readonly interfaces: readonly NetworkInterface[];
  readonly inUse: readonly string[];
  readonly networks: readonly OwnNetwork[];
}

interface OwnNetwork {
  readonly cidr: string;
  /** What has this block, as people call it. */
  readonly of: string;
}

/** The blocks of the instance's VPCs and of those that are peered with them, public ones included. */
function networksAround(
  vpcIds: ReadonlySet<string>,
  { vpcs, peerings }: { readonly vpcs: readonly VpcBlocks[]; readonly peerings: readonly Peering[] },
): readonly OwnNetwork[] {
  const own = vpcs
    .filter(({ id }) => vpcIds.has(id))
    .flatMap(({ id, cidrs }) => cidrs.map((cidr) => ({ cidr, of: `the instance's VPC ${id}` })));
  const peered = peerings
    .filter(({ sides }) => sides.some((side) => vpcIds.has(side.id)))
    .flatMap(({ id, sides }) => sides.filter((side) => !vpcIds.has(side.id)).map((side) => ({ id, side })))
    .flatMap(({ id, side }) => side.cidrs.map((cidr) => ({ cidr, of: `VPC ${side.id}, peered through ${id}` })));
  return [...own, ...peered];
}

/** Parts the addresses to deny from those that people must decide about. */
function sort(
  named: readonly string[],
  ours: Ours,
): { readonly denied: readonly string[]; readonly left: readonly Left[] } {
  const own = ours.interfaces.flatMap((one) => [...one.privateAddresses, ...one.ipv6Addresses, ...one.publicAddresses]);
  const [ownAddresses, inUse] = [own, ours.inUse].map((addresses) => new Set(addresses.map(oneSpelling)));
  const denied: string[] = [];
  const left: Left[] = [];
  for (const address of named) {
    const reason = ownAddresses?.has(address)
      ? "it is the instance's own address"
      : inUse?.has(address)
        ? "an interface of this account has it: denying it would cut a neighbour off, and inside a subnet would not work"
        : (reasonNotDenied(address, ours.neverDeny) ?? reasonInNetwork(address, ours.networks));
    if (reason !== null) left.push({ resource: address, reason });
    else if (denied.length < MOST_ADDRESSES) denied.push(address);
    else
      left.push({ resource: address, reason: `more than ${MOST_ADDRESSES} addresses in one case: a person decides` });
  }
  return { denied, left };
}

function reasonInNetwork(address: string, networks: readonly OwnNetwork[]): string | null {
  const network = networks.find(({ cidr }) => isIn(address, cidr));
  return network === undefined ? null : `it lies in ${network.cidr} of ${network.of}: never denied automatically`;
}

function draft(acl: NetworkAcl, address: string): ChangeDraft<null, Deny> {
  const what = `Every subnet of ${acl.id} loses ${address}, and nothing else.`;
  return {
    resource: acl.id,
    attribute: address,
    before: null,
    after: { address, action: "deny" },
    claim: { member: address },
    blastRadius: { what, resources: acl.subnetIds },
  };
}
