import {
  DescribeNetworkInterfacesCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
} from "@aws-sdk/client-ec2";
import { runDrill } from "../src/cli/drill/run.ts";
import { SimulatedClock } from "../src/core/clock.ts";
import { createRange, type Range, START_OF_SIMULATED_TIME_MS } from "../src/range/range.ts";
import { attachInterface, createInterface } from "../src/range/world/build-interfaces.ts";
import { shippedPlaybooks } from "./playbooks.ts";

const SEED = 1;

/**
 * Round trips and simulated time to isolation, against the floor: one describe to be able to restore, one swap.
 * The floor is measured with the bare SDK against the same range, in the same run.
 */
export async function benchIsolation(): Promise<boolean> {
  let isReached = true;
  for (const count of [1, 2, 15]) {
    const floorMs = await floor(count);
    const { result } = await runDrill({
      scenario: "c2-beacon",
      seed: SEED,
      playbooks: shippedPlaybooks(),
      prepare: (range) => setInterfaces(range, count),
    });
    const sealed = result.changes.filter(({ step }) => step === "contain.security-groups").length;
    if (sealed !== count) throw new Error(`expected ${count} sealed interfaces, found ${sealed}`);
    const time = result.timeToIsolationMs ?? Number.POSITIVE_INFINITY;
    console.log(
      `  ${String(count).padStart(2)} interfaces: ${result.roundTripsToIsolation} round trips (floor 2), ${time} ms simulated, ${(time / floorMs).toFixed(2)} x the floor of ${floorMs} ms`,
    );
    isReached &&= result.roundTripsToIsolation === 2;
  }
  return isReached;
}

/** Gives the target this many interfaces: takes the second away, or adds more like the first. */
function setInterfaces({ world, scenario }: Range, count: number): void {
  const [target] = scenario.targets;
  if (!target) throw new TypeError("the scenario has no target");
  const place = world.place(target.account, target.region);
  const instance = place.region.instances.get(target.instanceId);
  const attached = [...place.region.interfaces.values()].filter(
    ({ attachment }) => attachment?.instanceId === target.instanceId,
  );
  const [first] = attached;
  if (!instance || !first) throw new TypeError("the target has no interface");
  for (const surplus of attached.slice(count)) world.remove(place.region.interfaces, surplus.id);
  for (let index = attached.length; index < count; index++) {
    const made = createInterface(place, { subnetId: first.subnetId, groupIds: first.groupIds });
    attachInterface(place, made, instance, { deviceIndex: index });
  }
}

async function floor(count: number): Promise<number> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "c2-beacon", seed: SEED, clock });
  setInterfaces(range, count);
  const [target] = range.scenario.targets;
  const { accessKeyId, secretAccessKey, sessionToken } = range.responder;
  const client = new EC2Client({
    region: target?.region ?? "",
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    requestHandler: range.requestHandler(),
    maxAttempts: 1,
  });
  const letGo = clock.hold(); // The SDK's first call reads its configuration from the disk: not part of the floor.
  await client.config.credentials();
  letGo();
  return clock.run(async () => {
    const begin = clock.now();
    const { NetworkInterfaces = [] } = await client.send(
      new DescribeNetworkInterfacesCommand({
        Filters: [{ Name: "attachment.instance-id", Values: [target?.instanceId ?? ""] }],
      }),
    );
    await Promise.all(
      NetworkInterfaces.map(({ NetworkInterfaceId, Groups = [] }) =>
        client.send(
          new ModifyNetworkInterfaceAttributeCommand({
            NetworkInterfaceId,
            Groups: Groups.map(({ GroupId }) => GroupId ?? ""),
          }),
        ),
      ),
    );
    return clock.now() - begin;
  });
}
