import { describe, expect, it } from "vitest";
import { containment } from "../core/containment.ts";
import type { AclEntry, GroupRule, Indication, ReachInterface } from "./described.ts";
import { survivors } from "./survivors.ts";

const allow = (
  direction: "ingress" | "egress",
  protocol: string,
  peer: string,
  port: number | null = null,
): GroupRule => ({
  direction,
  protocol,
  fromPort: port,
  toPort: port,
  peer,
});

const entry = (direction: "ingress" | "egress", number: number, action: "allow" | "deny", cidr: string): AclEntry => ({
  direction,
  number,
  action,
  protocol: "-1",
  fromPort: null,
  toPort: null,
  cidr,
});

const openAcl = [entry("ingress", 100, "allow", "0.0.0.0/0"), entry("egress", 100, "allow", "0.0.0.0/0")];

const deniedC2 = [
  entry("ingress", 1, "deny", "198.51.100.7/32"),
  entry("egress", 1, "deny", "198.51.100.7/32"),
  ...openAcl,
];

const c2: Indication = {
  findingId: "f-1",
  type: "Backdoor:EC2/C&CActivity.B",
  channel: null,
  remotes: [{ address: "198.51.100.7", port: 443, protocol: "tcp" }],
};

const nic = (changes: Partial<ReachInterface>): ReachInterface => ({
  id: "eni-1",
  subnetId: "subnet-1",
  subnetCidrs: ["10.0.1.0/24"],
  publicAddress: "203.0.113.10",
  hasIpv6: false,
  rulesBefore: [],
  unknownBefore: null,
  rulesNow: [],
  managedBy: null,
  isConverted: false,
  aclId: "acl-1",
  aclEntries: openAcl,
  autoTrackedPeers: [],
  routes: [
    { destination: "10.0.0.0/16", target: "local", isBlackhole: false },
    { destination: "0.0.0.0/0", target: "igw-1", isBlackhole: false },
  ],
  ...changes,
});

function judge(changes: Partial<ReachInterface>, indications: readonly Indication[] = [c2]) {
  const left = survivors({ instanceId: "i-1", interfaces: [nic(changes)], indications });
  const sealed = {
    kind: "sealed" as const,
    code: "interface.sealed" as const,
    what: "eni-1",
    ok: true,
    expected: "sealed",
    observed: "sealed",
  };
  return {
    contained: containment([sealed], left, 0).contained,
    left: left.map(({ certainty, what }) => `${certainty}: ${what}`),
  };
}

const unfiltered = ["unfiltered: resolver", "unfiltered: instance metadata", "unfiltered: time service"];

describe("survivors of a cut", () => {
  it("is contained when the only peer the groups allowed is denied by the NACL", () => {
    const only = { rulesBefore: [allow("egress", "tcp", "198.51.100.7/32", 443)], aclEntries: deniedC2 };
    expect(judge(only)).toEqual({ contained: true, left: unfiltered });
  });

  it("indicates the finding's address while the NACL lets it through", () => {
    const { contained, left } = judge({ rulesBefore: [allow("egress", "tcp", "198.51.100.7/32", 443)] });
    expect(contained).toBe("partial");
    expect(left).toContain("indicated: TCP with 198.51.100.7 port 443 through igw-1");
  });

  it("keeps every other tracked peer possible with egress to everybody and ingress on one port", () => {
    const rulesBefore = [allow("egress", "-1", "0.0.0.0/0"), allow("ingress", "tcp", "0.0.0.0/0", 443)];
    const { contained, left } = judge({ rulesBefore, aclEntries: deniedC2 });
    expect(contained).toBe("partial");
    expect(left).toContain("possible: TCP to 0.0.0.0/0 (all ports) through igw-1");
    // The web server's own flows are untracked: everybody may come, and all answers may leave.
    expect(left.filter((line) => line.includes("from"))).toEqual([]);
    expect(left.filter((line) => line.startsWith("indicated"))).toEqual([]);
  });

  it("leaves only ICMP and other protocols of groups that are open both ways, which keep the answer at partial", () => {
    const rulesBefore = [allow("egress", "-1", "0.0.0.0/0"), allow("ingress", "-1", "0.0.0.0/0")];
    const { contained, left } = judge({ rulesBefore });
    expect(contained).toBe("partial");
    expect(left.filter((line) => line.includes("TCP") || line.includes("UDP"))).toEqual([]);
    expect(left).toContain("possible: ICMP to 0.0.0.0/0 through igw-1");
  });

  it("judges IPv6 apart from IPv4", () => {
    const rulesBefore = [allow("egress", "-1", "::/0"), allow("ingress", "-1", "0.0.0.0/0")];
    const routes = [{ destination: "::/0", target: "igw-1", isBlackhole: false }];
    const aclEntries = [entry("egress", 100, "allow", "::/0")];
    expect(judge({ rulesBefore, routes, aclEntries }).left).toContain(
      "possible: TCP to ::/0 (all ports) through igw-1",
    );
  });

  it("counts converted flows as gone, except through a NAT gateway", () => {
    const rulesBefore = [allow("egress", "tcp", "0.0.0.0/0", 443)];
    expect(judge({ rulesBefore, isConverted: true }).contained).toBe(true);
    const routes = [{ destination: "0.0.0.0/0", target: "nat-1", isBlackhole: false }];
    const behindNat = judge({ rulesBefore, isConverted: true, routes, publicAddress: null });
    expect(behindNat.contained).toBe("partial");
    expect(behindNat.left).toContain("possible: TCP to 0.0.0.0/0 (port 443) through nat-1");
  });

  it("keeps flows of a load balancer possible after the conversion", () => {
    const rulesBefore = [allow("ingress", "tcp", "10.0.0.0/16", 443)];
    const { left } = judge({ rulesBefore, isConverted: true, autoTrackedPeers: ["10.0.2.5"] }, []);
    expect(left).toEqual(["possible: TCP from 10.0.2.5 (port 443) through local", ...unfiltered]);
  });

  it("finds no way out through an internet gateway without a public address", () => {
    expect(judge({ rulesBefore: [allow("egress", "tcp", "0.0.0.0/0", 443)], publicAddress: null }).left).toEqual([
      "possible: TCP to 10.0.0.0/16 (port 443) through local",
      ...unfiltered,
    ]);
  });

  it("keeps members of a group possible inside the VPC only", () => {
    expect(judge({ rulesBefore: [allow("ingress", "tcp", "sg-1", 22)] }, []).left).toEqual([
      "possible: TCP from sg-1 (port 22) through local",
      ...unfiltered,
    ]);
  });

  it("does not believe a NACL about peers in the instance's own subnet", () => {
    const denied = [entry("ingress", 1, "deny", "10.0.1.9/32"), entry("egress", 1, "deny", "10.0.1.9/32"), ...openAcl];
    const { left } = judge({ rulesBefore: [allow("egress", "tcp", "10.0.1.9/32", 22)], aclEntries: denied }, []);
    expect(left).toContain("possible: TCP to 10.0.1.9 (port 22) through local");
  });

  it("reads NACL entries in ascending order, so that a deny behind an allow cuts nothing", () => {
    const late = [
      ...openAcl,
      entry("ingress", 200, "deny", "198.51.100.7/32"),
      entry("egress", 200, "deny", "198.51.100.7/32"),
    ];
    expect(judge({ rulesBefore: [allow("egress", "tcp", "198.51.100.7/32", 443)], aclEntries: late }).contained).toBe(
      "partial",
    );
  });

  it("takes a deny in one direction for no proof", () => {
    const oneWay = [entry("ingress", 1, "deny", "198.51.100.7/32"), ...openAcl];
    expect(judge({ rulesBefore: [allow("egress", "tcp", "198.51.100.7/32", 443)], aclEntries: oneWay }).contained).toBe(
      "partial",
    );
  });

  it("indicates the resolver when a finding is about DNS", () => {
    const dns = { findingId: "f-2", type: "Trojan:EC2/DNSDataExfiltration", channel: null, remotes: [] };
    const { contained, left } = judge({}, [dns]);
    expect(contained).toBe("partial");
    expect(left).toContain("indicated: resolver");
  });

  it("indicates an address although the rules before the cut do not name it", () => {
    expect(judge({ rulesBefore: [] }).left).toContain("indicated: TCP with 198.51.100.7 port 443 through igw-1");
  });

  it("takes any flow for possible where the rules before the cut are not known, and says why", () => {
    const unknownBefore = "the rules of sg-1 could not be read when it was sealed";
    expect(judge({ unknownBefore }, []).contained).toBe("partial");
    const tcp = survivors({ instanceId: "i-1", interfaces: [nic({ unknownBefore })], indications: [] }).find(
      ({ what }) => what === "TCP to 0.0.0.0/0 (all ports) through igw-1",
    );
    expect(tcp).toMatchObject({
      certainty: "possible",
      why: "what the groups of eni-1 allowed before the cut is not known: the rules of sg-1 could not be read when it was sealed",
      lever: "contain.tracked-connections",
    });
    expect(judge({ unknownBefore, isConverted: true }, []).contained).toBe("partial");
  });
});

it("what is left of everything but a block is told as one way out, and not as thirty", () => {
  const behindNat = nic({
    rulesBefore: [allow("egress", "tcp", "0.0.0.0/0", 443)],
    routes: [
      { destination: "10.0.0.0/16", target: "local", isBlackhole: false },
      { destination: "0.0.0.0/0", target: "nat-1", isBlackhole: false },
    ],
  });
  const named = survivors({ instanceId: "i-1", interfaces: [behindNat], indications: [] })
    .filter(({ certainty }) => certainty === "possible")
    .map(({ what }) => what);
  expect(named.filter((what) => what.includes("inwards only"))).toEqual([
    "TCP to 224.0.0.0/3, 208.0.0.0/4, 200.0.0.0/5 and 28 other blocks (port 443) through an internet gateway, inwards only",
  ]);
  expect(named.length).toBeLessThan(6);
});
