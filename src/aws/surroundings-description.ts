import {
  DescribeImagesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkAclsCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcsCommand,
} from "@aws-sdk/client-ec2";
import {
  GetInstanceProfileCommand,
  GetRoleCommand,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
} from "@aws-sdk/client-iam";
import type { Json } from "../core/json.ts";
import type { TargetClients } from "../core/step.ts";
import { answered, listed, readParts, textsUnder, type Parts } from "./parts.ts";

type Readings = Readonly<Record<string, () => Promise<Json>>>;

/** What lies around an instance, found by the ids in what it says of itself: its network, its type, image, key and role. */
export async function describeSurroundings(clients: TargetClients, machine: Parts): Promise<Parts> {
  const around = await readParts(clients.now, {
    ...networkReadings(clients, machine),
    ...originReadings(clients, machine),
  });
  const roles = textsUnder(around["profile"], "RoleName");
  const role = await readParts(clients.now, Object.assign({}, ...roles.map((name) => roleReadings(clients, name))));
  return { ...around, ...role };
}

/** Filters and not ids: what is gone meanwhile is missing from an answer, and does not spoil it. */
function networkReadings({ ec2 }: TargetClients, machine: Parts): Readings {
  const groupIds = textsUnder(machine["interfaces"], "GroupId");
  const subnetIds = textsUnder(machine["interfaces"], "SubnetId");
  const vpcIds = textsUnder(machine["interfaces"], "VpcId");
  const of = (name: string, values: readonly string[], token: string | undefined) => ({
    Filters: [{ Name: name, Values: [...values] }],
    ...(token === undefined ? {} : { NextToken: token }),
  });
  const inVpcs = (token: string | undefined) => of("vpc-id", vpcIds, token);
  if (vpcIds.length === 0) return {};
  return {
    groups: () =>
      listed(ec2, "SecurityGroups", (token) => new DescribeSecurityGroupsCommand(of("group-id", groupIds, token))),
    groupRules: () =>
      listed(
        ec2,
        "SecurityGroupRules",
        (token) => new DescribeSecurityGroupRulesCommand(of("group-id", groupIds, token)),
      ),
    subnets: () => listed(ec2, "Subnets", (token) => new DescribeSubnetsCommand(of("subnet-id", subnetIds, token))),
    vpcs: () => listed(ec2, "Vpcs", (token) => new DescribeVpcsCommand(inVpcs(token))),
    routeTables: () => listed(ec2, "RouteTables", (token) => new DescribeRouteTablesCommand(inVpcs(token))),
    networkAcls: () => listed(ec2, "NetworkAcls", (token) => new DescribeNetworkAclsCommand(inVpcs(token))),
    endpoints: () => listed(ec2, "VpcEndpoints", (token) => new DescribeVpcEndpointsCommand(inVpcs(token))),
  };
}

function originReadings({ ec2, iam }: TargetClients, machine: Parts): Readings {
  const [instanceType] = textsUnder(machine["instance"], "InstanceType");
  const images = textsUnder(machine["instance"], "ImageId");
  const keys = textsUnder(machine["instance"], "KeyName");
  const profile = textsUnder(machine["instance"], "Arn").find((arn) => arn.includes(":instance-profile/"));
  const named = (name: string, values: readonly string[]) => ({ Filters: [{ Name: name, Values: [...values] }] });
  return {
    ...(instanceType === undefined
      ? {}
      : {
          type: () => answered(ec2, new DescribeInstanceTypesCommand(named("instance-type", [instanceType]))),
        }),
    ...(images.length === 0
      ? {}
      : { image: () => answered(ec2, new DescribeImagesCommand(named("image-id", images))) }),
    ...(keys.length === 0
      ? {}
      : { keyPair: () => answered(ec2, new DescribeKeyPairsCommand(named("key-name", keys))) }),
    ...(profile === undefined
      ? {}
      : {
          profile: () =>
            answered(
              iam,
              new GetInstanceProfileCommand({ InstanceProfileName: profile.slice(profile.lastIndexOf("/") + 1) }),
            ),
        }),
  };
}

/** The role and the names of its policies; what they allow is for `assess`, and changes as soon as they are contained. */
function roleReadings({ iam }: TargetClients, name: string): Readings {
  const of = (token: string | undefined) => ({ RoleName: name, ...(token === undefined ? {} : { Marker: token }) });
  return {
    [`role.${name}`]: () => answered(iam, new GetRoleCommand({ RoleName: name })),
    [`role.${name}.inlinePolicies`]: () =>
      listed(iam, "PolicyNames", (token) => new ListRolePoliciesCommand(of(token))),
    [`role.${name}.attachedPolicies`]: () =>
      listed(iam, "AttachedPolicies", (token) => new ListAttachedRolePoliciesCommand(of(token))),
  };
}
