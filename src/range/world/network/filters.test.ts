import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { addRule, createPrefixList } from "../build-network.ts";
import { stopInstance, terminateInstance } from "../instance-states.ts";
import type { NetworkAclEntry } from "../model.ts";
import { Lab, OPEN, OUTSIDE, OUTSIDE_V6 } from "../test-lab.ts";
import { aclAllows } from "./acl-evaluation.ts";
import type { PacketView } from "./packet.ts";

const view: PacketView = {
  direction: "ingress",
  localIp: "10.0.1.10",
  remoteIp: "198.51.100.7",
  protocol: 6,
  sourcePort: 443,
  destinationPort: 40_000,
  icmp: null,
  startsConnection: true,
  endsConnection: false,
};

function entry(number: number, change: Partial<NetworkAclEntry> = {}): NetworkAclEntry {
  return {
    number,
    egress: false,
    protocol: "-1",
    cidr: "0.0.0.0/0",
    ipv6Cidr: null,
    portRange: null,
    icmp: null,
    action: "allow",
    ...change,
  };
}

describe("what neither security groups nor network ACLs filter", () => {
  test.each([
    ["the resolver at VPC + 2", "10.0.0.2", "resolver"],
    ["the resolver at its fixed address", "169.254.169.253", "resolver"],
    ["instance metadata", "169.254.169.254", "metadata"],
    ["the time service", "169.254.169.123", "time"],
    ["Windows licence activation", "169.254.169.250", "windows-activation"],
    ["ECS task metadata", "169.254.170.2", "task-metadata"],
    ["the reserved address of the router", "10.0.1.1", "router"],
  ])("%s", (_, ip, service) => {
    const lab = new Lab();
    const machine = lab.instance([lab.group()]);
    for (const acl of lab.place.region.networkAcls.values()) acl.entries = [];
    expect(machine.send(ip, { protocol: "udp", far: 53 })).toEqual({
      delivered: true,
      reason: "unfiltered-service",
      by: service,
      tracked: false,
    });
  });

  test("DHCP", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group()]);
    expect(machine.send("255.255.255.255", { protocol: "udp", near: 68, far: 67 })).toMatchObject({
      delivered: true,
      by: "dhcp",
    });
  });

  test("metadata and the resolver can be switched off", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    machine.instance.metadataOptions.httpEndpoint = "disabled";
    lab.place.region.vpcs.get(lab.vpcId)!.enableDnsSupport = false;
    expect(machine.send("169.254.169.254", { far: 80 }).reason).toBe("service-disabled");
    expect(machine.send("10.0.0.2", { protocol: "udp", far: 53 }).reason).toBe("service-disabled");
  });

  test("another resolver is filtered like any other address", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group()]);
    expect(machine.send("8.8.8.8", { protocol: "udp", far: 53 }).reason).toBe("security-group");
  });
});

describe("network ACLs", () => {
  test("the lowest matching number decides, whatever the order they stand in", () => {
    const action = fc.constantFrom("allow" as const, "deny" as const);
    const rules = fc.uniqueArray(fc.record({ number: fc.integer({ min: 1, max: 32_766 }), action }), {
      selector: ({ number }) => number,
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(rules, (drawn) => {
        const lowest = Math.min(...drawn.map(({ number }) => number));
        const first = drawn.find(({ number }) => number === lowest);
        const allowed = aclAllows(
          drawn.map(({ number, action: each }) => entry(number, { action: each })),
          view,
        );
        return allowed === (first?.action === "allow");
      }),
    );
  });

  test("a rule that does not match never decides, whatever its number", () => {
    const misses: Partial<NetworkAclEntry>[] = [
      { egress: true },
      { cidr: "203.0.113.0/24" },
      { cidr: null, ipv6Cidr: "::/0" },
      { protocol: "17" },
      { protocol: "6", portRange: { from: 1, to: 39_999 } },
    ];
    for (const miss of misses) expect(aclAllows([entry(1, { ...miss, action: "deny" }), entry(2)], view)).toBe(true);
  });

  test("what matches no rule is denied", () => {
    expect(aclAllows([], view)).toBe(false);
  });

  test("default deny needs explicit rules for answers: it is stateless", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    const acl = [...lab.place.region.networkAcls.values()][0]!;
    acl.entries = [entry(100, { egress: true })];
    expect(machine.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    expect(machine.receive(OUTSIDE)).toMatchObject({ delivered: false, reason: "network-acl" });
    acl.entries.push(entry(100, { protocol: "6", portRange: { from: 1024, to: 65_535 } }));
    expect(machine.receive(OUTSIDE).delivered).toBe(true);
  });

  test("it is not evaluated within a subnet, and is between subnets", () => {
    const lab = new Lab();
    const group = lab.group(...OPEN);
    const [machine, near, far] = [
      lab.instance([group]),
      lab.instance([group]),
      lab.instance([group], { subnetId: lab.otherSubnet }),
    ];
    for (const acl of lab.place.region.networkAcls.values()) acl.entries = [];
    expect(machine.send(near.network.privateIps[0]!, { tcp: "syn" }).delivered).toBe(true);
    expect(machine.send(far.network.privateIps[0]!, { tcp: "syn" })).toMatchObject({
      delivered: false,
      reason: "network-acl",
    });
  });

  test("it holds for every subnet that shares it", () => {
    const lab = new Lab();
    const machines = [
      lab.instance([lab.group(...OPEN)]),
      lab.instance([lab.group(...OPEN)], { subnetId: lab.otherSubnet }),
    ];
    const acl = [...lab.place.region.networkAcls.values()][0]!;
    acl.entries.unshift(entry(1, { cidr: `${OUTSIDE}/32`, action: "deny" }));
    expect(machines.map((machine) => machine.receive(OUTSIDE).by)).toEqual([acl.id, acl.id]);
    expect(machines.map((machine) => machine.receive("198.51.100.8").delivered)).toEqual([true, true]);
  });
});

describe("security groups between interfaces", () => {
  test("both ends decide", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    const closed = lab.instance([lab.group()]);
    expect(machine.send(closed.network.privateIps[0]!, { tcp: "syn" })).toEqual({
      delivered: false,
      reason: "security-group",
      by: closed.network.id,
      tracked: false,
    });
    expect(closed.send(machine.network.privateIps[0]!, { tcp: "syn" })).toMatchObject({ by: closed.network.id });
  });

  test("a reference to a group means the private addresses of its members, not their public ones", () => {
    const lab = new Lab();
    const clients = lab.group(...OPEN);
    const servers = lab.group();
    addRule(lab.place, servers, {
      egress: false,
      protocol: "tcp",
      fromPort: 443,
      peer: { kind: "group", id: clients.id, ownerId: "111111111111" },
    });
    const [client, stranger, server] = [
      lab.instance([clients]),
      lab.instance([lab.group(...OPEN)]),
      lab.instance([servers]),
    ];
    const address = server.network.privateIps[0]!;
    expect(client.send(address, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    expect(stranger.send(address, { tcp: "syn" }).delivered).toBe(false);
    expect(client.send(server.network.publicAddress!.ip, { tcp: "syn" }).delivered).toBe(false);
  });

  test("a prefix list means each of its ranges", () => {
    const lab = new Lab();
    const list = createPrefixList(lab.place, { name: "partners", cidrs: ["192.0.2.0/24", "198.51.100.0/29"] });
    const group = lab.group();
    addRule(lab.place, group, {
      egress: true,
      protocol: "tcp",
      fromPort: 443,
      peer: { kind: "prefix-list", id: list.id },
    });
    const machine = lab.instance([group]);
    expect(machine.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    expect(machine.send("198.51.100.8", { tcp: "syn" }).delivered).toBe(false);
  });
});

describe("ways in and out", () => {
  test("without a public address nothing goes through the internet gateway", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    machine.network.publicAddress = null;
    expect(machine.send(OUTSIDE, { tcp: "syn" }).reason).toBe("no-public-address");
    expect(machine.receive(OUTSIDE, { tcp: "syn" }).reason).toBe("no-public-address");
    expect(machine.send(OUTSIDE_V6, { tcp: "syn" }).delivered).toBe(true);
  });

  test("a stopped or terminated instance sends and receives nothing, a stopping one still does", () => {
    const lab = new Lab();
    const [first, second] = [lab.instance([lab.group(...OPEN)]), lab.instance([lab.group(...OPEN)])];
    stopInstance(lab.place, first.instance);
    terminateInstance(lab.place, second.instance);
    expect(first.send(OUTSIDE).delivered).toBe(true);
    lab.clock.pass(60);
    expect(first.send(OUTSIDE).reason).toBe("not-on-network");
    expect(first.send("10.0.0.2", { protocol: "udp", far: 53 }).reason).toBe("not-on-network");
    expect(second.send(OUTSIDE).reason).toBe("no-such-interface");
  });

  test("an interface sends only from its own addresses unless the source check is off", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    const spoofed = {
      from: { kind: "interface", interfaceId: machine.network.id, ip: "10.0.1.99" },
      to: { kind: "external", ip: OUTSIDE },
      protocol: "udp",
      toPort: 53,
    } as const;
    expect(lab.network.send(spoofed).reason).toBe("source-destination-check");
  });
});
