import { describe, expect, test } from "vitest";
import {
  attachNetwork,
  attachVpc,
  createCarrierGateway,
  createPeering,
  createTransitGateway,
  createVpnGateway,
} from "../build-gateways.ts";
import { createRouteTable, createSubnet, createVpc, putRoute } from "../build-network.ts";
import type { Vpc } from "../model.ts";
import { Lab, OPEN, OUTSIDE, type Machine, type Rule } from "../test-lab.ts";
import type { NetworkOptions } from "./options.ts";

const FROM_PEER: Rule = ["in", "udp", "10.9.0.0/16", 53];

/** A second VPC in the lab's Region with one machine in it. */
function farSide(lab: Lab): {
  readonly vpc: Vpc;
  readonly far: Machine;
  readonly table: ReturnType<typeof createRouteTable>;
} {
  const vpc = createVpc(lab.place, { cidr: "10.9.0.0/16" });
  const subnet = createSubnet(lab.place, { vpcId: vpc.id, cidr: "10.9.1.0/24" });
  const table = createRouteTable(lab.place, { vpcId: vpc.id, subnetIds: [subnet.id] });
  const far = lab.instance([lab.group(...OPEN)], { subnetId: subnet.id, ipv6Addresses: [] });
  return { vpc, far, table };
}

const ours = (lab: Lab): Vpc => lab.place.region.vpcs.get(lab.vpcId)!;
const ip = ({ network }: Machine): string => network.privateIps[0]!;
const denyAll = (lab: Lab, subnetId: string, egress: boolean): void => {
  for (const acl of lab.place.region.networkAcls.values())
    if (acl.associations.some((each) => each.subnetId === subnetId))
      acl.entries = acl.entries.filter((entry) => entry.egress !== egress);
};

describe("VPC peering", () => {
  test("carries packets along its routes, one way without a route back, and ends when it is deleted", () => {
    const lab = new Lab();
    const { vpc, far, table } = farSide(lab);
    const near = lab.instance([lab.group(FROM_PEER)]);
    const peering = createPeering({ place: lab.place, vpc: ours(lab) }, { place: lab.place, vpc });
    const ask = { protocol: "udp", near: 5000, far: 53 } as const;
    expect(far.send(ip(near), ask).reason).toBe("no-route");
    putRoute(lab.place, table, "10.0.0.0/16", { kind: "vpc-peering-connection", id: peering.id });
    expect(far.send(ip(near), ask)).toMatchObject({ delivered: true, tracked: true });
    peering.status = "deleted";
    expect(far.send(ip(near), ask).reason).toBe("no-route");
  });

  test("is judged by the network ACLs of both subnets", () => {
    const lab = new Lab();
    const { vpc, far, table } = farSide(lab);
    const near = lab.instance([lab.group(...OPEN)]);
    const peering = createPeering({ place: lab.place, vpc: ours(lab) }, { place: lab.place, vpc });
    putRoute(lab.place, table, "10.0.0.0/16", { kind: "vpc-peering-connection", id: peering.id });
    denyAll(lab, lab.publicSubnet, false);
    expect(far.send(ip(near), { tcp: "syn" })).toMatchObject({ delivered: false, reason: "network-acl" });
  });

  test("lets addresses in that the range knows by their block only", () => {
    const lab = new Lab();
    const { vpc } = farSide(lab);
    const near = lab.instance([lab.group(FROM_PEER)], { subnetId: lab.privateSubnet });
    const packet = { protocol: "udp", near: 53, far: 5000 } as const;
    expect(near.receive("10.9.7.7", packet).delivered).toBe(false);
    createPeering({ place: lab.place, vpc: ours(lab) }, { place: lab.place, vpc });
    expect(near.receive("10.9.7.7", packet)).toMatchObject({ delivered: true, tracked: true });
  });
});

describe("transit gateways", () => {
  const joined = (attachedTo: "same" | "other", options: Partial<NetworkOptions> = {}) => {
    const lab = new Lab(options);
    const { vpc, far, table } = farSide(lab);
    const near = lab.instance([lab.group(...OPEN)]);
    const hub = createTransitGateway(lab.place);
    attachVpc(lab.place, hub, {
      vpc: ours(lab),
      subnetIds: [attachedTo === "same" ? lab.publicSubnet : lab.otherSubnet],
    });
    attachVpc(lab.place, hub, { vpc, subnetIds: [far.network.subnetId] });
    for (const [routes, cidr] of [
      [table, "10.0.0.0/16"],
      [lab.publicTable, "10.9.0.0/16"],
    ] as const)
      putRoute(lab.place, routes, cidr, { kind: "transit-gateway", id: hub.id });
    return { lab, near, far, hub };
  };

  test("are tracked whatever the rules say, unless the world is told otherwise", () => {
    const { near, far } = joined("other");
    expect(near.send(ip(far), { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    const told = joined("other", { tracksTransitGateways: false });
    expect(told.near.send(ip(told.far), { tcp: "syn" })).toMatchObject({ delivered: true, tracked: false });
  });

  test("attached in another subnet, they bring in nothing that the subnet's network ACL denies", () => {
    const { lab, near, far } = joined("other");
    for (const acl of lab.place.region.networkAcls.values()) if (acl.vpcId === lab.vpcId) acl.entries = [];
    expect(far.send(ip(near), { tcp: "syn" })).toMatchObject({ delivered: false, reason: "network-acl" });
  });

  test("attached in the same subnet, they bring everything in past its network ACL, and take nothing out past it", () => {
    const { lab, near, far } = joined("same");
    for (const acl of lab.place.region.networkAcls.values()) if (acl.vpcId === lab.vpcId) acl.entries = [];
    expect(far.send(ip(near), { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    expect(near.send(ip(far))).toMatchObject({ delivered: false, reason: "network-acl" });
  });

  test("reach networks outside the range by their blocks, both ways", () => {
    const { lab, near, hub } = joined("same");
    putRoute(lab.place, lab.publicTable, "192.168.0.0/16", { kind: "transit-gateway", id: hub.id });
    expect(near.send("192.168.4.4", { tcp: "syn" }).reason).toBe("no-route");
    const vpn = attachNetwork(lab.place, hub, { resourceType: "vpn", resourceId: "vpn-1", cidrs: ["192.168.0.0/16"] });
    expect(near.send("192.168.4.4", { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    expect(near.receive("192.168.4.5", { near: 22, far: 50_000, tcp: "syn" }).delivered).toBe(true);
    vpn.state = "deleted";
    expect(near.receive("192.168.4.6", { near: 22, far: 50_000, tcp: "syn" }).delivered).toBe(
      true, // By the internet gateway: the machine has a public address, and nobody filters what a sender claims to be.
    );
  });
});

describe("VPN and carrier gateways", () => {
  test("a VPN gateway carries packets to and from the blocks behind it", () => {
    const lab = new Lab();
    const near = lab.instance([lab.group(...OPEN)], { subnetId: lab.privateSubnet });
    const packet = { near: 22, far: 50_000, tcp: "syn" } as const;
    expect(near.receive("172.16.3.3", packet).delivered).toBe(false);
    const vpn = createVpnGateway(lab.place, { vpcId: lab.vpcId, cidrs: ["172.16.0.0/12"] });
    expect(near.receive("172.16.3.3", packet)).toMatchObject({ delivered: true });
    vpn.state = "deleted";
    expect(near.receive("172.16.3.3", packet).delivered).toBe(false);
  });

  test("a carrier gateway carries packets of the carrier's address, without any internet gateway", () => {
    const lab = new Lab();
    lab.place.region.internetGateways.clear();
    const near = lab.instance([lab.group(...OPEN)]);
    expect(near.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(false);
    const carrier = createCarrierGateway(lab.place, { vpcId: lab.vpcId });
    putRoute(lab.place, lab.publicTable, "0.0.0.0/0", { kind: "carrier-gateway", id: carrier.id });
    expect(near.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    expect(near.receive(OUTSIDE).delivered).toBe(true);
  });
});

describe("ICMP errors", () => {
  test("about a tracked flow pass groups without a rule for them; about anything else they do not", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["out", "tcp", "198.51.100.7/32", 443])]);
    machine.connect(OUTSIDE);
    const inside = { kind: "interface", interfaceId: machine.network.id, ip: ip(machine) } as const;
    const about = (port: number) =>
      lab.network.send({
        from: { kind: "external", ip: "192.0.2.1" },
        to: inside,
        protocol: "icmp",
        icmp: { type: 3, code: 4 },
        regarding: {
          from: inside,
          to: { kind: "external", ip: OUTSIDE },
          protocol: "tcp",
          fromPort: port,
          toPort: 443,
        },
      });
    expect(about(40_000)).toMatchObject({ delivered: true, tracked: true });
    expect(about(40_001)).toMatchObject({ delivered: false, reason: "security-group" });
  });
});
