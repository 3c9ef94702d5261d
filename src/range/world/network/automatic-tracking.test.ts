import { describe, expect, test } from "vitest";
import { createInternetGateway, createPrefixList, createRouteTable, createSubnet, putRoute } from "../build-network.ts";
import { Lab, OPEN, OUTSIDE, OUTSIDE_V6, type Machine, type Rule } from "../test-lab.ts";

const WEB_OUT: Rule = ["out", "tcp", "0.0.0.0/0", 443];

/** A world in which every other flow would be converted. */
const CONVERTING = { openWindowConverts: "flows-with-a-packet" } as const;

/** Whether the flow outlives what would convert any other one. */
function survivesConversion(lab: Lab, machine: Machine, to: string): boolean {
  machine.moveTo(lab.group(...OPEN));
  machine.send(to, { tcp: "syn" });
  machine.send(to);
  machine.moveTo(lab.group());
  return machine.send(to).delivered;
}

describe("paths that AWS tracks even with open rules", () => {
  test("NAT gateways", () => {
    const lab = new Lab(CONVERTING);
    const machine = lab.instance([lab.group(...OPEN)], { subnetId: lab.privateSubnet });
    expect(machine.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    expect(survivesConversion(lab, machine, OUTSIDE)).toBe(true);
    expect(machine.receive(OUTSIDE).delivered).toBe(true);
  });

  test("egress-only internet gateways", () => {
    const lab = new Lab(CONVERTING);
    const gateway = createInternetGateway(lab.place, { vpcId: lab.vpcId, egressOnly: true });
    putRoute(lab.place, lab.publicTable, "::/0", { kind: "egress-only-internet-gateway", id: gateway.id });
    const machine = lab.instance([lab.group(...OPEN)]);
    expect(survivesConversion(lab, machine, OUTSIDE_V6)).toBe(true);
    expect(machine.receive(OUTSIDE_V6).delivered).toBe(true);
    expect(machine.receive("2001:db8:ffff::8", { tcp: "syn" })).toMatchObject({ delivered: false, reason: "no-route" });
  });

  test.each(["network-load-balancer", "global-accelerator", "network-firewall"] as const)(
    "flows by way of a %s",
    (via) => {
      const lab = new Lab(CONVERTING);
      const machine = lab.instance([lab.group(...OPEN)]);
      expect(machine.receive(OUTSIDE, { via, tcp: "syn", near: 80, far: 50_000 })).toMatchObject({
        delivered: true,
        tracked: true,
      });
    },
  );

  test.each(["vpc_endpoint", "network_load_balancer", "lambda"])(
    "flows with an interface of type %s",
    (interfaceType) => {
      const lab = new Lab(CONVERTING);
      const endpoint = lab.serviceInterface(interfaceType, [lab.group(...OPEN)]);
      const machine = lab.instance([lab.group(...OPEN)]);
      expect(survivesConversion(lab, machine, endpoint.privateIps[0]!)).toBe(true);
    },
  );

  test("DynamoDB's gateway endpoint, and not S3's", () => {
    const lab = new Lab(CONVERTING);
    const dynamo = createPrefixList(lab.place, {
      name: "com.amazonaws.eu-central-1.dynamodb",
      cidrs: ["52.94.5.0/24"],
    });
    const s3 = createPrefixList(lab.place, { name: "com.amazonaws.eu-central-1.s3", cidrs: ["52.219.72.0/22"] });
    for (const { id } of [dynamo, s3])
      putRoute(lab.place, lab.publicTable, id, { kind: "vpc-endpoint", id: "vpce-01" });
    const machine = lab.instance([lab.group(...OPEN)]);
    expect(machine.send("52.94.5.1", { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    expect(machine.send("52.219.72.1", { tcp: "syn" })).toMatchObject({ delivered: true, tracked: false });
  });
});

describe("idle timers", () => {
  const aliveAfter = (options: { type: string; seconds: number; setting?: number }): boolean => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { instanceType: options.type });
    if (options.setting !== undefined)
      machine.network.connectionTracking = {
        tcpEstablishedTimeout: options.setting,
        udpTimeout: null,
        udpStreamTimeout: null,
      };
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group());
    lab.clock.pass(options.seconds);
    return machine.send(OUTSIDE).delivered;
  };

  test("an established TCP flow is forgotten after 350 idle seconds on Nitro v6", () => {
    expect(aliveAfter({ type: "m8i.large", seconds: 349 })).toBe(true);
    expect(aliveAfter({ type: "m8i.large", seconds: 350 })).toBe(false);
  });

  test("an established TCP flow is forgotten after five idle days on every other type", () => {
    expect(aliveAfter({ type: "m5.large", seconds: 431_999 })).toBe(true);
    expect(aliveAfter({ type: "m5.large", seconds: 432_000 })).toBe(false);
  });

  test("the timer is set per interface on Nitro, and has no effect without Nitro", () => {
    expect(aliveAfter({ type: "m5.large", seconds: 60, setting: 60 })).toBe(false);
    expect(aliveAfter({ type: "t2.micro", seconds: 60, setting: 60 })).toBe(true);
  });

  test("a packet starts the idle time anew", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { instanceType: "m8i.large" });
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group());
    for (let beat = 0; beat < 10; beat++) {
      lab.clock.pass(300);
      expect(machine.send(OUTSIDE).delivered).toBe(true);
    }
  });

  test("a UDP flow is forgotten after 30 s, a UDP stream after 180 s", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["out", "udp", "0.0.0.0/0"])]);
    const udp = { protocol: "udp" } as const;
    machine.send(OUTSIDE, udp);
    machine.receive(OUTSIDE, udp);
    lab.clock.pass(30);
    expect(machine.receive(OUTSIDE, udp).delivered).toBe(false);
    for (let turn = 0; turn < 2; turn++) {
      machine.send(OUTSIDE, udp);
      machine.receive(OUTSIDE, udp);
    }
    lab.clock.pass(179);
    expect(machine.receive(OUTSIDE, udp).delivered).toBe(true);
    lab.clock.pass(180);
    expect(machine.receive(OUTSIDE, udp).delivered).toBe(false);
  });

  test("flows of a Network Load Balancer have timers of their own: TCP 350 s", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["in", "tcp", "0.0.0.0/0", 80])]);
    const flow = { via: "network-load-balancer", near: 80, far: 50_000 } as const;
    machine.receive(OUTSIDE, { ...flow, tcp: "syn" });
    machine.moveTo(lab.group());
    lab.clock.pass(349);
    expect(machine.receive(OUTSIDE, flow).delivered).toBe(true);
    lab.clock.pass(350);
    expect(machine.receive(OUTSIDE, flow).delivered).toBe(false);
  });

  test.each([
    ["new-flows", true],
    ["all-flows", false],
  ] as const)(
    "whether a lowered timer reaches flows that exist is not documented: with %s an old flow survives is %s",
    (loweredTimeoutAppliesTo, survives) => {
      const lab = new Lab({ loweredTimeoutAppliesTo });
      const machine = lab.instance([lab.group(WEB_OUT)]);
      machine.connect(OUTSIDE);
      machine.network.connectionTracking = { tcpEstablishedTimeout: 60, udpTimeout: 30, udpStreamTimeout: 60 };
      machine.moveTo(lab.group());
      lab.clock.pass(61);
      expect(machine.send(OUTSIDE).delivered).toBe(survives);
    },
  );
});

describe("NAT gateways", () => {
  test("a packet from outside comes in only where a flow went out", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)], { subnetId: lab.privateSubnet });
    expect(machine.receive(OUTSIDE)).toMatchObject({ delivered: false, reason: "no-nat-mapping", by: lab.natGateway });
    machine.send(OUTSIDE, { tcp: "syn" });
    expect(machine.receive(OUTSIDE).delivered).toBe(true);
  });

  test("a TCP connection that was idle for 350 s cannot be continued", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { subnetId: lab.privateSubnet });
    machine.connect(OUTSIDE);
    lab.clock.pass(350);
    expect(machine.send(OUTSIDE)).toMatchObject({ delivered: false, reason: "no-nat-mapping" });
  });

  test("the network ACL of the gateway's own subnet judges what it carries", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { subnetId: lab.privateSubnet });
    machine.connect(OUTSIDE);
    const { place } = lab;
    const acl = place.world.add(place.region.networkAcls, {
      id: "acl-gateway",
      tags: [],
      vpcId: lab.vpcId,
      isDefault: false,
      entries: [],
      associations: [],
    });
    for (const each of place.region.networkAcls.values())
      each.associations = each.associations.filter(({ subnetId }) => subnetId !== lab.publicSubnet);
    acl.associations.push({ id: "aclassoc-1", subnetId: lab.publicSubnet });
    expect(machine.send(OUTSIDE)).toMatchObject({ delivered: false, reason: "network-acl", by: "acl-gateway" });
  });

  test("a gateway whose own subnet has no way out carries nothing", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { subnetId: lab.privateSubnet });
    lab.publicTable.routes = lab.publicTable.routes.filter(({ destination }) => destination !== "0.0.0.0/0");
    expect(machine.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: false, reason: "no-route" });
  });

  test("a subnet without a route to the address sends nothing there", () => {
    const lab = new Lab();
    const closed = createSubnet(lab.place, { vpcId: lab.vpcId, cidr: "10.0.9.0/24" });
    createRouteTable(lab.place, { vpcId: lab.vpcId, subnetIds: [closed.id] });
    const machine = lab.instance([lab.group(...OPEN)], { subnetId: closed.id });
    expect(machine.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: false, reason: "no-route" });
  });
});
