import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS } from "../range.ts";
import { recordOf } from "../services/cloudtrail/event.ts";
import type { Variant } from "../scenarios/scenario.ts";
import { scenarios } from "../staging.ts";
import { emptyGroup, newLab } from "./past-lab.ts";
import { playPast } from "./play.ts";
import { pastUser } from "./principals.ts";

const DAY_MS = 86_400_000;

type Node = Readonly<Record<string, unknown>>;
const at = (node: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Record<string | number, unknown> | undefined)?.[key], node);
const items = (node: unknown, ...path: readonly string[]): readonly Node[] =>
  (at(node, ...path, "items") as readonly Node[] | undefined) ?? [];
const ids = (list: readonly Node[]): string[] => list.map((each) => String(each["groupId"])).sort();

const ports = ({ fromPort = "", toPort = "" }: { readonly fromPort?: number | ""; readonly toPort?: number | "" }) =>
  `${fromPort}-${toPort}`;

/** One rule as text: direction, protocol, ports and peer. */
function rulesIn(permissions: readonly Node[], egress: boolean): string[] {
  return permissions.flatMap((each) => {
    const peers = [
      ...items(each, "ipRanges").map((range) => range["cidrIp"]),
      ...items(each, "ipv6Ranges").map((range) => range["cidrIpv6"]),
      ...items(each, "groups").map((group) => group["groupId"]),
      ...items(each, "prefixListIds").map((list) => list["prefixListId"]),
    ];
    return peers.map((peer) => `${egress ? "out" : "in"} ${String(each["ipProtocol"])} ${ports(each)} ${String(peer)}`);
  });
}

/** The groups of interfaces and the rules of groups that a reader of the events arrives at. */
function replayed(records: readonly Node[]) {
  const groupsOf = new Map<string, string[]>();
  const rulesOf = new Map<string, Set<string>>();
  for (const record of records) {
    const [request, response] = [record["requestParameters"], record["responseElements"]];
    const groupId = String(at(request, "groupId"));
    switch (record["eventName"]) {
      case "RunInstances":
        for (const instance of items(response, "instancesSet"))
          for (const network of items(instance, "networkInterfaceSet"))
            groupsOf.set(String(network["networkInterfaceId"]), ids(items(network, "groupSet")));
        break;
      case "CreateNetworkInterface":
        groupsOf.set(
          String(at(response, "networkInterface", "networkInterfaceId")),
          ids(items(response, "networkInterface", "groupSet")),
        );
        break;
      case "ModifyNetworkInterfaceAttribute":
        if (at(request, "groupSet"))
          groupsOf.set(String(at(request, "networkInterfaceId")), ids(items(request, "groupSet")));
        break;
      case "CreateSecurityGroup":
        rulesOf.set(String(at(response, "groupId")), new Set(["out -1 - 0.0.0.0/0"]));
        break;
      case "AuthorizeSecurityGroupEgress":
      case "AuthorizeSecurityGroupIngress":
        for (const rule of rulesIn(items(request, "ipPermissions"), record["eventName"].endsWith("Egress")))
          rulesOf.get(groupId)?.add(rule);
        break;
      case "RevokeSecurityGroupEgress":
      case "RevokeSecurityGroupIngress":
        for (const rule of rulesIn(items(request, "ipPermissions"), record["eventName"].endsWith("Egress")))
          rulesOf.get(groupId)?.delete(rule);
        break;
    }
  }
  return { groupsOf, rulesOf };
}

type World = ReturnType<typeof createRange>["world"];

/** What differs between the history of every account and Region, and what stands there. */
function gaps(world: World): { readonly found: readonly string[]; readonly compared: number } {
  let compared = 0;
  const found = world.places().flatMap((place) => {
    const { account, region } = place;
    const entries = world.eventHistory.deliveredBy(world.now(), { accountId: account.id, region: region.name });
    const { groupsOf, rulesOf } = replayed(entries.toReversed().map((entry) => recordOf(world, entry)));
    const differing: string[] = [];
    for (const { id, groupIds } of region.interfaces.values()) {
      compared += 1;
      const read = groupsOf.get(id)?.join() ?? "no event";
      if (read !== groupIds.toSorted().join()) differing.push(`${id}: ${read}`);
    }
    for (const { id, name, rules } of region.securityGroups.values()) {
      if (name === "default") continue;
      compared += 1;
      const stands = rules.map(({ egress, protocol, fromPort, toPort, peer }) => {
        const other = peer.kind === "ipv4" || peer.kind === "ipv6" ? peer.cidr : peer.id;
        return `${egress ? "out" : "in"} ${protocol} ${fromPort ?? ""}-${toPort ?? ""} ${other}`;
      });
      const read = [...(rulesOf.get(id) ?? ["no event"])].sort().join("; ");
      if (read !== [...new Set(stands)].sort().join("; ")) differing.push(`${id}: ${read}`);
    }
    return differing;
  });
  return { found, compared };
}

const stage = (scenario: string, variants: readonly Variant[] = []) =>
  createRange({ scenario, seed: 7, variants, clock: new SimulatedClock(START_OF_SIMULATED_TIME_MS) });

describe("the history of a scenario", () => {
  it.each(scenarios.map(({ id, variants }) => ({ id, variants })))(
    "of $id leads from the launches to the groups and rules that are read at the beginning",
    ({ id, variants }) => {
      for (const chosen of [[], ...variants.map((variant) => [variant])]) {
        const { found, compared } = gaps(stage(id, chosen).world);
        expect({ chosen, found }).toEqual({ chosen, found: [] });
        expect(compared).toBeGreaterThan(2); // A NAT gateway, one interface and one group are the least.
      }
    },
  );

  it("has the launch of the target when its description says that it was launched", () => {
    const { world, scenario } = stage("c2-beacon");
    const { instanceId, account, region } = scenario.targets[0]!;
    const { launchTime } = world.place(account, region).region.instances.get(instanceId)!;
    const launches = world.eventHistory
      .deliveredBy(world.now(), { accountId: account, region })
      .filter(({ operation, output }) => operation === "RunInstances" && JSON.stringify(output).includes(instanceId));
    expect(launches.map((entry) => entry.at)).toEqual([launchTime]);
    expect(START_OF_SIMULATED_TIME_MS - launchTime).toBe(9 * DAY_MS);
  });

  it("has a gap where a change left no event", () => {
    const { world, scenario } = stage("c2-beacon");
    const { account, region } = scenario.targets[0]!;
    const [network] = world.place(account, region).region.interfaces.values();
    world.change(network!, () => (network!.groupIds = ["sg-0"]));
    expect(gaps(world).found).toHaveLength(1);
  });
});

describe("a call of the past", () => {
  it("changes the state as the service does, and stands in the history at its time", () => {
    const { place, groupId, interfaceId } = newLab();
    const other = emptyGroup(place);
    const by = pastUser(place.account.id, "intruder");
    const now = place.world.now();
    const swap = (daysAgo: number, ...groups: readonly string[]) =>
      playPast(place, {
        at: now - daysAgo * DAY_MS,
        by,
        service: "ec2",
        operation: "ModifyNetworkInterfaceAttribute",
        input: { NetworkInterfaceId: interfaceId, Groups: groups },
        treatment: daysAgo === 2 ? { deliveredAfterMs: "never" } : {},
      });
    swap(4, other);
    swap(3, groupId);
    swap(2, other);
    expect(place.region.interfaces.get(interfaceId)?.groupIds).toEqual([other]);
    const swaps = place.world.eventHistory
      .deliveredBy(now, { accountId: place.account.id, region: place.region.name })
      .filter(({ operation }) => operation === "ModifyNetworkInterfaceAttribute");
    expect(swaps.map((entry) => [(now - entry.at) / DAY_MS, entry.input["Groups"], entry.caller.arn])).toEqual([
      [3, [groupId], "arn:aws:iam::111111111111:user/intruder"],
      [4, [other], "arn:aws:iam::111111111111:user/intruder"],
    ]);
    expect(() => swap(5, groupId)).toThrow("are played in order");
    expect(() => swap(-1, groupId)).toThrow("not after now");
  });
});
