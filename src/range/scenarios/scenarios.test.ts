import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS } from "../range.ts";
import { differences } from "../snapshot-difference.ts";
import { scenarios } from "../staging.ts";
import type { Variant } from "./scenario.ts";

const stage = (scenario: string, variants: readonly Variant[] = [], seed = 7) =>
  createRange({ scenario, seed, variants, clock: new SimulatedClock(START_OF_SIMULATED_TIME_MS) });

describe("scenarios", () => {
  it("each stages with each of its variants, in an account that has the attackers it announces", () => {
    for (const { id, variants, attackers } of scenarios) {
      expect(
        stage(id)
          .attackers()
          .map(({ name }) => name),
      ).toEqual(attackers);
      const { length } = stage(id).scenario.targets;
      for (const variant of variants) expect(stage(id, [variant]).scenario.targets).toHaveLength(length);
    }
  });

  it("the same seed gives the same account and findings, another seed gives others", () => {
    expect(stage("c2-beacon").snapshot()).toEqual(stage("c2-beacon").snapshot());
    expect(stage("c2-beacon").events()).toEqual(stage("c2-beacon").events());
    expect(stage("c2-beacon", [], 8).snapshot()).not.toEqual(stage("c2-beacon").snapshot());
  });

  it("refuses a scenario and a variant that it does not know, and names the known ones", () => {
    expect(() => stage("nothing")).toThrow("no such scenario: nothing (known: c2-beacon, miner-behind-nat");
    expect(() => stage("false-alarm", ["two-vpcs"])).toThrow("scenario false-alarm has no variant two-vpcs");
  });

  it("with stale reads, the finished account is visible from the start", () => {
    const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
    const { world, scenario } = createRange({ scenario: "c2-beacon", seed: 7, clock, staleMs: 5_000 });
    const { region } = world.place("111122223333", "eu-central-1");
    expect(world.see(region.instances, scenario.targets[0]!.instanceId)?.state).toBe("running");
    expect(
      world
        .list(region.interfaces)
        .every(({ attachment, interfaceType }) => attachment ?? interfaceType !== "interface"),
    ).toBe(true);
  });

  it("the beacon's finding names the instance, both interfaces and the vendor's address", () => {
    const range = stage("c2-beacon");
    expect(range.events()).toMatchObject([
      {
        source: "aws.guardduty",
        "detail-type": "GuardDuty Finding",
        detail: {
          type: "Backdoor:EC2/C&CActivity.B",
          accountId: "111122223333",
          resource: {
            instanceDetails: {
              instanceId: range.scenario.targets[0]!.instanceId,
              networkInterfaces: [{ publicIp: "192.0.2.60" }, { publicIp: null }],
            },
          },
          service: {
            action: {
              networkConnectionAction: {
                connectionDirection: "OUTBOUND",
                remoteIpDetails: { ipAddressV4: "203.0.113.24" },
                remotePortDetails: { port: 443 },
              },
            },
            eventLastSeen: "2026-01-15T11:59:00.000Z",
          },
          updatedAt: "2026-01-15T11:59:55.000Z",
        },
      },
    ]);
  });

  it("a difference between two snapshots names the interface and both groups", () => {
    const range = stage("c2-beacon");
    const before = range.snapshot();
    const place = range.world.place("111122223333", "eu-central-1");
    const target = [...place.region.interfaces.values()].find(({ description }) => description === "monitoring")!;
    expect(differences(before, range.snapshot())).toEqual([]);
    const [original] = target.groupIds;
    place.world.change(target, () => (target.groupIds = ["sg-1"]));
    expect(differences(before, range.snapshot())).toEqual([
      { what: `network-interface ${target.id} groupIds: ["${original}"] -> ["sg-1"]` },
    ]);
  });
});
