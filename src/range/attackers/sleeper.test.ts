import { expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS } from "../range.ts";
import { interfacesOf } from "../world/place.ts";
import { createSleeper } from "./sleeper.ts";

const HOUR_MS = 3_600_000;

/** Seals every interface at once, and says when a sleeper got through who was silent for `silentHours`. */
async function wakes(silentHours: number, wakesAfterHours: number): Promise<readonly number[]> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "manual-start", seed: 7, clock });
  const { account, region, instanceId } = range.scenario.targets[0]!;
  const place = range.world.place(account, region);
  const [primary] = interfacesOf(place, { id: instanceId });
  const sleeper = createSleeper({
    name: "sleeper",
    clock,
    random: () => 0.5,
    network: range.network,
    flow: {
      inside: { kind: "interface", interfaceId: primary!.id, ip: primary!.privateIps[0]! },
      outside: { kind: "external", ip: "198.51.100.99" },
      protocol: "tcp",
      insidePort: 22,
      outsidePort: 50_000,
    },
    startedBy: "outside",
    silentSinceMs: silentHours * HOUR_MS,
    wakesAfterMs: wakesAfterHours * HOUR_MS,
  });
  sleeper.begin();
  const sealed = [...place.region.securityGroups.values()].find(({ tags }) =>
    tags.some(({ value }) => value === "sealed"),
  );
  place.world.change(primary!, () => (primary!.groupIds = [sealed!.id]));
  const end = new AbortController();
  await clock.run(async () => {
    const life = sleeper.live(end.signal);
    await clock.sleep((wakesAfterHours + 0.01) * HOUR_MS);
    end.abort();
    await life;
  });
  return sleeper.succeededAt(0).map((at) => (at - START_OF_SIMULATED_TIME_MS) / HOUR_MS);
}

it("comes back through a sealed interface while his entry lives, and says nothing before", async () => {
  expect(await wakes(48, 71)).toEqual([71]);
});

it("does not come back when his entry was idle for five days", async () => {
  expect(await wakes(48, 72)).toEqual([]);
});
