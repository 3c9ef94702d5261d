import { describe, expect, test } from "vitest";
import { Lab, OPEN, OUTSIDE, OUTSIDE_V6, type Rule } from "../test-lab.ts";

const WEB_OUT: Rule = ["out", "tcp", "0.0.0.0/0", 443];
const PING: Rule = ["out", "icmp", "0.0.0.0/0", -1, -1];

describe("which flows AWS tracks", () => {
  test("a flow is untracked when a rule permits it for all traffic and a rule the other way permits every response", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    expect(machine.connect(OUTSIDE)).toMatchObject({ delivered: true, tracked: false });
    expect(lab.network.trackedFlows(machine.network.id)).toEqual([]);
  });

  test("an inbound web flow from everywhere is untracked when everything may go out", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["in", "tcp", "0.0.0.0/0", 80], ["out", "-1", "0.0.0.0/0"])]);
    expect(machine.receive(OUTSIDE, { near: 80, far: 50_000, tcp: "syn" })).toMatchObject({
      delivered: true,
      tracked: false,
    });
    expect(machine.send(OUTSIDE, { near: 80, far: 50_000 })).toMatchObject({ delivered: true, tracked: false });
  });

  test.each<[string, Rule[]]>([
    [
      "the rule names an address range",
      [
        ["in", "-1", "0.0.0.0/0"],
        ["out", "tcp", "198.51.100.0/24", 443],
      ],
    ],
    ["the response rule names ports", [["in", "tcp", "0.0.0.0/0", 1024, 65_535], WEB_OUT]],
    ["the response rule names an address range", [["in", "tcp", "198.51.100.0/24", 0, 65_535], WEB_OUT]],
    ["there is no response rule", [["out", "-1", "0.0.0.0/0"]]],
    ["the response rule is of another protocol", [["in", "udp", "0.0.0.0/0", 0, 65_535], WEB_OUT]],
  ])("a flow is tracked when %s", (_, rules) => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...rules)]);
    expect(machine.connect(OUTSIDE)).toMatchObject({ delivered: true, tracked: true });
  });

  test("IPv4 and IPv6 are judged separately: without the IPv6 response rule only IPv6 flows are tracked", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN.filter((rule) => rule !== OPEN[1]))]);
    expect(machine.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: false });
    expect(machine.send(OUTSIDE_V6, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
  });

  test("ICMP is always tracked, even when everything is open", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    expect(machine.send(OUTSIDE, { protocol: "icmp" })).toMatchObject({ delivered: true, tracked: true });
    machine.moveTo(lab.group());
    expect(machine.receive(OUTSIDE, { protocol: "icmp", icmp: { type: 0, code: 0 } }).delivered).toBe(true);
  });

  test("ICMP answers come back without an inbound rule", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(PING)]);
    expect(machine.receive(OUTSIDE, { protocol: "icmp" }).reason).toBe("security-group");
    machine.send(OUTSIDE, { protocol: "icmp" });
    expect(machine.receive(OUTSIDE, { protocol: "icmp", icmp: { type: 0, code: 0 } }).delivered).toBe(true);
  });

  test("other protocols are tracked by address and protocol number, for 600 seconds", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["out", "47", "0.0.0.0/0"])]);
    machine.send(OUTSIDE, { protocol: 47 });
    lab.clock.pass(599);
    expect(machine.receive(OUTSIDE, { protocol: 47 }).delivered).toBe(true);
    expect(machine.receive(OUTSIDE, { protocol: 50 }).delivered).toBe(false);
    expect(machine.receive("198.51.100.8", { protocol: 47 }).delivered).toBe(false);
    lab.clock.pass(600);
    expect(machine.receive(OUTSIDE, { protocol: 47 }).delivered).toBe(false);
  });

  test("several groups on an interface are aggregated: together they can leave a flow untracked", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT), lab.group(["in", "-1", "0.0.0.0/0"])]);
    expect(machine.connect(OUTSIDE)).toMatchObject({ delivered: true, tracked: false });
  });
});

describe("what a change does to flows that exist", () => {
  test("an untracked flow is cut immediately when its rule is removed", () => {
    const lab = new Lab();
    const group = lab.group(...OPEN);
    const machine = lab.instance([group]);
    machine.connect(OUTSIDE);
    lab.setRules(group);
    expect(machine.send(OUTSIDE)).toEqual({
      delivered: false,
      reason: "security-group",
      by: machine.network.id,
      tracked: false,
    });
    expect(machine.receive(OUTSIDE).delivered).toBe(false);
  });

  test("a tracked flow is not interrupted when its rule is removed, in either direction", () => {
    const lab = new Lab();
    const group = lab.group(WEB_OUT);
    const machine = lab.instance([group]);
    machine.connect(OUTSIDE);
    lab.setRules(group);
    expect(machine.send(OUTSIDE)).toMatchObject({ delivered: true, tracked: true });
    expect(machine.receive(OUTSIDE)).toMatchObject({ delivered: true, tracked: true });
    expect(machine.send(OUTSIDE, { near: 40_001, tcp: "syn" }).delivered).toBe(false);
  });

  test("a tracked flow is not interrupted when the groups of its interface are changed", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)]);
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group());
    expect(machine.send(OUTSIDE).delivered).toBe(true);
    expect(machine.receive(OUTSIDE).delivered).toBe(true);
  });

  test.each(["ingress", "egress"] as const)(
    "a network ACL that blocks the %s direction breaks an existing connection",
    (direction) => {
      const lab = new Lab();
      const machine = lab.instance([lab.group(WEB_OUT)]);
      machine.connect(OUTSIDE);
      const acl = [...lab.place.region.networkAcls.values()][0]!;
      acl.entries.push({
        number: 50,
        egress: direction === "egress",
        protocol: "-1",
        cidr: `${OUTSIDE}/32`,
        ipv6Cidr: null,
        portRange: null,
        icmp: null,
        action: "deny",
      });
      const blocked = direction === "egress" ? machine.send(OUTSIDE) : machine.receive(OUTSIDE);
      expect(blocked).toMatchObject({ delivered: false, reason: "network-acl", by: acl.id });
    },
  );

  test("a tracked flow goes on when a network ACL's block is lifted before its entry is forgotten", () => {
    const lab = new Lab();
    const group = lab.group(WEB_OUT);
    const machine = lab.instance([group]);
    machine.connect(OUTSIDE);
    lab.setRules(group);
    const acl = [...lab.place.region.networkAcls.values()][0]!;
    const open = acl.entries;
    acl.entries = [];
    lab.clock.pass(3600);
    expect(machine.send(OUTSIDE).reason).toBe("network-acl");
    acl.entries = open;
    expect(machine.send(OUTSIDE).delivered).toBe(true);
  });
});

const CONVERTING = { openWindowConverts: "flows-with-a-packet" } as const;

describe("opening everything for a moment", () => {
  test("a tracked flow whose packet passes while everything is open dies with the next closed group", () => {
    const lab = new Lab(CONVERTING);
    const machine = lab.instance([lab.group(WEB_OUT)]);
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group(...OPEN));
    expect(machine.send(OUTSIDE)).toMatchObject({ delivered: true, tracked: false });
    machine.moveTo(lab.group());
    expect(machine.send(OUTSIDE).reason).toBe("security-group");
    expect(machine.receive(OUTSIDE).reason).toBe("security-group");
  });

  test("a dormant flow stays tracked through the open window", () => {
    const lab = new Lab(CONVERTING);
    const machine = lab.instance([lab.group(WEB_OUT)]);
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group(...OPEN));
    lab.clock.pass(70);
    machine.moveTo(lab.group());
    expect(machine.send(OUTSIDE)).toMatchObject({ delivered: true, tracked: true });
  });

  test("an open group without its IPv6 rules leaves IPv6 flows tracked", () => {
    const lab = new Lab(CONVERTING);
    const machine = lab.instance([lab.group(["out", "tcp", "::/0", 443])]);
    machine.connect(OUTSIDE_V6);
    machine.moveTo(lab.group(OPEN[0]!, OPEN[2]!, ["out", "-1", "::/0"]));
    machine.send(OUTSIDE_V6);
    machine.moveTo(lab.group());
    expect(machine.send(OUTSIDE_V6).delivered).toBe(true);
  });

  test("nothing is converted unless the world is told that conversion happens", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)]);
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group(...OPEN));
    machine.send(OUTSIDE);
    machine.moveTo(lab.group());
    expect(machine.send(OUTSIDE).delivered).toBe(true);
  });
});
