import { expect, it } from "vitest";
import { preparedGroups as recordedGroups } from "../../src/aws/prepared-groups.ts";
import { faultOf, findGroup } from "../../src/aws/security-groups.ts";
import { createPreparedGroups } from "../../src/range/scenarios/prepared-groups.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { preparedGroups } from "../../src/steps/protect/prepared-groups.ts";
import { changesOf, onRange, settled, type Bench } from "./bench.ts";

const none = { variants: ["no-prepared-groups"] } as const;
const made = (outcome: unknown): string => (outcome as { groupId: string }).groupId;

async function makeAll({ context }: Bench): Promise<readonly string[]> {
  const changes = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
  const results = await Promise.all(changes.map((change) => preparedGroups.run(context, change, null)));
  return results.map((result) => {
    if (result.kind !== "done") throw new Error("it is not done");
    return made(result.outcome);
  });
}

it("makes a sealed and an open group in the instance's VPC, and calls them good only once their rules were read", () =>
  onRange(none, async (bench) => {
    const { context, interfaces } = bench;
    const { vpcId } = interfaces()[0]!;
    const plan = await preparedGroups.plan(context, {});
    expect(plan).toEqual({
      changes: [
        {
          resource: vpcId,
          attribute: "sealed",
          before: null,
          after: { level: "sealed", name: "cordon-sealed-0f1e2d3c" },
        },
        { resource: vpcId, attribute: "open", before: null, after: { level: "open", name: "cordon-open-0f1e2d3c" } },
      ],
      left: [],
    });
    const [sealed, open] = changesOf(preparedGroups, plan);
    for (const change of [sealed!, open!]) {
      const result = await preparedGroups.run(context, change, null);
      if (result.kind !== "done") throw new Error("it is not done");
      const group = await findGroup(context.aws.ec2, made(result.outcome));
      expect(group).toMatchObject({
        name: change.after.name,
        tags: { "cordon:managed": "true", "cordon:prepared": change.after.level, Purpose: "forensics" },
      });
      expect(faultOf(group!, change.after.level)).toBeNull();
      expect(await preparedGroups.verify(context, change, result.outcome)).toMatchObject({ kind: "ok" });
    }
    const [sealedOf, openOf] = await Promise.all([context.prepared.groups("sealed"), context.prepared.groups("open")]);
    expect([sealedOf(vpcId), openOf(vpcId)]).toEqual([expect.stringMatching(/^sg-/), expect.stringMatching(/^sg-/)]);
    expect(await preparedGroups.plan(context, {})).toEqual({ changes: [], left: [] });
  }));

it("makes only what a VPC lacks, in each VPC of the instance", () =>
  onRange({ variants: ["no-prepared-groups", "two-vpcs"] }, async ({ context, interfaces, place }) => {
    const vpcIds = [...new Set(interfaces().map(({ vpcId }) => vpcId))];
    expect(vpcIds).toHaveLength(2);
    createPreparedGroups(place, { id: vpcIds[0]! });
    const { changes } = await preparedGroups.plan(context, {});
    expect(changes.map(({ resource, attribute }) => [resource, attribute])).toEqual([
      [vpcIds[1], "sealed"],
      [vpcIds[1], "open"],
    ]);
  }));

it("finds the group that an earlier call made whose answer was lost, and makes no second one", () =>
  onRange(none, async (bench) => {
    const { context, range, place } = bench;
    const [change] = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
    range.faults.inject({ kind: "lost-answer", operation: "CreateSecurityGroup" });
    await expect(preparedGroups.run(context, change!, null)).rejects.toMatchObject({ isTransient: true });
    const result = await preparedGroups.run(context, change!, null);
    const named = [...place.region.securityGroups.values()].filter(({ name }) => name === "cordon-sealed-0f1e2d3c");
    expect(named).toMatchObject([{ rules: [] }]);
    expect(result).toEqual({ kind: "done", outcome: { groupId: named[0]!.id } });
  }));

it("completes rules of which only some were written", () =>
  onRange(none, async (bench) => {
    const { context, range, prepared, interfaces } = bench;
    const [, open] = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
    range.faults.inject({ kind: "lost-answer", operation: "AuthorizeSecurityGroupIngress" });
    await expect(preparedGroups.run(context, open!, null)).rejects.toMatchObject({ isTransient: true });
    await preparedGroups.run(context, open!, null);
    expect(prepared("open", interfaces()[0]!.vpcId)?.rules).toHaveLength(4);
  }));

it("waits for a new group that AWS does not see yet, and then seals it", () =>
  onRange({ ...none, staleMs: 60_000 }, async ({ clock, context, prepared, interfaces }) => {
    const [change] = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
    await expect(preparedGroups.run(context, change!, null)).rejects.toMatchObject({ code: "propagation_pending" });
    await clock.sleep(60_000);
    const result = await preparedGroups.run(context, change!, null);
    if (result.kind !== "done") throw new Error("it is not done");
    const seen = await settled(clock, 60_000, () => preparedGroups.verify(context, change!, result.outcome));
    expect(seen.kind).toBe("ok");
    expect(prepared("sealed", interfaces()[0]!.vpcId)?.rules).toEqual([]);
  }));

it("does not call a group sealed that lets something out", () =>
  onRange(none, async ({ context, place, ...bench }) => {
    const [groupId] = await makeAll({ context, place, ...bench });
    const [vpcId] = bench.interfaces().map((one) => one.vpcId);
    const other = [...place.region.securityGroups.values()].find(
      ({ name, rules }) => name === "default" && rules.length > 0,
    )!;
    const group = place.region.securityGroups.get(groupId!)!;
    place.world.change(group, () => (group.rules = structuredClone(other.rules.filter(({ egress }) => egress))));
    const change = {
      id: "protect.prepared-groups/vpc/sealed",
      step: preparedGroups.id,
      resource: vpcId!,
      attribute: "sealed",
      before: null,
      after: { level: "sealed", name: "cordon-sealed-0f1e2d3c" },
    } as const;
    expect(await preparedGroups.verify(context, change, { groupId: groupId! })).toMatchObject({
      kind: "notYet",
      expected: "sealed",
      observed: expect.stringContaining("out all protocols 0.0.0.0/0"),
    });
  }));

it("leaves the groups where they are on release", () =>
  onRange(none, async (bench) => {
    const { context, range } = bench;
    const changes = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
    const [groupId] = await makeAll(bench);
    const before = range.snapshot();
    expect(await preparedGroups.revert(context, changes[0]!, { groupId: groupId! })).toEqual({
      kind: "done",
      outcome: null,
    });
    expect(range.snapshot()).toEqual(before);
  }));

it("makes a fresh group where an intruder put Cordon's tag on a group that lets traffic through", () =>
  onRange(none, async ({ context, interfaces, place }) => {
    const { vpcId } = interfaces()[0]!;
    const decoy = [...place.region.securityGroups.values()].find(
      (group) => group.vpcId === vpcId && group.rules.length > 0,
    )!;
    place.world.change(decoy, () => decoy.tags.push({ key: "cordon:prepared", value: "sealed" }));
    const changes = changesOf(preparedGroups, await preparedGroups.plan(context, {}));
    expect(changes.map(({ attribute }) => attribute)).toEqual(["sealed", "open"]);
    await preparedGroups.run(context, changes[0]!, null);
    const sealedOf = await context.prepared.groups("sealed");
    expect(sealedOf(vpcId)).not.toBe(decoy.id);
    expect(place.region.securityGroups.get(sealedOf(vpcId)!)?.rules).toEqual([]);
  }));

it("takes a recorded group that somebody changed for missing, names it, and makes a fresh one of another name", () =>
  onRange(none, async (bench) => {
    const { context, interfaces, place } = bench;
    const { vpcId } = interfaces()[0]!;
    const [changedId = ""] = await makeAll(bench);
    const changed = place.region.securityGroups.get(changedId)!;
    const elsewhere = [...place.region.securityGroups.values()].find(({ rules }) => rules.length > 0)!;
    place.world.change(changed, () => (changed.rules = structuredClone(elsewhere.rules)));
    const prepared = recordedGroups(context.aws.ec2, new Map([[vpcId, { sealed: changedId }]]));
    expect((await prepared.groups("sealed"))(vpcId)).toBeNull();

    const spoiled = { ...context, prepared };
    const plan = await preparedGroups.plan(spoiled, {});
    expect(plan.changes).toMatchObject([
      { resource: vpcId, attribute: "sealed", after: { name: "cordon-sealed-0f1e2d3c-2" } },
    ]);
    const told = [
      { resource: changedId, reason: expect.stringMatching(/^somebody changed this prepared group \(it lets/) },
    ];
    expect(plan.left).toEqual(told);
    await expect(securityGroups.plan(spoiled, { level: "sealed" })).rejects.toMatchObject({
      code: "prepared_group_missing",
    });

    const [change] = changesOf(preparedGroups, plan);
    const result = await preparedGroups.run(context, change!, null);
    const fresh = (await prepared.groups("sealed"))(vpcId);
    expect(result).toEqual({ kind: "done", outcome: { groupId: fresh } });
    expect(fresh).not.toBe(changedId);
    const seal = await securityGroups.plan(spoiled, { level: "sealed" });
    expect(seal.changes.map(({ after }) => after)).toEqual([[fresh], [fresh]]);
    expect(seal.left).toEqual(told);
  }));
