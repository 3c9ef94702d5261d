/** Reads what an instance itself shows of its interfaces and its state, which DescribeNetworkInterfaces may not show. */
import { DescribeInstancesCommand, type Instance, type InstanceNetworkInterface } from "@aws-sdk/client-ec2";
import type { NetworkInterface } from "./network-interfaces.ts";
import type { Sender } from "./sender.ts";

export interface InstanceNetwork {
  /** Stopped, and AWS says that it is not hibernated: then nothing of its flows is left in its memory. */
  readonly isStopped: boolean;
  /** Interfaces of other accounts among them, which DescribeNetworkInterfaces does not show. */
  readonly interfaces: readonly NetworkInterface[];
}

/** Null if the account has no instance of this id. */
export async function instanceNetwork(ec2: Sender, instanceId: string): Promise<InstanceNetwork | null> {
  const { Reservations = [] } = await ec2.send(
    new DescribeInstancesCommand({ Filters: [{ Name: "instance-id", Values: [instanceId] }] }),
  );
  for (const { Instances = [], OwnerId } of Reservations)
    for (const instance of Instances)
      if (instance.InstanceId === instanceId)
        return {
          isStopped: isStopped(instance),
          interfaces: (instance.NetworkInterfaces ?? []).flatMap((each) => toInterface(each, instanceId, OwnerId)),
        };
  return null;
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html */
function isStopped({ State, StateReason, HibernationOptions }: Instance): boolean {
  if (State?.Name !== "stopped") return false;
  return HibernationOptions?.Configured === false || StateReason?.Code === "Client.UserInitiatedShutdown";
}

/** What the owner of another account's interface allows there is not shown. */
function toInterface(
  shown: InstanceNetworkInterface,
  instanceId: string,
  account: string | undefined,
): readonly NetworkInterface[] {
  const { NetworkInterfaceId: id, VpcId: vpcId, SubnetId: subnetId, OwnerId: owner } = shown;
  if (id === undefined || vpcId === undefined || subnetId === undefined) return [];
  return [
    {
      id,
      vpcId,
      subnetId,
      groupIds: (shown.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
      privateAddresses: (shown.PrivateIpAddresses ?? []).flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
      ipv6Addresses: (shown.Ipv6Addresses ?? []).flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
      delegatedPrefixes: [
        ...(shown.Ipv4Prefixes ?? []).flatMap(({ Ipv4Prefix }) => Ipv4Prefix ?? []),
        ...(shown.Ipv6Prefixes ?? []).flatMap(({ Ipv6Prefix }) => Ipv6Prefix ?? []),
      ],
      checksAddresses: shown.SourceDestCheck === true,
      publicAddresses: shown.Association?.PublicIp === undefined ? [] : [shown.Association.PublicIp],
      managedBy: owner === undefined || owner === account ? null : `account ${owner}`,
      instanceId,
      deviceIndex: shown.Attachment?.DeviceIndex ?? null,
      interfaceType: shown.InterfaceType ?? "interface",
      connectionTracking: null,
    },
  ];
}
