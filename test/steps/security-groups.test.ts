import { expect, it } from "vitest";
import { addInterface } from "../../src/range/scenarios/surroundings.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { changesOf, onRange, settled, type Bench } from "./bench.ts";

const sealed = { level: "sealed" } as const;

async function sealAll({ context }: Bench) {
  const changes = changesOf(securityGroups, await securityGroups.plan(context, sealed));
  await Promise.all(changes.map((change) => securityGroups.run(context, change, null)));
  return changes;
}

it("seals both interfaces in two round trips, each with its VPC's group, and gives the old groups back", () =>
  onRange({ variants: ["two-vpcs"] }, async (bench) => {
    const { clock, context, interfaces, prepared, range } = bench;
    const before = range.snapshot();
    const beganAt = clock.now();
    const original = interfaces().map(({ groupIds }) => [...groupIds]);
    const changes = await sealAll(bench);
    expect(clock.now() - beganAt).toBe(80);
    expect(interfaces().map(({ groupIds }) => groupIds)).toEqual(
      interfaces().map(({ vpcId }) => [prepared("sealed", vpcId)?.id]),
    );
    expect(new Set(interfaces().map(({ groupIds }) => groupIds[0])).size).toBe(2);
    expect(changes.map((change) => change.before)).toEqual(original);
    expect(changes.map(({ approves, ofTarget }) => ({ approves, ofTarget }))).toEqual([
      { approves: { level: "sealed" }, ofTarget: true },
      { approves: { level: "sealed" }, ofTarget: true },
      { approves: { level: "sealed" }, ofTarget: true },
    ]);
    for (const change of changes) expect((await securityGroups.verify(context, change, null)).kind).toBe("ok");
    for (const change of [...changes, ...changes]) await securityGroups.revert(context, change, null);
    expect(range.snapshot()).toEqual(before);
  }));

it("leaves an interface that a service manages, and says whose it is", () =>
  onRange({ variants: ["service-managed-interface"] }, async ({ context, interfaces }) => {
    const { changes, left } = await securityGroups.plan(context, sealed);
    expect(changes.map(({ resource }) => resource)).toEqual([interfaces()[0]!.id, interfaces()[1]!.id]);
    expect(left).toEqual([
      { resource: interfaces()[2]!.id, reason: "managed by eks.amazonaws.com: only its owner may change it" },
    ]);
  }));

it("refuses without a prepared group, and names the VPC", () =>
  onRange({ variants: ["no-prepared-groups"] }, async ({ context, interfaces }) => {
    await expect(securityGroups.plan(context, sealed)).rejects.toMatchObject({
      code: "prepared_group_missing",
      particulars: { vpcId: interfaces()[0]!.vpcId, level: "sealed" },
    });
    expect(securityGroups.enabledBy).toBe("protect.prepared-groups");
  }));

it("finds an interface that was attached after the plan when it plans again, and seals it as well", () =>
  onRange({}, async (bench) => {
    const { context, interfaces, place, target, prepared } = bench;
    expect(securityGroups.plansUntilQuiet).toBe(true);
    const first = await sealAll(bench);
    const [primary] = interfaces();
    const added = addInterface(place, place.region.instances.get(target.instanceId)!, {
      subnetId: primary!.subnetId,
      groupIds: first[0]!.before,
      deviceIndex: 2,
      description: "the intruder's",
    });
    expect((await securityGroups.plan(context, sealed)).changes).toMatchObject([
      { resource: added.id, before: first[0]!.before, after: [prepared("sealed", primary!.vpcId)?.id] },
    ]);
    await sealAll(bench);
    expect(added.groupIds).toEqual([prepared("sealed", primary!.vpcId)?.id]);
    expect((await securityGroups.plan(context, sealed)).changes).toEqual([]);
  }));

it("does not overwrite groups that somebody changed since, and asks nothing of an interface that is gone", () =>
  onRange({}, async (bench) => {
    const { context, interfaces, place } = bench;
    const changes = await sealAll(bench);
    const [primary, second] = interfaces();
    place.world.change(primary!, () => (primary!.groupIds = changes[1]!.before.slice()));
    await expect(securityGroups.revert(context, changes[0]!, null)).rejects.toMatchObject({
      code: "changed_since",
      particulars: { expected: changes[0]!.after[0], observed: changes[1]!.before[0] },
    });
    expect(primary!.groupIds).toEqual(changes[1]!.before);
    place.world.remove(place.region.interfaces, second!.id);
    expect(await securityGroups.revert(context, changes[1]!, null)).toEqual({ kind: "done", outcome: null });
  }));

it("says not yet while reads still show the old groups, and ok afterwards", () =>
  onRange({ staleMs: 8_000 }, async (bench) => {
    const { clock, context } = bench;
    const changes = await sealAll(bench);
    const looks = await Promise.all(changes.map((change) => securityGroups.verify(context, change, null)));
    expect(looks.map(({ kind }) => kind)).toContain("notYet");
    for (const change of changes) {
      const seen = await settled(clock, securityGroups.settlesWithinMs, () =>
        securityGroups.verify(context, change, null),
      );
      expect(seen.kind).toBe("ok");
    }
  }));
