import {
  CreateSecurityGroupCommand,
  CreateSnapshotsCommand,
  CreateTagsCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstancesCommand,
  DescribeInstanceStatusCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkAclsCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSnapshotsCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  DescribeVolumesCommand,
  DescribeVpcEndpointsCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  ModifyInstanceAttributeCommand,
  ModifyNetworkInterfaceAttributeCommand,
} from "@aws-sdk/client-ec2";
import { AwsCallError, hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** Things that are there, to ask about: AWS looks for what a call names before or after it looks at permissions. */
export interface Sample {
  readonly vpcId: string | null;
  readonly instanceId: string | null;
  readonly interfaceId: string | null;
  readonly groupId: string | null;
}

const DryRun = true;
type Asking = (ec2: Sender, sample: Sample) => Promise<unknown> | null;

/** Calls that only look, and a few that a cut needs, on something that is there. */
const asking: Readonly<Record<string, Asking>> = {
  "ec2:DescribeAddresses": (ec2) => ec2.send(new DescribeAddressesCommand({ DryRun })),
  "ec2:DescribeImages": (ec2) => ec2.send(new DescribeImagesCommand({ DryRun, Owners: ["self"] })),
  "ec2:DescribeInstanceStatus": (ec2) => ec2.send(new DescribeInstanceStatusCommand({ DryRun })),
  "ec2:DescribeInstanceTypes": (ec2) => ec2.send(new DescribeInstanceTypesCommand({ DryRun })),
  "ec2:DescribeInstances": (ec2) => ec2.send(new DescribeInstancesCommand({ DryRun })),
  "ec2:DescribeKeyPairs": (ec2) => ec2.send(new DescribeKeyPairsCommand({ DryRun })),
  "ec2:DescribeNetworkAcls": (ec2) => ec2.send(new DescribeNetworkAclsCommand({ DryRun })),
  "ec2:DescribeNetworkInterfaces": (ec2) => ec2.send(new DescribeNetworkInterfacesCommand({ DryRun })),
  "ec2:DescribeRouteTables": (ec2) => ec2.send(new DescribeRouteTablesCommand({ DryRun })),
  "ec2:DescribeSecurityGroupRules": (ec2) => ec2.send(new DescribeSecurityGroupRulesCommand({ DryRun })),
  "ec2:DescribeSecurityGroups": (ec2) => ec2.send(new DescribeSecurityGroupsCommand({ DryRun })),
  "ec2:DescribeSnapshots": (ec2) => ec2.send(new DescribeSnapshotsCommand({ DryRun, OwnerIds: ["self"] })),
  "ec2:DescribeSubnets": (ec2) => ec2.send(new DescribeSubnetsCommand({ DryRun })),
  "ec2:DescribeTags": (ec2) => ec2.send(new DescribeTagsCommand({ DryRun })),
  "ec2:DescribeVolumes": (ec2) => ec2.send(new DescribeVolumesCommand({ DryRun })),
  "ec2:DescribeVpcEndpoints": (ec2) => ec2.send(new DescribeVpcEndpointsCommand({ DryRun })),
  "ec2:DescribeVpcPeeringConnections": (ec2) => ec2.send(new DescribeVpcPeeringConnectionsCommand({ DryRun })),
  "ec2:DescribeVpcs": (ec2) => ec2.send(new DescribeVpcsCommand({ DryRun })),
  "ec2:CreateSecurityGroup": (ec2, { vpcId }) =>
    vpcId === null
      ? null
      : ec2.send(
          new CreateSecurityGroupCommand({ DryRun, VpcId: vpcId, GroupName: "cordon-doctor", Description: "dry run" }),
        ),
  "ec2:ModifyNetworkInterfaceAttribute": (ec2, { interfaceId, groupId }) =>
    interfaceId === null || groupId === null
      ? null
      : ec2.send(
          new ModifyNetworkInterfaceAttributeCommand({ DryRun, NetworkInterfaceId: interfaceId, Groups: [groupId] }),
        ),
  "ec2:ModifyInstanceAttribute": (ec2, { instanceId }) =>
    instanceId === null
      ? null
      : ec2.send(
          new ModifyInstanceAttributeCommand({
            DryRun,
            InstanceId: instanceId,
            DisableApiTermination: { Value: true },
          }),
        ),
  "ec2:CreateSnapshots": (ec2, { instanceId }) =>
    instanceId === null
      ? null
      : ec2.send(new CreateSnapshotsCommand({ DryRun, InstanceSpecification: { InstanceId: instanceId } })),
  "ec2:CreateTags": (ec2, { instanceId }) =>
    instanceId === null
      ? null
      : ec2.send(
          new CreateTagsCommand({
            DryRun,
            Resources: [instanceId],
            Tags: [{ Key: "cordon:doctor", Value: "dry run" }],
          }),
        ),
};

/**
 * Whether AWS would carry a call out, asked with `DryRun`: nothing is changed. `unknown` where the call has no dry run that
 * can be asked without something to ask about, and where AWS finds fault with something else first.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonParameters.html
 */
export async function dryRun(
  ec2: Sender,
  action: string,
  sample: Sample,
): Promise<"allowed" | "notAllowed" | "unknown"> {
  const asked = Object.hasOwn(asking, action) ? asking[action]?.(ec2, sample) : null;
  if (!asked) return "unknown";
  try {
    await asked;
    return "unknown"; // It was carried out: whoever answered knows no dry runs.
  } catch (error) {
    if (hasAwsCode(error, "DryRunOperation")) return "allowed";
    if (hasAwsCode(error, "UnauthorizedOperation")) return "notAllowed";
    if (error instanceof AwsCallError) return "unknown";
    throw error;
  }
}
