import { expect, it } from "vitest";
import { connectionTimeouts } from "../../src/steps/contain/connection-timeouts.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

const FIVE_DAYS = 432_000;
const shortest = { tcpEstablishedTimeout: 60, udpTimeout: 30, udpStreamTimeout: 60 };
const typeDefaults = { tcpEstablishedTimeout: FIVE_DAYS, udpTimeout: 30, udpStreamTimeout: 180 };

async function setAll({ context }: Bench) {
  const changes = changesOf(connectionTimeouts, await connectionTimeouts.plan(context, {}));
  await Promise.all(changes.map((change) => connectionTimeouts.run(context, change, null)));
  return changes;
}

it("sets the shortest timers on every interface, and on release writes the type's defaults", () =>
  onRange({}, async (bench) => {
    const { context, interfaces } = bench;
    const { changes: planned } = await connectionTimeouts.plan(context, {});
    expect(planned).toEqual(
      interfaces().map(({ id }) => ({
        resource: id,
        attribute: "connection-tracking",
        before: { explicit: null, defaults: { tcpEstablished: FIVE_DAYS, udp: 30, udpStream: 180 } },
        after: { tcpEstablished: 60, udp: 30, udpStream: 60 },
        ofTarget: true,
      })),
    );
    const changes = changesOf(connectionTimeouts, { changes: planned, left: [] });
    expect(await connectionTimeouts.verify(context, changes[0]!, null)).toMatchObject({
      kind: "notYet",
      observed: null,
    });
    await setAll(bench);
    expect(interfaces().map(({ connectionTracking }) => connectionTracking)).toEqual([shortest, shortest]);
    for (const change of changes)
      expect(await connectionTimeouts.verify(context, change, null)).toMatchObject({ kind: "ok" });
    expect((await connectionTimeouts.plan(context, {})).changes).toEqual([]);

    for (const change of [...changes, ...changes]) await connectionTimeouts.revert(context, change, null);
    expect(interfaces().map(({ connectionTracking }) => connectionTracking)).toEqual([typeDefaults, typeDefaults]);
  }));

it("gives back timers that somebody had set, and the default of the one that was not", () =>
  onRange({}, async (bench) => {
    const { context, interfaces, place } = bench;
    const [primary] = interfaces();
    const theirs = { tcpEstablishedTimeout: 3600, udpTimeout: 45, udpStreamTimeout: null };
    place.world.change(primary!, () => (primary!.connectionTracking = theirs));
    const changes = await setAll(bench);
    expect(primary!.connectionTracking).toEqual(shortest);
    await connectionTimeouts.revert(context, changes[0]!, null);
    expect(primary!.connectionTracking).toEqual({ tcpEstablishedTimeout: 3600, udpTimeout: 45, udpStreamTimeout: 180 });
  }));

it("gives back nothing where it never ran, or where the interface is gone", () =>
  onRange({}, async ({ context, interfaces, place, range }) => {
    const changes = changesOf(connectionTimeouts, await connectionTimeouts.plan(context, {}));
    const before = range.snapshot();
    expect(await connectionTimeouts.revert(context, changes[0]!, null)).toEqual({ kind: "done", outcome: null });
    expect(range.snapshot()).toEqual(before);
    place.world.remove(place.region.interfaces, interfaces()[1]!.id);
    expect(await connectionTimeouts.revert(context, changes[1]!, null)).toEqual({ kind: "done", outcome: null });
  }));

it("does not overwrite timers that somebody changed since", () =>
  onRange({}, async (bench) => {
    const { context, interfaces, place } = bench;
    const changes = await setAll(bench);
    const [primary] = interfaces();
    place.world.change(primary!, () => (primary!.connectionTracking = { ...shortest, tcpEstablishedTimeout: 900 }));
    await expect(connectionTimeouts.revert(context, changes[0]!, null)).rejects.toMatchObject({
      code: "changed_since",
      particulars: {
        expected: "TCP 60 s, UDP 30 s, UDP stream 60 s",
        observed: "TCP 900 s, UDP 30 s, UDP stream 60 s",
      },
    });
    expect(primary!.connectionTracking?.tcpEstablishedTimeout).toBe(900);
  }));

it("leaves a type from before Nitro alone, and says why", () =>
  onRange({}, async ({ context, interfaces, place, target }) => {
    const instance = place.region.instances.get(target.instanceId)!;
    place.world.change(instance, () => (instance.instanceType = "t2.micro"));
    expect(await connectionTimeouts.plan(context, {})).toEqual({
      changes: [],
      left: interfaces().map(({ id }) => ({ resource: id, reason: "t2.micro is no Nitro type: it has no timers" })),
    });
  }));

it("takes the defaults of Nitro v6 from its type: 350 seconds", () =>
  onRange({}, async ({ context, place, target }) => {
    const instance = place.region.instances.get(target.instanceId)!;
    place.world.change(instance, () => (instance.instanceType = "m8i.large"));
    const { changes } = await connectionTimeouts.plan(context, {});
    expect(changes[0]?.before.defaults).toEqual({ tcpEstablished: 350, udp: 30, udpStream: 180 });
  }));

it("leaves an interface that a service manages", () =>
  onRange({ variants: ["service-managed-interface"] }, async ({ context, interfaces }) => {
    const { changes, left } = await connectionTimeouts.plan(context, {});
    expect(changes.map(({ resource }) => resource)).toEqual([interfaces()[0]!.id, interfaces()[1]!.id]);
    expect(left).toEqual([
      { resource: interfaces()[2]!.id, reason: "managed by eks.amazonaws.com: only its owner may change it" },
    ]);
  }));
