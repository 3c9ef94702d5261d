import {
  DescribeNetworkInterfacesCommand,
  ModifyNetworkInterfaceAttributeCommand,
  type NetworkInterface as Described,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** Idle timers in seconds; null where the interface uses its type's default. */
export interface ConnectionTracking {
  readonly tcpEstablished: number | null;
  readonly udp: number | null;
  readonly udpStream: number | null;
}

export interface NetworkInterface {
  readonly id: string;
  readonly vpcId: string;
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  /** IPv4, the primary one first. */
  readonly privateAddresses: readonly string[];
  readonly ipv6Addresses: readonly string[];
  /** Blocks that are delegated to it: their addresses are its own. */
  readonly delegatedPrefixes: readonly string[];
  /** Whether AWS drops packets that are neither from nor to it. */
  readonly checksAddresses: boolean;
  readonly publicAddresses: readonly string[];
  /** The service that owns it and alone may change it; null where the account does. */
  readonly managedBy: string | null;
  readonly instanceId: string | null;
  readonly deviceIndex: number | null;
  readonly interfaceType: string;
  /** Null where no timer was set on it. */
  readonly connectionTracking: ConnectionTracking | null;
}

/** Per page; 1,000 is the most AWS gives. */
const pageSize = 1000;
const mostPages = 20;

/** All interfaces attached to an instance, in AWS's own order of attachment. */
export async function interfacesOf(sender: Sender, instanceId: string): Promise<readonly NetworkInterface[]> {
  const found = await interfacesThat(sender, { name: "attachment.instance-id", values: [instanceId] });
  return [...found].sort(byDevice);
}

/** So many values a filter may have: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
const mostValues = 200;

/** All interfaces of the Region that have one of some groups, whoever they belong to. */
export async function interfacesWithGroups(
  sender: Sender,
  groupIds: readonly string[],
): Promise<readonly NetworkInterface[]> {
  const parts = Array.from({ length: Math.ceil(groupIds.length / mostValues) }, (_, part) =>
    groupIds.slice(part * mostValues, (part + 1) * mostValues),
  );
  const found = await Promise.all(parts.map((values) => interfacesThat(sender, { name: "group-id", values })));
  return [...new Map(found.flat().map((one) => [one.id, one])).values()];
}

/** Interfaces by their ids, as far as AWS shows them. */
export async function interfacesById(sender: Sender, ids: readonly string[]): Promise<readonly NetworkInterface[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / mostValues) }, (_, part) =>
    ids.slice(part * mostValues, (part + 1) * mostValues),
  );
  const found = await Promise.all(
    parts.map((values) => interfacesThat(sender, { name: "network-interface-id", values })),
  );
  return found.flat();
}

async function interfacesThat(
  sender: Sender,
  { name, values }: { readonly name: string; readonly values: readonly string[] },
): Promise<readonly NetworkInterface[]> {
  const found: NetworkInterface[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { NetworkInterfaces = [], NextToken } = await sender.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: name, Values: [...values] }],
        MaxResults: pageSize,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...NetworkInterfaces.map(read));
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", {
    what: `interfaces with ${name} ${values.join(", ")}`,
    pages: String(mostPages),
  });
}

/** One interface; null where AWS shows none of this id (any more, or not yet). */
export async function findInterface(sender: Sender, id: string): Promise<NetworkInterface | null> {
  const { NetworkInterfaces = [] } = await sender.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "network-interface-id", Values: [id] }] }),
  );
  const described = NetworkInterfaces.find(({ NetworkInterfaceId }) => NetworkInterfaceId === id);
  return described === undefined ? null : read(described);
}

/** Replaces all groups of an interface. */
export async function setGroups(sender: Sender, id: string, groupIds: readonly string[]): Promise<void> {
  await sender.send(new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: id, Groups: [...groupIds] }));
}

/** Sets the idle timers of an interface, in seconds. Instances on Nitro only. */
export async function setConnectionTracking(
  sender: Sender,
  id: string,
  timers: { readonly [Timer in keyof ConnectionTracking]: number },
): Promise<void> {
  const { tcpEstablished, udp, udpStream } = timers;
  await sender.send(
    new ModifyNetworkInterfaceAttributeCommand({
      NetworkInterfaceId: id,
      ConnectionTrackingSpecification: {
        TcpEstablishedTimeout: tcpEstablished,
        UdpTimeout: udp,
        UdpStreamTimeout: udpStream,
      },
    }),
  );
}

function read(described: Described): NetworkInterface {
  const privates = [...(described.PrivateIpAddresses ?? [])].sort(
    (left, right) => Number(right.Primary ?? false) - Number(left.Primary ?? false),
  );
  const publics = privates.map(({ Association }) => Association?.PublicIp);
  return {
    id: required(described.NetworkInterfaceId),
    vpcId: required(described.VpcId),
    subnetId: required(described.SubnetId),
    groupIds: present((described.Groups ?? []).map(({ GroupId }) => GroupId)),
    privateAddresses: present(privates.map(({ PrivateIpAddress }) => PrivateIpAddress)),
    ipv6Addresses: present((described.Ipv6Addresses ?? []).map(({ Ipv6Address }) => Ipv6Address)),
    delegatedPrefixes: present([
      ...(described.Ipv4Prefixes ?? []).map(({ Ipv4Prefix }) => Ipv4Prefix),
      ...(described.Ipv6Prefixes ?? []).map(({ Ipv6Prefix }) => Ipv6Prefix),
    ]),
    checksAddresses: described.SourceDestCheck === true,
    publicAddresses: [...new Set(present([described.Association?.PublicIp, ...publics]))],
    managedBy: ownerOf(described),
    instanceId: described.Attachment?.InstanceId ?? null,
    deviceIndex: described.Attachment?.DeviceIndex ?? null,
    interfaceType: described.InterfaceType ?? "interface",
    connectionTracking: timersOf(described),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/requester-managed-eni.html */
function ownerOf({ RequesterManaged, RequesterId, Operator }: Described): string | null {
  if (Operator?.Managed === true) return Operator.Principal ?? "an AWS service";
  return RequesterManaged === true ? (RequesterId ?? "an AWS service") : null;
}

function timersOf({ ConnectionTrackingConfiguration: timers }: Described): ConnectionTracking | null {
  if (timers === undefined) return null;
  const { TcpEstablishedTimeout = null, UdpTimeout = null, UdpStreamTimeout = null } = timers;
  if (TcpEstablishedTimeout === null && UdpTimeout === null && UdpStreamTimeout === null) return null;
  return { tcpEstablished: TcpEstablishedTimeout, udp: UdpTimeout, udpStream: UdpStreamTimeout };
}

function byDevice(left: NetworkInterface, right: NetworkInterface): number {
  return (left.deviceIndex ?? 0) - (right.deviceIndex ?? 0) || (left.id < right.id ? -1 : 1);
}

function present(values: readonly (string | undefined)[]): readonly string[] {
  return values.filter((value) => value !== undefined);
}

function required(value: string | undefined): string {
  if (value === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS described an interface without an id, a VPC or a subnet" });
  return value;
}
