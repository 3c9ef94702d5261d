import { expect, it } from "vitest";
import { containment } from "../core/containment.ts";
import { covers, parseCidr } from "./cidr.ts";
import type { AclEntry, Described, GroupRule, Indication, ReachInterface } from "./described.ts";
import type { RuleHistory } from "./history.ts";
import { survivors } from "./survivors.ts";
import { waysOf } from "./ways.ts";

const both = ["ingress", "egress"] as const;
const acl = (number: number, action: "allow" | "deny", cidr: string): readonly AclEntry[] =>
  both.map((direction) => ({ direction, number, action, protocol: "-1", fromPort: null, toPort: null, cidr }));
const openAcl = acl(100, "allow", "0.0.0.0/0");
const openToAll = both.map((direction): GroupRule => ({
  direction,
  protocol: "-1",
  fromPort: null,
  toPort: null,
  peer: "0.0.0.0/0",
}));
const allow = (protocol: string, peer: string, port: number | null = null): GroupRule => ({
  direction: "ingress",
  protocol,
  fromPort: port,
  toPort: port,
  peer,
});
const local = { destination: "10.0.0.0/16", target: "local", isBlackhole: false };
const route = (destination: string, target: string) => ({ destination, target, isBlackhole: false });

/** An interface as a caller that knows none of the newer fields describes it. */
const old: ReachInterface = {
  id: "eni-1",
  subnetId: "subnet-1",
  subnetCidrs: ["10.0.1.0/24"],
  publicAddress: null,
  hasIpv6: false,
  rulesBefore: [],
  unknownBefore: null,
  rulesNow: [],
  managedBy: null,
  isConverted: false,
  aclId: "acl-1",
  aclEntries: openAcl,
  routes: [local],
  autoTrackedPeers: [],
};
/** One about whose network everything was read: an isolated VPC. */
const isolated: ReachInterface = {
  ...old,
  vpc: { cidrs: ["10.0.0.0/16"], gateways: [], unread: [] },
  checksAddresses: true,
};
const internet = { id: "igw-1", kind: "internet", cidrs: null, subnetIds: [] } as const;
const online: ReachInterface = {
  ...isolated,
  publicAddress: "203.0.113.10",
  routes: [local, route("0.0.0.0/0", "igw-1")],
  vpc: { cidrs: ["10.0.0.0/16"], gateways: [internet], unread: [] },
};
const history: RuleHistory = { from: 5, until: 9, ever: [], always: [], gaps: [], dueAt: null, pages: ["ab"] };

const finding = (address: string, protocol: string | null = "tcp"): Indication => ({
  findingId: "f-1",
  type: "UnauthorizedAccess:EC2/SSHBruteForce",
  channel: null,
  remotes: [{ address, port: 22, protocol }],
});
const describedAs = (nic: ReachInterface, indications: readonly Indication[] = []): Described => ({
  instanceId: "i-1",
  interfaces: [nic],
  indications,
  asOf: 7,
});

function answer(nic: ReachInterface, indications: readonly Indication[] = []) {
  const sealed = {
    kind: "sealed" as const,
    code: "interface.sealed" as const,
    what: "eni-1",
    ok: true,
    expected: "",
    observed: "",
  };
  return containment([sealed], survivors(describedAs(nic, indications)), 0).contained;
}

/** The one way of a peer: its ground, or its certainty. */
function stateOf(
  nic: ReachInterface,
  peer: string,
  protocol: "tcp" | "udp" | "icmp" | "other" = "tcp",
  more: Partial<Described> = {},
): string {
  const { survivors: open, closed } = waysOf({ ...describedAs(nic), ...more });
  const states = [
    ...open.map((each) => ({ scope: each.scope, state: each.certainty as string })),
    ...closed.map((each) => ({ scope: each.scope, state: each.ground as string })),
  ];
  const holding = states.filter(
    ({ scope }) =>
      scope?.kind === "flow" &&
      scope.protocol === protocol &&
      scope.peers.some((block) => covers(parseCidr(block)!, parseCidr(peer)!)),
  );
  expect(holding).toHaveLength(1);
  return holding[0]!.state;
}

it.each([
  ["a peer of the same subnet, though the NACL denies everybody", { aclEntries: acl(1, "deny", "0.0.0.0/0") }],
  ["the same peer, whatever the NACL says", {}],
  ["a peer whose rules were open to all at the cut", { rulesBefore: openToAll }],
  ["a peer of converted flows", { isConverted: true }],
])("a finding's address is not closed: %s", (_, changes) => {
  expect(answer({ ...old, ...changes }, [finding("10.0.1.77")])).toBe("partial");
  expect(stateOf({ ...isolated, ...changes }, "10.0.1.77", "tcp", { indications: [finding("10.0.1.77")] })).toBe(
    "indicated",
  );
});

it("a finding's address is open until a ground closes it, though the rules at the cut do not name it", () => {
  const indications = [finding("198.51.100.7")];
  expect(stateOf(online, "198.51.100.7", "tcp", { indications })).toBe("indicated");
  const denied = { ...online, aclEntries: [...acl(1, "deny", "198.51.100.7/32"), ...openAcl] };
  expect(stateOf(denied, "198.51.100.7", "tcp", { indications })).toBe("acl-denies");
  expect(stateOf({ ...online, history }, "198.51.100.7", "tcp", { indications })).toBe("never-allowed");
});

it.each([
  ["GRE", allow("47", "10.0.0.0/16")],
  ["ICMP", allow("icmp", "10.0.0.0/16")],
  ["TCP", allow("tcp", "10.0.0.0/16", 22)],
])("a managed interface is open for what its rules allow now: %s", (_, rule) => {
  expect(answer({ ...old, managedBy: "amazon-x", rulesNow: [rule] })).toBe("partial");
  expect(survivors(describedAs({ ...isolated, managedBy: "amazon-x", rulesNow: [rule], history }))).toContainEqual(
    expect.objectContaining({ code: "flow.managed", certainty: "indicated" }),
  );
});

it.each([
  ["a peering connection", { id: "pcx-1", kind: "peering", cidrs: ["10.9.0.0/16"], subnetIds: [] }],
  ["a transit gateway", { id: "tgw-1", kind: "transit", cidrs: null, subnetIds: ["subnet-2"] }],
  ["a VPN gateway", { id: "vgw-1", kind: "vpn", cidrs: null, subnetIds: [] }],
  ["an appliance", { id: "eni-9", kind: "forwarder", cidrs: null, subnetIds: ["subnet-2"] }],
] as const)("%s delivers without a route back", (_, gateway) => {
  expect(stateOf(isolated, "10.9.0.1", "udp")).toBe("no-path");
  const joined = { ...isolated, vpc: { cidrs: ["10.0.0.0/16"], gateways: [gateway], unread: [] } };
  expect(stateOf(joined, "10.9.0.1", "udp")).toBe("possible");
});

it("a carrier gateway and an internet gateway deliver without a route", () => {
  const carrier = { id: "cagw-1", kind: "carrier", cidrs: null, subnetIds: [] } as const;
  const behind = { ...isolated, vpc: { cidrs: ["10.0.0.0/16"], gateways: [carrier], unread: [] } };
  expect(stateOf(behind, "198.51.100.7", "udp")).toBe("possible");
  expect(stateOf({ ...online, routes: [local] }, "198.51.100.7", "udp")).toBe("possible");
  expect(stateOf({ ...online, routes: [local], publicAddress: null }, "198.51.100.7", "udp")).toBe("no-path");
});

it("what was not read closes nothing", () => {
  expect(stateOf(old, "198.51.100.7")).toBe("possible");
  expect(stateOf({ ...old, aclEntries: acl(1, "deny", "0.0.0.0/0") }, "198.51.100.7")).toBe("possible");
  const unread = { ...isolated, vpc: { cidrs: ["10.0.0.0/16"], gateways: [], unread: ["peering connections"] } };
  expect(stateOf(unread, "198.51.100.7")).toBe("possible");
  const unknownRoute = { ...online, routes: [local, route("0.0.0.0/0", "an unknown route")] };
  expect(stateOf({ ...unknownRoute, aclEntries: acl(1, "deny", "0.0.0.0/0") }, "198.51.100.7")).toBe("possible");
  const unknownSubnet = { ...isolated, subnetCidrs: [], aclEntries: acl(1, "deny", "0.0.0.0/0") };
  expect(stateOf(unknownSubnet, "10.0.2.1")).toBe("possible");
});

it("a NACL closes peers beyond the subnet when it denies both ways, before any entry that allows", () => {
  const denies = acl(1, "deny", "10.0.0.0/16");
  expect(stateOf({ ...isolated, aclEntries: [...denies, ...openAcl] }, "10.0.2.1")).toBe("acl-denies");
  expect(stateOf({ ...isolated, aclEntries: [...denies, ...openAcl] }, "10.0.1.9")).toBe("possible");
  expect(stateOf({ ...isolated, aclEntries: [denies[0]!, ...openAcl] }, "10.0.2.1")).toBe("possible");
  expect(stateOf({ ...isolated, aclEntries: [...openAcl, ...acl(200, "deny", "10.0.0.0/16")] }, "10.0.2.1")).toBe(
    "possible",
  );
});

it("a NACL does not close what a transit gateway or an appliance in the same subnet brings", () => {
  const aclEntries = acl(1, "deny", "0.0.0.0/0");
  for (const kind of ["transit", "forwarder"] as const) {
    const inSubnet = (subnetId: string): ReachInterface => ({
      ...isolated,
      aclEntries,
      vpc: {
        cidrs: ["10.0.0.0/16"],
        gateways: [{ id: "tgw-1", kind, cidrs: null, subnetIds: [subnetId] }],
        unread: [],
      },
    });
    expect(stateOf(inSubnet("subnet-1"), "10.9.0.1")).toBe("possible");
    expect(stateOf(inSubnet("subnet-2"), "10.9.0.1")).toBe("acl-denies");
  }
  expect(stateOf({ ...isolated, checksAddresses: false, aclEntries }, "10.9.0.1")).toBe("possible");
});

it("a stopped instance has no flows", () => {
  expect(stateOf({ ...old, isStopped: true }, "10.0.1.9", "icmp")).toBe("stopped");
});

it("untracked needs rules open to all both ways during the whole time, for TCP and UDP alone", () => {
  const always = { ...history, ever: openToAll, always: openToAll };
  expect(stateOf({ ...online, history: always }, "198.51.100.7")).toBe("untracked");
  expect(stateOf({ ...online, history: always }, "198.51.100.7", "icmp")).toBe("possible");
  expect(stateOf({ ...online, history: { ...always, always: openToAll.slice(1) } }, "198.51.100.7")).toBe("possible");
  const narrow = { ...always, ever: [...openToAll, allow("tcp", "198.51.100.7/32", 22)] };
  expect(stateOf({ ...online, history: narrow }, "198.51.100.7")).toBe("possible");
  expect(stateOf({ ...online, history: { ...always, gaps: ["a page is missing"] } }, "198.51.100.7")).toBe("possible");
  expect(stateOf({ ...online, rulesBefore: openToAll }, "198.51.100.7")).toBe("possible");
});

it.each(["nat-1", "eigw-1", "tgw-1", "vpce-1", "arn:aws:networkmanager::1:core-network/c"])(
  "flows through %s are tracked whatever the rules say",
  (target) => {
    const always = { ...history, ever: openToAll, always: openToAll };
    const routes = [local, route("0.0.0.0/0", target)];
    expect(stateOf({ ...isolated, routes, history: always }, "198.51.100.7")).toBe("possible");
    expect(stateOf({ ...isolated, routes, history }, "198.51.100.7")).toBe("never-allowed");
  },
);

it("flows with a load balancer's address, or its clients', are tracked whatever the rules say", () => {
  const always = { ...history, ever: openToAll, always: openToAll };
  const balanced = { ...online, history: always, autoTrackedPeers: ["10.0.2.5"] };
  expect(stateOf(balanced, "10.0.2.5")).toBe("possible");
  expect(stateOf(balanced, "10.0.2.6")).toBe("untracked");
  const balancer = { id: "eni-7", kind: "load-balancer", cidrs: null, subnetIds: ["subnet-2"] } as const;
  const vpc = { cidrs: ["10.0.0.0/16"], gateways: [internet, balancer], unread: [] };
  expect(stateOf({ ...balanced, vpc }, "198.51.100.7")).toBe("possible");
});

it("never allowed is what no rule of the whole time names; a prefix list or a group may name anybody", () => {
  const ever = (rule: GroupRule): ReachInterface => ({ ...isolated, history: { ...history, ever: [rule] } });
  expect(stateOf(ever(allow("tcp", "10.0.2.0/24", 22)), "10.0.3.1")).toBe("never-allowed");
  expect(stateOf(ever(allow("tcp", "10.0.2.0/24", 22)), "10.0.2.1")).toBe("possible");
  expect(stateOf(ever(allow("tcp", "10.0.2.0/24", 22)), "10.0.2.1", "udp")).toBe("never-allowed");
  expect(stateOf(ever(allow("tcp", "pl-1", 22)), "10.0.3.1")).toBe("possible");
  expect(stateOf(ever(allow("tcp", "sg-1", 22)), "10.0.3.1")).toBe("possible");
});

it("a history that is due makes a way due only if it would close it", () => {
  const due = (more: Partial<RuleHistory>): ReachInterface => ({
    ...online,
    history: { ...history, gaps: ["CloudTrail has not delivered it"], dueAt: 900, ...more },
  });
  expect(stateOf(due({ ever: null }), "198.51.100.7")).toBe("due");
  expect(stateOf(due({ ever: [] }), "198.51.100.7")).toBe("due");
  expect(stateOf(due({ ever: [allow("tcp", "0.0.0.0/0", 22)] }), "198.51.100.7")).toBe("possible");
  expect(waysOf(describedAs(due({ ever: null }))).survivors.map(({ dueAt }) => dueAt)).toContain(900);
  expect(stateOf(due({ ever: null, dueAt: null }), "198.51.100.7")).toBe("possible");
});

it("silence closes a silent peer, but never over ICMP", () => {
  const silence = { peers: ["198.51.100.0/24"], from: 1, until: 8, dueAt: null, pages: ["cd"] };
  const silentPeers = () => silence;
  expect(stateOf(online, "198.51.100.7", "tcp", { silentPeers })).toBe("silence");
  expect(stateOf(online, "198.51.101.7", "tcp", { silentPeers })).toBe("possible");
  expect(stateOf(online, "198.51.100.7", "icmp", { silentPeers })).toBe("possible");
  expect(stateOf(online, "198.51.100.7", "tcp", { silentPeers: () => ({ ...silence, dueAt: 99 }) })).toBe("due");
});

it("ICMP with private addresses may stand beside true, unless a finding names it", () => {
  expect(stateOf(online, "10.0.2.1", "icmp")).toBe("unfiltered");
  expect(stateOf(online, "10.0.2.1", "icmp", { indications: [finding("10.0.2.1", "icmp")] })).toBe("indicated");
});

it("the rows of an interface and protocol are disjoint, complete, named once and told to people in short", () => {
  const { survivors: open, closed } = waysOf(describedAs(online, [finding("198.51.100.7")]));
  const rows = [...open, ...closed];
  expect(new Set(rows.map(({ way }) => way)).size).toBe(rows.length);
  const tcp = rows.flatMap(({ scope }) => (scope?.kind === "flow" && scope.protocol === "tcp" ? scope.peers : []));
  const v4 = tcp.filter((peer) => !peer.includes(":")).map((peer) => parseCidr(peer)!);
  expect(v4.reduce((sum, { bits }) => sum + 2 ** (32 - bits), 0)).toBe(2 ** 32);
  expect(open.filter(({ kind }) => kind === "tcp").map(({ what }) => what)).toEqual([
    "TCP with the rest of 0.0.0.0/0 through igw-1",
    "TCP with 10.0.0.0/16 through local",
    "TCP with 198.51.100.7 port 22 through igw-1",
  ]);
});

it("names the resolver as indicated if a finding is about DNS", () => {
  const dns = { findingId: "f-2", type: "Trojan:EC2/DNSDataExfiltration", channel: null, remotes: [] };
  expect(survivors(describedAs(isolated, [dns]))).toContainEqual(
    expect.objectContaining({ code: "service.resolver", certainty: "indicated", way: "service resolver" }),
  );
});
