/** Stages what joins a VPC to other networks, so that its descriptions are held to the published models too. */
import type { Range } from "../../src/range/range.ts";
import { TARGET_ACCOUNT, TARGET_REGION } from "../../src/range/scenarios/scenario.ts";
import {
  attachNetwork,
  attachVpc,
  createCarrierGateway,
  createPeering,
  createTrafficMirror,
  createTransitGateway,
  createVpnGateway,
} from "../../src/range/world/build-gateways.ts";
import { createInternetGateway, createRouteTable, createVpc, putRoute } from "../../src/range/world/build-network.ts";
import { createVpcEndpoint } from "../../src/range/world/endpoints.ts";

/** One of each, beside what the scenario has. */
export function stageGateways({ world, scenario }: Range): void {
  const place = world.place(TARGET_ACCOUNT, TARGET_REGION);
  const instance = place.region.instances.get(scenario.targets[0]?.instanceId ?? "");
  const vpc = place.region.vpcs.get(instance?.vpcId ?? "");
  const [mirrored, target] = [...place.region.interfaces.keys()];
  if (!instance || !vpc || mirrored === undefined || target === undefined) throw new TypeError("no target is staged");
  const other = createVpc(place, { cidr: "10.70.0.0/16" });
  const peering = createPeering({ place, vpc }, { place, vpc: other });
  const hub = createTransitGateway(place);
  attachVpc(place, hub, { vpc, subnetIds: [instance.subnetId] });
  attachNetwork(place, hub, { resourceType: "vpn", resourceId: "vpn-0123456789abcdef0", cidrs: ["192.168.0.0/16"] });
  const vpn = createVpnGateway(place, { vpcId: vpc.id, cidrs: ["172.16.0.0/12"] });
  const carrier = createCarrierGateway(place, { vpcId: vpc.id });
  const egress = createInternetGateway(place, { vpcId: vpc.id, egressOnly: true });
  createTrafficMirror(place, { interfaceId: mirrored, targetInterfaceId: target });
  createVpcEndpoint(place, {
    vpcId: vpc.id,
    serviceName: "com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0",
    kind: "GatewayLoadBalancer",
  });
  const table = createRouteTable(place, { vpcId: other.id });
  putRoute(place, table, "10.71.0.0/16", { kind: "vpc-peering-connection", id: peering.id });
  putRoute(place, table, "10.72.0.0/16", { kind: "transit-gateway", id: hub.id });
  putRoute(place, table, "10.73.0.0/16", { kind: "vpn-gateway", id: vpn.id });
  putRoute(place, table, "10.74.0.0/16", { kind: "carrier-gateway", id: carrier.id });
  putRoute(place, table, "::/0", { kind: "egress-only-internet-gateway", id: egress.id });
  for (const group of place.region.securityGroups.values())
    if (group.vpcId === vpc.id && group.name === "monitoring") group.associatedVpcIds.push(other.id);
  const network = place.region.interfaces.get(mirrored);
  if (network) network.delegatedPrefixes = ["10.20.1.64/28"];
}
