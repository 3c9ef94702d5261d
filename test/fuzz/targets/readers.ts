import type { TargetClients } from "../../../src/core/step.ts";
import { addressesInUse } from "../../../src/aws/addresses-in-use.ts";
import { findScalingGroup, membershipOf } from "../../../src/aws/auto-scaling-groups.ts";
import { accountAlias, assumedRole, callerIdentity } from "../../../src/aws/caller.ts";
import { consoleOutput, consoleScreenshot } from "../../../src/aws/console.ts";
import { elasticAddressesOf } from "../../../src/aws/elastic-addresses.ts";
import { rulesOfGroup } from "../../../src/aws/group-rules.ts";
import { usersOfGroup } from "../../../src/aws/group-users.ts";
import { findImage } from "../../../src/aws/images.ts";
import { protectedInstance, shutdownBehaviorOf } from "../../../src/aws/instance-attributes.ts";
import { describeInstance } from "../../../src/aws/instance-description.ts";
import { hardwareOf } from "../../../src/aws/instance-hardware.ts";
import { hasInstanceStore, instancePower } from "../../../src/aws/instance-power.ts";
import { associationsOf, profilesOfRole, rolesOfProfile } from "../../../src/aws/instance-profiles.ts";
import { timerSupport } from "../../../src/aws/instance-types.ts";
import { findInstance } from "../../../src/aws/instances.ts";
import { keyPairNamed } from "../../../src/aws/key-pairs.ts";
import { describeMemberships } from "../../../src/aws/membership-description.ts";
import { metadataOptionsOf } from "../../../src/aws/metadata-options.ts";
import { aclsOfVpcs } from "../../../src/aws/network-acls.ts";
import { interfacesOf } from "../../../src/aws/network-interfaces.ts";
import { aclsOfSubnets, autoTrackedInterfaces, rulesOfGroups } from "../../../src/aws/network-state.ts";
import { inlinePolicies } from "../../../src/aws/roles.ts";
import { routeTablesOf } from "../../../src/aws/route-tables.ts";
import { findGroups } from "../../../src/aws/security-groups.ts";
import { locksOf } from "../../../src/aws/snapshot-locks.ts";
import { createSnapshots, snapshotsTagged } from "../../../src/aws/snapshots.ts";
import { activeSessions } from "../../../src/aws/ssm-sessions.ts";
import { membersOfSubnets } from "../../../src/aws/subnet-members.ts";
import { subnetsById } from "../../../src/aws/subnets.ts";
import { describeSurroundings } from "../../../src/aws/surroundings-description.ts";
import { tagsOf } from "../../../src/aws/tags.ts";
import { targetGroups, targetsOf } from "../../../src/aws/target-groups.ts";
import { volumesOf } from "../../../src/aws/volumes.ts";
import { subnetsOfVpcs } from "../../../src/aws/vpc-subnets.ts";
import { activePeerings, vpcsWithBlocks } from "../../../src/aws/vpcs.ts";

/** What the readers are asked about: names of the staged account. */
export interface Named {
  readonly instance: string;
  readonly instanceType: string;
  readonly vpc: string;
  readonly subnet: string;
  readonly group: string;
  readonly role: string;
  readonly profile: string;
  readonly scalingGroup: string;
  readonly targetGroupArn: string;
  readonly keyName: string;
  readonly imageId: string;
  readonly responderArn: string;
}

export type Reader = (clients: TargetClients, named: Named) => Promise<unknown>;

/** What Cordon asks AWS, by name: over EC2's query protocol, AWS's own, JSON, and S3's (`vault`, in `answers.ts`). */
export const READERS: Readonly<Record<string, Reader>> = {
  accountAlias: ({ iam }) => accountAlias(iam),
  aclsOfSubnets: ({ ec2 }, { subnet }) => aclsOfSubnets(ec2, [subnet]),
  aclsOfVpcs: ({ ec2 }, { vpc }) => aclsOfVpcs(ec2, [vpc]),
  activePeerings: ({ ec2 }) => activePeerings(ec2),
  activeSessions: ({ ssm }, { instance }) => activeSessions(ssm, instance),
  addressesInUse: ({ ec2 }) => addressesInUse(ec2, ["203.0.113.24"]),
  assumedRole: ({ sts }, { responderArn }) =>
    assumedRole(sts, { roleArn: responderArn, externalId: null, sessionName: "fuzz" }),
  associationsOf: ({ ec2 }, { instance }) => associationsOf(ec2, instance),
  autoTrackedInterfaces: ({ ec2 }, { vpc }) => autoTrackedInterfaces(ec2, [vpc]),
  callerIdentity: ({ sts }) => callerIdentity(sts),
  consoleOutput: ({ ec2 }, { instance }) => consoleOutput(ec2, { instanceId: instance, latest: true }),
  consoleScreenshot: ({ ec2 }, { instance }) => consoleScreenshot(ec2, instance),
  createSnapshots: ({ ec2 }, { instance }) =>
    createSnapshots(ec2, { instanceId: instance, description: "fuzz", tags: { case: "fuzz" } }),
  describeInstance: (clients, { instance }) => describeInstance(clients, instance),
  describeMemberships: async (clients, { instance }) =>
    describeMemberships(clients, instance, await describeInstance(clients, instance)),
  describeSurroundings: async (clients, { instance }) =>
    describeSurroundings(clients, await describeInstance(clients, instance)),
  elasticAddressesOf: ({ ec2 }, { instance }) => elasticAddressesOf(ec2, instance),
  findGroups: ({ ec2 }, { vpc }) => findGroups(ec2, [{ Name: "vpc-id", Values: [vpc] }]),
  findImage: ({ ec2 }, { imageId }) => findImage(ec2, imageId),
  findInstance: ({ ec2 }, { instance }) => findInstance(ec2, instance),
  findScalingGroup: ({ autoscaling }, { scalingGroup }) => findScalingGroup(autoscaling, scalingGroup),
  hardwareOf: ({ ec2 }, { instanceType }) => hardwareOf(ec2, instanceType),
  hasInstanceStore: ({ ec2 }, { instanceType }) => hasInstanceStore(ec2, instanceType),
  inlinePolicies: ({ iam }, { role }) => inlinePolicies(iam, role),
  instancePower: ({ ec2 }, { instance }) => instancePower(ec2, instance),
  interfacesOf: ({ ec2 }, { instance }) => interfacesOf(ec2, instance),
  keyPairNamed: ({ ec2 }, { keyName }) => keyPairNamed(ec2, keyName),
  locksOf: ({ ec2 }) => locksOf(ec2, ["snap-0123456789abcdef0"]),
  membershipOf: ({ autoscaling }, { instance }) => membershipOf(autoscaling, instance),
  membersOfSubnets: ({ ec2 }, { subnet, instance }) => membersOfSubnets(ec2, [subnet], instance),
  metadataOptionsOf: ({ ec2 }, { instance }) => metadataOptionsOf(ec2, instance),
  profilesOfRole: ({ iam }, { role }) => profilesOfRole(iam, role),
  protectedInstance: ({ ec2 }, { instance }) => protectedInstance(ec2, instance),
  rolesOfProfile: ({ iam }, { profile }) => rolesOfProfile(iam, profile),
  routeTablesOf: ({ ec2 }, { vpc }) => routeTablesOf(ec2, [vpc]),
  rulesOfGroup: ({ ec2 }, { group }) => rulesOfGroup(ec2, group),
  rulesOfGroups: ({ ec2 }, { group }) => rulesOfGroups(ec2, [group]),
  shutdownBehaviorOf: ({ ec2 }, { instance }) => shutdownBehaviorOf(ec2, instance),
  snapshotsTagged: ({ ec2 }) => snapshotsTagged(ec2, { case: "fuzz" }),
  subnetsById: ({ ec2 }, { subnet }) => subnetsById(ec2, [subnet]),
  subnetsOfVpcs: ({ ec2 }, { vpc }) => subnetsOfVpcs(ec2, [vpc]),
  tagsOf: ({ ec2 }, { instance }) => tagsOf(ec2, instance),
  targetGroups: ({ elb }) => targetGroups(elb),
  targetsOf: ({ elb }, { targetGroupArn }) => targetsOf(elb, targetGroupArn),
  timerSupport: ({ ec2 }, { instanceType }) => timerSupport(ec2, instanceType),
  usersOfGroup: ({ ec2 }, { group, instance }) => usersOfGroup(ec2, group, instance),
  volumesOf: ({ ec2 }, { instance }) => volumesOf(ec2, instance),
  vpcsWithBlocks: ({ ec2 }) => vpcsWithBlocks(ec2),
};
