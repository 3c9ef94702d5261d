import { expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS, type Range, type RangeOptions } from "../range.ts";
import { startSnapshot } from "../world/build-storage.ts";
import { consoleOutput } from "../world/console.ts";
import type { Instance } from "../world/model.ts";
import { interfacesOf } from "../world/place.ts";
import { deregisterTarget } from "../world/target-health.ts";
import type { Place } from "../world/world.ts";

type Chosen = Pick<RangeOptions, "scenario"> & Partial<RangeOptions>;

interface Stage {
  readonly range: Range;
  readonly place: Place;
  readonly target: Instance;
}

const MINUTE = 60_000;

/** Lets those who live in a scenario live: what happens is a list of minutes to wait and acts in between. */
async function play(options: Chosen, acts: readonly (number | ((stage: Stage) => unknown))[]): Promise<Stage> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ seed: 7, clock, ...options });
  const end = new AbortController();
  await clock.run(async () => {
    range.start(end.signal);
    for (const act of acts) {
      if (typeof act === "number") await clock.sleep(act * MINUTE);
      else act(stageOf(range));
    }
    end.abort();
  });
  return stageOf(range);
}

function stageOf(range: Range): Stage {
  const { account, region, instanceId } = range.scenario.targets[0]!;
  const place = range.world.place(account, region);
  return { range, place, target: place.region.instances.get(instanceId)! };
}

function getsThrough({ range }: Stage, name: string, fromMinute: number): boolean {
  const found = range.attackers().find((each) => each.name === name)!;
  return found.succeededAt(START_OF_SIMULATED_TIME_MS + fromMinute * MINUTE).length > 0;
}

const seal = ({ place, target }: Stage): void => {
  for (const each of interfacesOf(place, target)) {
    const group = [...place.region.securityGroups.values()].find(
      ({ vpcId, tags }) =>
        vpcId === each.vpcId && tags.some(({ key, value }) => key.includes("prepared") && value === "sealed"),
    )!;
    place.world.change(each, () => (each.groupIds = [group.id]));
  }
};

const snapshot = ({ place, target }: Stage): void => {
  const volume = place.region.volumes.get(target.blockDevices[0]!.volumeId)!;
  startSnapshot(place, volume);
};

const lockIn =
  (mode: "governance" | "compliance") =>
  ({ place }: Stage): void => {
    for (const each of place.region.snapshots.values()) {
      const lock = { mode, createdAt: place.world.now(), coolOffHours: null, durationDays: 30, expiresAt: null };
      place.world.change(each, () => (each.lock = lock));
    }
  };

const protect = ({ place, target }: Stage): unknown =>
  place.world.change(target, () => (target.disableApiTermination = true));

const left = ({ place }: Stage): number => place.region.snapshots.size;

it("a clean-up key deletes snapshots and ends the instance", async () => {
  const stage = await play({ scenario: "evidence-saboteur" }, [1, snapshot, 4]);
  expect([left(stage), stage.target.state]).toEqual([0, "terminated"]);
});

it("a clean-up key is refused by a lock and by termination protection", async () => {
  const stage = await play({ scenario: "evidence-saboteur" }, [1, snapshot, lockIn("governance"), protect, 4]);
  expect([left(stage), stage.target.state]).toEqual([1, "running"]);
});

it("an administrator takes a governance lock and the protection off, and cannot take a lock in compliance mode", async () => {
  const variants = ["account-administrator"] as const;
  const governed = await play({ scenario: "evidence-saboteur", variants }, [
    1,
    snapshot,
    lockIn("governance"),
    protect,
    4,
  ]);
  expect([left(governed), governed.target.state]).toEqual([0, "terminated"]);
  const complied = await play({ scenario: "evidence-saboteur", variants }, [1, snapshot, lockIn("compliance"), 4]);
  expect(left(complied)).toBe(1);
});

it("an implant floods the console until what stood there is no longer among the last 64 KiB", async () => {
  const shown = ({ target }: Stage): boolean =>
    consoleOutput(target).subarray(-65_536).includes("module verification failed");
  const scenario = "evidence-saboteur";
  expect(shown(await play({ scenario }, [1]))).toBe(true);
  expect(shown(await play({ scenario }, [1, protect, 4]))).toBe(false);
});

it("a dead man's switch ends the instance when its controller falls silent, and only stops it where a shutdown is no end", async () => {
  const options = { scenario: "c2-beacon", variants: ["dead-man-switch"] } as const;
  const deny = ({ place }: Stage): void => {
    for (const acl of place.region.networkAcls.values()) place.world.change(acl, () => (acl.entries = []));
  };
  const stop = ({ place, target }: Stage): unknown =>
    place.world.change(target, () => (target.shutdownBehavior = "stop"));
  expect((await play(options, [5])).target.state).toBe("running");
  expect((await play(options, [1, deny, 5])).target.state).toBe("terminated");
  expect((await play(options, [1, deny, stop, 5])).target.state).toBe("stopped");
});

it("a colleague on call reboots what is silent and says nothing of a case, and nothing else", async () => {
  const options = { scenario: "manual-start", variants: ["on-call-operator"] } as const;
  const tag = ({ place, target }: Stage): unknown =>
    place.world.change(target, () => target.tags.push({ key: "cordon:status", value: "in-response" }));
  expect((await play(options, [10])).target.reboots).toBe(0);
  expect((await play(options, [1, seal, 9])).target.reboots).toBeGreaterThan(0);
  expect((await play(options, [1, seal, tag, 9])).target.reboots).toBe(0);
});

it("a session over an endpoint outlives the seal, and ends when it is ended", async () => {
  const options = { scenario: "c2-beacon", variants: ["ssm-session"] } as const;
  const end = ({ place }: Stage): void => {
    for (const each of place.region.ssmSessions.values()) place.world.change(each, () => (each.state = "Terminated"));
  };
  expect(getsThrough(await play(options, [1, seal, 5]), "session-user", 3)).toBe(true);
  expect(getsThrough(await play(options, [1, end, 5]), "session-user", 3)).toBe(false);
});

it("a web shell is reached over the load balancer's open connection though the only target is sealed and fails its checks", async () => {
  const options = { scenario: "web-shell" } as const;
  const sealed = await play(options, [1, seal, 5]);
  const [group] = sealed.place.region.targetGroups.values();
  expect([...group!.targets.values()].map(({ observedHealth }) => observedHealth.state)).toEqual(["unhealthy"]);
  expect(getsThrough(sealed, "web-shell-user", 4)).toBe(true);
  const takeOut = ({ place }: Stage): void => {
    for (const each of place.region.targetGroups.values())
      for (const key of each.targets.keys()) deregisterTarget(place, each, key);
  };
  expect(getsThrough(await play(options, [1, takeOut, 5]), "web-shell-user", 2)).toBe(false);
});

it("a relay has new credentials five minutes before the old ones run out, unless the instance gets none", async () => {
  const options = { scenario: "credential-relay" } as const;
  const off = ({ place, target }: Stage): unknown =>
    place.world.change(target, ({ metadataOptions }) => (metadataOptions.httpEndpoint = "disabled"));
  expect(getsThrough(await play(options, [1, seal, 15]), "credential-thief", 12)).toBe(true);
  expect(getsThrough(await play(options, [1, off, 15]), "credential-thief", 12)).toBe(false);
});

it("who has a private key launches one more instance with its key pair, and none without", async () => {
  const options = { scenario: "manual-start", variants: ["stolen-key-pair"] } as const;
  const withKey = ({ place, target }: Stage): number =>
    [...place.region.instances.values()].filter(({ keyName, id }) => keyName === "deployment" && id !== target.id)
      .length;
  expect(withKey(await play(options, [10]))).toBe(1);
  const gone = ({ place }: Stage): void => {
    for (const { id } of place.region.keyPairs.values()) place.world.remove(place.region.keyPairs, id);
  };
  expect(withKey(await play(options, [1, gone, 9]))).toBe(0);
});
