import type { ElasticAddress, NetworkInterface, PublicAddress } from "./model.ts";
import { interfacesOf } from "./place.ts";
import type { Place } from "./world.ts";

/** All public addresses of an interface, the primary address's first. */
export function publicAddressesOf(network: NetworkInterface): readonly PublicAddress[] {
  return [...(network.publicAddress ? [network.publicAddress] : []), ...network.furtherPublicAddresses];
}

/** The public address that stands for one of an interface's private addresses. */
export function publicAddressFor(network: NetworkInterface, privateIp: string): PublicAddress | null {
  return publicAddressesOf(network).find((address) => address.privateIp === privateIp) ?? null;
}

/** Associates an elastic address with a private address; what stood for that one before is given back. Returns the association's id. */
export function bindAddress(
  place: Place,
  address: ElasticAddress,
  { target, privateIp }: { readonly target: NetworkInterface; readonly privateIp: string },
): string {
  const { world, region } = place;
  const present = publicAddressFor(target, privateIp);
  if (present?.allocationId) letGo(place, region.elasticAddresses.get(present.allocationId), target);
  if (address.interfaceId !== null) letGo(place, address, region.interfaces.get(address.interfaceId));
  const associationId = world.newId("eipassoc");
  world.change(address, () => Object.assign(address, { associationId, interfaceId: target.id, privateIp }));
  const bound: PublicAddress = { ip: address.publicIp, allocationId: address.id, associationId, privateIp };
  world.change(target, () => {
    if (privateIp === target.privateIps[0]) target.publicAddress = bound;
    else target.furtherPublicAddresses = [...target.furtherPublicAddresses, bound];
  });
  return associationId;
}

/**
 * Takes an elastic address off its interface.
 *
 * An instance with one interface that gets an automatic address at launch is given a new one in its place:
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/using-instance-addressing.html
 * The range takes the subnet's setting for the launch's.
 */
export function unbindAddress(place: Place, address: ElasticAddress): void {
  const target = place.region.interfaces.get(address.interfaceId ?? "");
  letGo(place, address, target);
  if (target) giveAutomaticAddress(place, target);
}

function letGo({ world }: Place, address: ElasticAddress | undefined, target: NetworkInterface | undefined): void {
  if (!address) return;
  world.change(address, () => Object.assign(address, { associationId: null, interfaceId: null, privateIp: null }));
  if (!target) return;
  world.change(target, () => {
    if (target.publicAddress?.allocationId === address.id) target.publicAddress = null;
    target.furtherPublicAddresses = target.furtherPublicAddresses.filter(
      ({ allocationId }) => allocationId !== address.id,
    );
  });
}

function giveAutomaticAddress(place: Place, target: NetworkInterface): void {
  const { world, region } = place;
  const instance = region.instances.get(target.attachment?.instanceId ?? "");
  const takesOne = region.subnets.get(target.subnetId)?.mapPublicIpOnLaunch === true;
  if (!instance || !takesOne || target.publicAddress || interfacesOf(place, instance).length !== 1) return;
  const privateIp = target.privateIps[0] ?? "";
  const ip = `203.0.113.${1 + Math.floor(world.random() * 254)}`;
  world.change(target, () => (target.publicAddress = { ip, allocationId: null, associationId: null, privateIp }));
}
