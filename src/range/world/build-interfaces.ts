import { addressAt, formatAddress, parseAddress } from "./addresses.ts";
import type { Instance, InterfaceAttachment, NetworkInterface, Operator, PublicAddress, Subnet, Tag } from "./model.ts";
import type { Place } from "./world.ts";

export interface InterfaceOptions {
  readonly subnetId: string;
  readonly groupIds: readonly string[];
  readonly privateIp?: string;
  readonly secondaryPrivateIps?: readonly string[];
  readonly ipv6Addresses?: readonly string[];
  /** An automatic public address (not an elastic one). */
  readonly publicIp?: string;
  readonly description?: string;
  readonly interfaceType?: string;
  /** The service that made it for itself: only tags may be changed, it cannot be detached. */
  readonly requesterId?: string;
  readonly operator?: Operator;
  readonly trunkInterfaceId?: string;
  readonly sourceDestCheck?: boolean;
  readonly tags?: Tag[];
}

export function createInterface({ world, region }: Place, options: InterfaceOptions): NetworkInterface {
  const subnet = region.subnets.get(options.subnetId);
  if (!subnet) throw new TypeError(`no such subnet in the range: ${options.subnetId}`);
  const privateIp = options.privateIp ?? freeAddress(subnet, [...region.interfaces.values()]);
  return world.add<NetworkInterface>(region.interfaces, {
    id: world.newId("eni"),
    tags: options.tags ?? [],
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    availabilityZone: subnet.availabilityZone,
    description: options.description ?? "",
    macAddress: macAddressOf(privateIp),
    privateIps: [privateIp, ...(options.secondaryPrivateIps ?? [])],
    ipv6Addresses: [...(options.ipv6Addresses ?? [])],
    publicAddress: options.publicIp === undefined ? null : automaticAddress(options.publicIp, privateIp),
    furtherPublicAddresses: [],
    groupIds: [...options.groupIds],
    attachment: null,
    requesterManaged: options.requesterId !== undefined,
    requesterId: options.requesterId ?? null,
    operator: options.operator ?? null,
    interfaceType: options.interfaceType ?? "interface",
    trunkInterfaceId: options.trunkInterfaceId ?? null,
    sourceDestCheck: options.sourceDestCheck ?? true,
    connectionTracking: null,
  });
}

export interface AttachOptions {
  readonly deviceIndex: number;
  readonly networkCardIndex?: number;
  readonly deleteOnTermination?: boolean;
  /** Now when left out. */
  readonly attachedAt?: number;
}

/** Attaches an interface; the instance may have interfaces in several VPCs of its zone. */
export function attachInterface(
  { world }: Place,
  target: NetworkInterface,
  instance: Pick<Instance, "id">,
  options: AttachOptions,
): InterfaceAttachment {
  const attachment: InterfaceAttachment = {
    id: world.newId("eni-attach"),
    instanceId: instance.id,
    deviceIndex: options.deviceIndex,
    networkCardIndex: options.networkCardIndex ?? 0,
    deleteOnTermination: options.deleteOnTermination ?? false,
    status: "attached",
    attachTime: options.attachedAt ?? world.now(),
  };
  world.change(target, () => (target.attachment = attachment));
  return attachment;
}

export function detachInterface({ world }: Place, target: NetworkInterface): void {
  world.change(target, () => (target.attachment = null));
}

export function automaticAddress(ip: string, privateIp: string): PublicAddress {
  return { ip, allocationId: null, associationId: null, privateIp };
}

/** AWS keeps the first four addresses of a subnet and the last one. */
function freeAddress(subnet: Subnet, interfaces: readonly NetworkInterface[]): string {
  const taken = new Set(
    interfaces.filter(({ subnetId }) => subnetId === subnet.id).flatMap(({ privateIps }) => privateIps),
  );
  const size = 2 ** (32 - Number(subnet.cidr.split("/")[1]));
  for (let offset = 4; offset < size - 1; offset++) {
    const candidate = addressAt(subnet.cidr, offset);
    if (!taken.has(candidate)) return candidate;
  }
  throw new TypeError(`subnet ${subnet.id} has no free address`);
}

/** Derived from the address: unique inside a VPC, and the same in every run. */
function macAddressOf(privateIp: string): string {
  const value = parseAddress(privateIp)?.value ?? 0n;
  const bytes = formatAddress({ family: 4, value })
    .split(".")
    .map((byte) => Number(byte).toString(16).padStart(2, "0"));
  return `0a:fe:${bytes.join(":")}`;
}
