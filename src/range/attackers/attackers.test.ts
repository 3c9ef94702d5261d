import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { policiesChange } from "../iam/propagation.ts";
import { createRange, START_OF_SIMULATED_TIME_MS, type Range, type RangeOptions } from "../range.ts";
import { interfacesOf } from "../world/place.ts";
import type { Place } from "../world/world.ts";
import { createDnsTunnel } from "./dns-tunnel.ts";

type Chosen = Pick<RangeOptions, "scenario"> & Partial<RangeOptions>;

const MINUTE = 60_000;

/** Runs a scenario: what happens is a list of minutes to wait and acts in between; returns who got through when. */
async function play(
  options: Chosen,
  acts: readonly (number | ((range: Range, place: Place) => void))[],
): Promise<Range> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ seed: 7, clock, ...options });
  const end = new AbortController();
  await clock.run(async () => {
    range.start(end.signal);
    for (const act of acts) {
      if (typeof act === "number") await clock.sleep(act * MINUTE);
      else act(range, placeOf(range));
    }
    end.abort();
  });
  return range;
}

function placeOf(range: Range): Place {
  const { account, region } = range.scenario.targets[0]!;
  return range.world.place(account, region);
}

function through(range: Range, name: string, fromMinute: number): boolean {
  const found = range.attackers().find((each) => each.name === name)!;
  return found.succeededAt(START_OF_SIMULATED_TIME_MS + fromMinute * MINUTE).length > 0;
}

function moveTo(level: "sealed" | "open") {
  return (range: Range, place: Place): void => {
    for (const each of interfacesOf(place, { id: range.scenario.targets[0]!.instanceId })) {
      const group = [...place.region.securityGroups.values()].find(
        ({ vpcId, tags }) =>
          vpcId === each.vpcId && tags.some(({ key, value }) => key === "cordon:prepared" && value === level),
      )!;
      place.world.change(each, () => (each.groupIds = [group.id]));
    }
  };
}

const seal = moveTo("sealed");
const open = moveTo("open");

function deny(ip: string) {
  return (_range: Range, { world, region }: Place): void => {
    for (const acl of region.networkAcls.values()) {
      world.change(acl, () => {
        for (const egress of [true, false]) {
          acl.entries.unshift({
            number: 1,
            egress,
            protocol: "-1",
            cidr: `${ip}/32`,
            ipv6Cidr: null,
            portRange: null,
            icmp: null,
            action: "deny",
          });
        }
        acl.entries.sort((left, right) => left.number - right.number);
      });
    }
  };
}

function denySessionsOfTarget(range: Range, { world, account }: Place): void {
  const { account: id, region, instanceId } = range.scenario.targets[0]!;
  const role = account.roles.get("payroll-worker")!;
  const document = {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Deny",
        Action: "*",
        Resource: "*",
        Condition: { ArnEquals: { "ec2:SourceInstanceArn": [`arn:aws:ec2:${region}:${id}:instance/${instanceId}`] } },
      },
    ],
  };
  policiesChange(world, role);
  world.change(role, () => role.inlinePolicies.set("deny", { text: JSON.stringify(document), document }));
}

describe("attackers", () => {
  it("a beacon gets through until its tracked flow is denied in the network ACL; the group swap alone does not stop it", async () => {
    const swapped = await play({ scenario: "c2-beacon" }, [2, seal, 5]);
    expect(through(swapped, "beacon", 0)).toBe(true);
    expect(through(swapped, "beacon", 4)).toBe(true);
    const denied = await play({ scenario: "c2-beacon" }, [2, seal, 1, deny("203.0.113.24"), 10]);
    expect(through(denied, "beacon", 3)).toBe(false);
  });

  it("a miner behind NAT survives the swap and the open window, and dies at the network ACL", async () => {
    const converted = await play({ scenario: "miner-behind-nat" }, [1, seal, 1, open, 2, seal, 3]);
    expect(through(converted, "miner", 5)).toBe(true);
    const denied = await play({ scenario: "miner-behind-nat" }, [1, seal, deny("198.51.100.77"), 10]);
    expect(through(denied, "miner", 0)).toBe(true);
    expect(through(denied, "miner", 1.01)).toBe(false);
  });

  it("a flow on a public instance lives through an open window, unless the world is told that it converts", async () => {
    const acts = [1, seal, 1, open, 1.2, seal, 5];
    expect(through(await play({ scenario: "manual-start" }, acts), "beacon", 3.3)).toBe(true);
    const networkOptions = { openWindowConverts: "flows-with-a-packet" } as const;
    const range = await play({ scenario: "manual-start", networkOptions }, acts);
    expect(through(range, "beacon", 1.1)).toBe(true);
    expect(through(range, "beacon", 3.3)).toBe(false);
  });

  it("an SSH session survives the swap, and a new one fails after it", async () => {
    const range = await play({ scenario: "stolen-credentials" }, [1, seal, 2]);
    expect(through(range, "ssh-intruder", 1.5)).toBe(true);
    const target = interfacesOf(placeOf(range), { id: range.scenario.targets[0]!.instanceId })[0]!;
    const delivery = range.network.send({
      from: { kind: "external", ip: "198.51.100.8" },
      to: { kind: "interface", interfaceId: target.id, ip: target.privateIps[0]! },
      protocol: "tcp",
      fromPort: 40_000,
      toPort: 22,
      tcp: "syn",
    });
    expect(delivery).toMatchObject({ delivered: false, reason: "security-group" });
  });

  it("an attacker's other address is untouched by the denial of the one that the finding names", async () => {
    const range = await play({ scenario: "second-address" }, [1, seal, deny("203.0.113.24"), 10]);
    expect(through(range, "beacon", 1.01)).toBe(false);
    expect(through(range, "second-beacon", 9)).toBe(true);
  });

  it("a thief is refused by the deny policy once it has propagated, and the neighbour with the same role works on", async () => {
    const range = await play({ scenario: "stolen-credentials" }, [1, denySessionsOfTarget, 10]);
    expect(through(range, "credential-thief", 0)).toBe(true);
    expect(through(range, "credential-thief", 3)).toBe(false);
    expect(through(range, "neighbour-storage", 10)).toBe(true);
    expect(through(range, "neighbour-partner", 10)).toBe(true);
  });

  it("a stopped instance answers nobody, and the thief goes on from outside", async () => {
    const range = await play({ scenario: "stolen-credentials" }, [
      1,
      (range, place) => {
        const instance = place.region.instances.get(range.scenario.targets[0]!.instanceId)!;
        place.world.change(instance, () => (instance.state = "stopped"));
      },
      5,
    ]);
    expect(through(range, "ssh-intruder", 1.01)).toBe(false);
    expect(through(range, "credential-thief", 5)).toBe(true);
  });

  it("a thief without a shell loses the credentials when they expire, after six hours", async () => {
    const range = await play({ scenario: "stolen-credentials" }, [1, seal, deny("198.51.100.8"), 6 * 60 + 10]);
    expect(through(range, "credential-thief", 5 * 60)).toBe(true);
    expect(through(range, "credential-thief", 6 * 60 + 1)).toBe(false);
    expect(through(range, "neighbour-storage", 6 * 60 + 5)).toBe(true);
  });

  it("a DNS tunnel survives the swap and every denial, because nothing filters the resolver", async () => {
    const range = await play({ scenario: "c2-beacon" }, [1, seal, deny("10.20.0.2")]);
    const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
    const tunnel = createDnsTunnel({
      name: "dns-tunnel",
      clock,
      random: () => 0.5,
      network: range.network,
      through: interfacesOf(placeOf(range), { id: range.scenario.targets[0]!.instanceId })[0]!,
      resolverIp: "10.20.0.2",
    });
    const end = new AbortController();
    await clock.run(async () => {
      void tunnel.live(end.signal);
      await clock.sleep(MINUTE);
      end.abort();
    });
    expect(tunnel.succeededAt(0).length).toBe(14);
  });

  it("an interface attached during the approval gets through until it is sealed too", async () => {
    const options = { scenario: "c2-beacon", variants: ["interface-attached-during-approval"] as const };
    const missed = await play(options, [0.5, seal, 3]);
    expect(through(missed, "attached-interface", 1)).toBe(true);
    const sealed = await play(options, [0.5, seal, 1.5, seal, 3]);
    expect(through(sealed, "attached-interface", 1)).toBe(true);
    expect(through(sealed, "attached-interface", 2.01)).toBe(false);
  });

  it("lives the same life with the same seed, and another with another", async () => {
    const lives = async (seed: number): Promise<readonly (readonly number[])[]> => {
      const range = await play({ scenario: "stolen-credentials", seed }, [2, seal, 3]);
      return range.attackers().map((each) => each.succeededAt(0));
    };
    const [first, second, other] = [await lives(3), await lives(3), await lives(4)];
    expect(first[0]!.length).toBeGreaterThan(50);
    expect(second).toEqual(first);
    expect(other).not.toEqual(first);
  });
});
