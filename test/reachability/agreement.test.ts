import fc from "fast-check";
import { expect, test } from "vitest";
import type { NetworkAclEntry, RouteTarget } from "../../src/range/world/model.ts";
import { putRoute } from "../../src/range/world/build-network.ts";
import { routeTableOf } from "../../src/range/world/network/routes.ts";
import { Lab, type Machine, type Rule } from "../../src/range/world/test-lab.ts";
import { covers, parseCidr } from "../../src/reachability/cidr.ts";
import type { AclEntry, GroupRule, ReachInterface, RouteLine } from "../../src/reachability/described.ts";
import { waysOf } from "../../src/reachability/ways.ts";

/** Addresses outside the lab, of which rules, entries and routes name some and not others. */
const PEERS = ["198.51.100.7", "198.51.100.200", "192.0.2.9", "2001:db8:ffff::7", "2001:db8:eeee::1"] as const;
const BLOCKS = [
  "0.0.0.0/0",
  "198.51.100.0/24",
  "198.51.100.7/32",
  "192.0.2.0/25",
  "::/0",
  "2001:db8:ffff::/48",
  "2001:db8:ffff::7/128",
] as const;

const port = fc.constantFrom(0, 443, 1024, 40_000, 65_535);
const ports = fc.option(
  fc.tuple(port, port).map(([one, other]) => [Math.min(one, other), Math.max(one, other)] as const),
);

const rule: fc.Arbitrary<Rule> = fc
  .record({
    direction: fc.constantFrom("in", "out"),
    protocol: fc.constantFrom("-1", "tcp", "udp", "icmp", "icmpv6", "47"),
    block: fc.constantFrom(...BLOCKS),
    ports,
  })
  .map(({ direction, protocol, block, ports: range }) =>
    range !== null && (protocol === "tcp" || protocol === "udp")
      ? [direction, protocol, block, range[0], range[1]]
      : [direction, protocol, block],
  );

const entries: fc.Arbitrary<readonly NetworkAclEntry[]> = fc.uniqueArray(
  fc
    .record({
      number: fc.integer({ min: 1, max: 12 }),
      egress: fc.boolean(),
      protocol: fc.constantFrom("-1", "6", "17", "1", "58", "47"),
      block: fc.constantFrom(...BLOCKS),
      ports,
      action: fc.constantFrom("allow", "deny"),
    })
    .map(({ number, egress, protocol, block, ports: range, action }) => ({
      number,
      egress,
      protocol,
      action,
      cidr: block.includes(":") ? null : block,
      ipv6Cidr: block.includes(":") ? block : null,
      portRange: range !== null && (protocol === "6" || protocol === "17") ? { from: range[0], to: range[1] } : null,
      icmp: null,
    })),
  { selector: ({ number, egress }) => `${number} ${egress}`, maxLength: 8 },
);

/** A NACL that denies nothing. */
const openEntries: readonly NetworkAclEntry[] = [true, false].flatMap((egress) =>
  ["0.0.0.0/0", "::/0"].map((cidr, index) => ({
    number: 100 + index,
    egress,
    protocol: "-1",
    action: "allow" as const,
    cidr: cidr.includes(":") ? null : cidr,
    ipv6Cidr: cidr.includes(":") ? cidr : null,
    portRange: null,
    icmp: null,
  })),
);

const routes = fc.array(
  fc.record({
    block: fc.constantFrom(...BLOCKS.filter((block) => !block.endsWith("/0"))),
    target: fc.constantFrom("internet", "nat", "nowhere"),
  }),
  { maxLength: 3 },
);

const flow = fc.record({
  peer: fc.constantFrom(...PEERS),
  protocol: fc.constantFrom("tcp" as const, "udp" as const, "icmp" as const, 47 as const),
  near: port,
  far: port,
  startedBy: fc.constantFrom("instance", "peer"),
});

interface Staging {
  readonly rules: readonly Rule[];
  readonly entries: readonly NetworkAclEntry[];
  readonly routes: readonly { readonly block: string; readonly target: "internet" | "nat" | "nowhere" }[];
  readonly isPrivate: boolean;
  /** The rules of the group that the interface had when the flow began; the same as now if left out. */
  readonly past?: readonly Rule[];
  readonly isConverted?: boolean;
}

function stage({ rules, past = rules, entries: aclEntries, routes: lines, isPrivate }: Staging): {
  lab: Lab;
  machine: Machine;
} {
  const lab = new Lab();
  const machine = lab.instance([lab.group(...past)], isPrivate ? { subnetId: lab.privateSubnet } : {});
  for (const acl of lab.place.region.networkAcls.values()) acl.entries = [...aclEntries];
  const table = tableOf(lab, machine);
  for (const { block, target } of lines) {
    if (target === "nat" && block.includes(":")) continue; // A NAT gateway takes no IPv6 here.
    putRoute(lab.place, table, block, targetOf(lab, target));
  }
  return { lab, machine };
}

function targetOf(lab: Lab, target: "internet" | "nat" | "nowhere"): RouteTarget {
  if (target === "internet") return { kind: "internet-gateway", id: lab.internetGateway };
  return target === "nat" ? { kind: "nat-gateway", id: lab.natGateway } : { kind: "blackhole", id: "eni-gone" };
}

function tableOf({ place }: Lab, { network }: Machine) {
  return routeTableOf(place.region, place.region.subnets.get(network.subnetId)!)!;
}

/** The same world, as reachability is told of it, with a complete history. */
function described(
  { lab, machine }: ReturnType<typeof stage>,
  { rules, past = rules, isConverted = false }: Staging,
): ReachInterface {
  const subnet = lab.place.region.subnets.get(machine.network.subnetId)!;
  const vpc = lab.place.region.vpcs.get(machine.network.vpcId)!;
  const acl = [...lab.place.region.networkAcls.values()][0]!;
  const texts = new Set(rules.map((each) => JSON.stringify(each)));
  return {
    id: machine.network.id,
    subnetId: subnet.id,
    subnetCidrs: [subnet.cidr, ...(subnet.ipv6Cidr === null ? [] : [subnet.ipv6Cidr])],
    hasIpv6: true,
    publicAddress: subnet.id === lab.privateSubnet ? null : "203.0.113.10",
    rulesBefore: rules.map(toRule),
    unknownBefore: null,
    rulesNow: [],
    managedBy: null,
    isConverted,
    aclId: acl.id,
    aclEntries: acl.entries.map(toEntry),
    routes: tableOf(lab, machine).routes.map(({ destination, target }): RouteLine => ({
      destination,
      target: "id" in target ? target.id : target.kind,
      isBlackhole: target.kind === "blackhole",
    })),
    autoTrackedPeers: [],
    history: {
      from: 0,
      until: 1,
      ever: [...past, ...rules].map(toRule),
      always: past.filter((each) => texts.has(JSON.stringify(each))).map(toRule),
      gaps: [],
      dueAt: null,
      pages: [],
    },
    vpc: {
      cidrs: [vpc.cidr],
      gateways: [{ id: lab.internetGateway, kind: "internet", cidrs: null, subnetIds: [] }],
      unread: [],
    },
    checksAddresses: true,
  };
}

function toRule([direction, protocol, peer, fromPort, toPort]: Rule): GroupRule {
  const range = { fromPort: fromPort ?? null, toPort: toPort ?? null };
  return { direction: direction === "in" ? "ingress" : "egress", protocol, ...range, peer };
}

function toEntry({ number, egress, protocol, cidr, ipv6Cidr, portRange, action }: NetworkAclEntry): AclEntry {
  return {
    direction: egress ? "egress" : "ingress",
    number,
    action,
    protocol,
    fromPort: portRange?.from ?? null,
    toPort: portRange?.to ?? null,
    cidr: cidr ?? ipv6Cidr ?? "",
  };
}

type Conversation = typeof flow extends fc.Arbitrary<infer Value> ? Value : never;

/** Whether a packet of a flow that was there before still gets through, either way, once the interface is sealed. */
function outlivesSeal(
  { lab, machine }: ReturnType<typeof stage>,
  talk: Conversation,
  later?: readonly Rule[],
): boolean {
  const { peer, protocol, near, far, startedBy } = talk;
  const shape = { protocol, near, far };
  const first = protocol === "tcp" ? ({ ...shape, tcp: "syn" } as const) : shape;
  if (startedBy === "instance") {
    machine.send(peer, first);
    machine.receive(peer, shape);
  } else {
    machine.receive(peer, first);
    machine.send(peer, shape);
  }
  if (later !== undefined) machine.moveTo(lab.group(...later));
  machine.moveTo(lab.group());
  return machine.send(peer, shape).delivered || machine.receive(peer, shape).delivered;
}

const kinds = { tcp: "tcp", udp: "udp", icmp: "icmp", 47: "other" } as const;

/** Whether reachability lists such a flow with this peer; every peer is in exactly one way. */
function isListed(nic: ReachInterface, { peer, protocol }: Conversation): boolean {
  const address = parseCidr(peer)!;
  const { survivors, closed } = waysOf({ instanceId: "i-1", interfaces: [nic], indications: [] });
  const holding = (ways: typeof survivors | typeof closed) =>
    ways.filter(
      ({ scope }) =>
        scope?.kind === "flow" &&
        scope.protocol === kinds[protocol] &&
        scope.peers.some((block) => covers(parseCidr(block)!, address)),
    ).length;
  expect(holding(survivors) + holding(closed)).toBe(1);
  return holding(survivors) === 1;
}

test("every flow that outlives the seal in the network is one that reachability lists", () => {
  const outlived = { all: 0, ofThePast: 0, closed: 0 };
  const world = fc.record({
    rules: fc.array(rule, { maxLength: 4 }),
    past: fc.array(rule, { maxLength: 4 }),
    entries: fc.oneof(entries, fc.constant(openEntries)),
    routes,
    isPrivate: fc.boolean(),
    isConverted: fc.boolean(),
  });
  fc.assert(
    fc.property(world, flow, (staging, talk) => {
      const staged = stage(staging);
      const isListedNow = isListed(described(staged, staging), talk);
      outlived.closed += isListedNow ? 0 : 1;
      if (!outlivesSeal(staged, talk, staging.rules)) return;
      outlived.all += 1;
      // Now's rules alone would have closed it.
      outlived.ofThePast += isListed(described(staged, { ...staging, past: staging.rules }), talk) ? 0 : 1;
      expect(isListedNow).toBe(true);
    }),
    { numRuns: 800, seed: 20_261_121 },
  );
  expect(outlived.all).toBeGreaterThan(10);
  expect(outlived.ofThePast).toBeGreaterThan(5);
  expect(outlived.closed).toBeGreaterThan(50);
});

/** Where nothing depends on ports or on the answer's way, reachability may list no more than there is. */
test("where rules and entries have no ports, both agree whether anything is left of a flow", () => {
  const outcomes = { left: 0, gone: 0 };
  const whole = rule.map(([direction, , block]): Rule => [direction, "-1", block]);
  const denies = fc.array(fc.constantFrom(...BLOCKS.filter((block) => !block.endsWith("/0"))), { maxLength: 2 });
  fc.assert(
    fc.property(
      fc.record({ rules: fc.array(whole, { minLength: 1, maxLength: 3 }), denies, routes }),
      flow.filter(({ protocol }) => protocol === "tcp" || protocol === "udp"),
      ({ rules, denies: denied, routes: lines }, talk) => {
        const closed = denied.flatMap((block, index) =>
          [true, false].map((egress): NetworkAclEntry => ({
            number: index + 1,
            egress,
            protocol: "-1",
            action: "deny",
            cidr: block.includes(":") ? null : block,
            ipv6Cidr: block.includes(":") ? block : null,
            portRange: null,
            icmp: null,
          })),
        );
        const usable = lines.filter(({ target }) => target !== "nat"); // A NAT gateway lets nobody in: another question.
        const staging = { rules, entries: [...closed, ...openEntries], routes: usable, isPrivate: false };
        const nic = described(stage(staging), staging);
        const isLeft = (["instance", "peer"] as const).some((startedBy) =>
          outlivesSeal(stage(staging), { ...talk, startedBy }),
        );
        outcomes[isLeft ? "left" : "gone"] += 1;
        expect(isListed(nic, talk)).toBe(isLeft);
      },
    ),
    { numRuns: 250, seed: 20_261_122 },
  );
  expect(outcomes.left).toBeGreaterThan(20);
  expect(outcomes.gone).toBeGreaterThan(20);
});
