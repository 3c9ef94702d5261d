import type { Instance, NetworkInterface, Route, Subnet } from "../../world/model.ts";
import { aclAllows } from "../../world/network/acl-evaluation.ts";
import { ruleAllows, rulesOf } from "../../world/network/group-evaluation.ts";
import type { PacketView } from "../../world/network/packet.ts";
import { findRoute, networkAclOf } from "../../world/network/routes.ts";
import { interfacesOf } from "../../world/place.ts";
import { publicAddressFor } from "../../world/public-addresses.ts";
import type { Place } from "../../world/world.ts";

/** Stands for the public addresses of Systems Manager: a documentation address, as everything outside is. */
const PUBLIC_SERVICE = "203.0.113.250";

/** What an agent of today calls: https://docs.aws.amazon.com/systems-manager/latest/userguide/setup-create-vpc.html */
const NEEDED = ["ssm", "ssmmessages"];

/** How an agent could connect anew: through endpoints of its VPC, which its names lead to where there are some, or over the internet. */
export function agentPath(place: Place, instance: Instance): "internet" | "endpoint" | null {
  for (const network of interfacesOf(place, instance)) {
    const subnet = place.region.subnets.get(network.subnetId);
    if (!subnet) continue;
    const addresses = endpointAddresses(place, network);
    if (addresses !== null) {
      if (addresses.every((address) => mayLeave(place, network, address) && mayCross(place, subnet, network, address)))
        return "endpoint";
    } else if (
      mayLeave(place, network, PUBLIC_SERVICE) &&
      mayCross(place, subnet, network, PUBLIC_SERVICE) &&
      leadsOutside(network, findRoute(place.region, subnet, PUBLIC_SERVICE)?.route)
    ) {
      return "internet";
    }
  }
  return null;
}

/**
 * Whether a new connection of an instance reaches S3 of its Region: through a gateway endpoint that a route leads to, an
 * interface endpoint, or over the internet. https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html
 */
export function reachesS3(place: Place, instance: Instance): boolean {
  const { region } = place;
  const list = [...region.prefixLists.values()].find(({ name }) => name === `com.amazonaws.${region.name}.s3`);
  const cidr = list?.entries[0]?.cidr;
  const address = cidr === undefined ? PUBLIC_SERVICE : cidr.slice(0, cidr.indexOf("/"));
  return interfacesOf(place, instance).some((network) => {
    const subnet = region.subnets.get(network.subnetId);
    if (!subnet) return false;
    const inside = interfaceEndpoint(place, network, "s3");
    if (inside !== null) return mayLeave(place, network, inside) && mayCross(place, subnet, network, inside);
    const route = findRoute(region, subnet, address)?.route;
    const leads = route?.target.kind === "vpc-endpoint" || leadsOutside(network, route);
    return leads && mayLeave(place, network, address) && mayCross(place, subnet, network, address);
  });
}

/** A network ACL is stateless: only it can still stop what is tracked. */
export function isEndpointStillTracked(place: Place, instance: Instance): boolean {
  return interfacesOf(place, instance).some((network) => {
    const subnet = place.region.subnets.get(network.subnetId);
    const addresses = endpointAddresses(place, network);
    return addresses !== null && subnet !== undefined && addresses.every((to) => mayCross(place, subnet, network, to));
  });
}

/** The addresses of the endpoints that an agent needs, in the interface's VPC; null where one is missing. */
function endpointAddresses(place: Place, network: NetworkInterface): readonly string[] | null {
  const found = NEEDED.map((service) => interfaceEndpoint(place, network, service));
  return found.every((each) => each !== null) ? found : null;
}

/** The address of a service's interface endpoint in the interface's VPC; null where there is none. */
function interfaceEndpoint({ region }: Place, { vpcId }: NetworkInterface, service: string): string | null {
  const found = [...region.vpcEndpoints.values()].find(
    (each) => each.vpcId === vpcId && each.kind === "Interface" && each.serviceName.endsWith(`.${service}`),
  );
  if (!found) return null;
  const cidr = region.vpcs.get(vpcId)?.cidr ?? "";
  const somewhere = cidr.slice(0, cidr.indexOf("/")); // A staged endpoint need not have an interface of its own.
  return region.interfaces.get(found.interfaceIds[0] ?? "")?.privateIps[0] ?? somewhere;
}

function mayLeave({ region }: Place, network: NetworkInterface, to: string): boolean {
  return rulesOf(region, network).some((rule) => ruleAllows(region, rule, view(network, to, "egress")));
}

function mayCross({ region }: Place, subnet: Subnet, network: NetworkInterface, to: string): boolean {
  const acl = networkAclOf(region, subnet);
  return (
    acl !== undefined &&
    aclAllows(acl.entries, view(network, to, "egress")) &&
    aclAllows(acl.entries, view(network, to, "ingress"))
  );
}

function leadsOutside(network: NetworkInterface, route: Route | undefined): boolean {
  if (route?.target.kind === "nat-gateway") return true;
  return route?.target.kind === "internet-gateway" && publicAddressFor(network, network.privateIps[0] ?? "") !== null;
}

function view({ privateIps }: NetworkInterface, remoteIp: string, direction: "egress" | "ingress"): PacketView {
  const [sourcePort, destinationPort] = direction === "egress" ? [50_000, 443] : [443, 50_000];
  return {
    direction,
    localIp: privateIps[0] ?? "",
    remoteIp,
    protocol: 6,
    sourcePort,
    destinationPort,
    icmp: null,
    startsConnection: false,
    endsConnection: false,
  };
}
