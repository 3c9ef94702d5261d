import { describe, expect, it } from "vitest";
import type { Claim, Ledger } from "../../src/core/step.ts";
import type { Json } from "../../src/core/json.ts";
import { stopInstance } from "../../src/range/world/instance-states.ts";
import type { AutoScalingGroup } from "../../src/range/world/scaling-model.ts";
import { autoScaling } from "../../src/steps/protect/auto-scaling.ts";
import { onRange, type Bench } from "./bench.ts";

type Mode = "detach" | "standby";

const onStorefront = (test: (bench: Bench, group: AutoScalingGroup) => Promise<void>): Promise<void> =>
  onRange({ scenario: "ssh-intruder" }, (bench) => {
    const group = bench.place.region.autoScalingGroups.get("storefront");
    if (!group) throw new Error("the scenario has no group");
    return test(bench, group);
  });

const planOf = ({ context }: Bench, mode: Mode = "detach") => autoScaling.plan(context, { mode });

/** What the engine would keep of claims on the group, and reconciling with them until nothing is on its way. */
function engine({ context, clock }: Bench, group: AutoScalingGroup) {
  const claims: Claim[] = [];
  let kept: { readonly original: Json; readonly ours: Json } | null = null;
  const ledger = (): Ledger => ({
    asked: [],
    claims: [...claims],
    original: kept?.original ?? null,
    ours: kept?.ours ?? null,
    save: async (next) => void (kept = next),
  });
  const once = () => autoScaling.reconcile({ ...context, now: clock.now() }, group.arn, ledger());
  const settle = async (): Promise<Json> => {
    for (let tries = 0; ; tries++) {
      try {
        return await once();
      } catch (error) {
        if ((error as { code?: string }).code !== "propagation_pending" || tries > 30) throw error;
        await clock.sleep(10_000);
      }
    }
  };
  return {
    settle,
    claim(member: string, mode: Mode = "detach"): void {
      claims.push({ resource: group.arn, step: autoScaling.id, member, case: "case-1", value: { mode }, until: null });
    },
    releaseAll: () => void claims.splice(0),
  };
}

const sizes = ({ minSize, maxSize, desiredCapacity }: AutoScalingGroup) => [minSize, maxSize, desiredCapacity];

describe("the plan", () => {
  it("says what capacity is left, by mode", () =>
    onStorefront(async (bench, group) => {
      const { changes } = await planOf(bench);
      expect(changes).toMatchObject([
        {
          resource: group.arn,
          attribute: bench.target.instanceId,
          before: { lifecycleState: "InService", minSize: 2, maxSize: 2, desiredCapacity: 2 },
          after: { mode: "detach" },
          claim: { member: bench.target.instanceId },
          blastRadius: {
            what: "Group storefront launches another instance from its template; until that serves, it has 1 of 2 instances.",
          },
        },
      ]);
      const [standby] = (await planOf(bench, "standby")).changes;
      expect(standby?.blastRadius?.what).toBe(
        "Group storefront goes on with 1 of 2 instances until release, and its minimum goes from 2 to 1.",
      );
      group.suspendedProcesses = ["Launch"];
      const [alone] = (await planOf(bench)).changes;
      expect(alone?.blastRadius?.what).toBe(
        "Group storefront goes on with 1 of 2 instances: its process Launch is suspended, and nobody comes in place of this one.",
      );
    }));

  it("leaves what is in no group, on standby, leaving or ending already, and says why", () =>
    onStorefront(async (bench, group) => {
      const member = group.members.get(bench.target.instanceId)!;
      const reason = async () => (await planOf(bench)).left[0]?.reason;
      member.lifecycleState = "Standby";
      expect(await reason()).toBe("it is on standby in storefront already, which neither checks nor ends it");
      member.lifecycleState = "Detaching";
      expect(await reason()).toBe("it is leaving storefront already");
      member.lifecycleState = "Terminating";
      expect(await reason()).toBe("storefront is ending it (Terminating): take what evidence there is at once");
      group.members.delete(bench.target.instanceId);
      expect(await reason()).toBe("it is in no Auto Scaling group");
    }));
});

describe("taking out and bringing back", () => {
  it("protects, detaches without decrement, and ends nobody on the way back", () =>
    onStorefront(async (bench, group) => {
      const { settle, claim, releaseAll } = engine(bench, group);
      claim(bench.target.instanceId);
      await settle();
      expect(bench.operations()).toEqual(["DescribeAutoScalingGroups", "SetInstanceProtection", "DetachInstances"]);
      await bench.clock.sleep(120_000);
      releaseAll();
      await settle();
      await bench.clock.sleep(600_000);
      bench.range.world.places();
      expect(sizes(group)).toEqual([2, 3, 3]);
      expect([...bench.place.region.instances.values()].map(({ state }) => state)).toEqual([
        "running",
        "running",
        "running",
      ]);
    }));

  it("takes two cases of one group in one call, and makes room for both on the way back", () =>
    onStorefront(async (bench, group) => {
      const { settle, claim, releaseAll } = engine(bench, group);
      for (const id of group.members.keys()) claim(id);
      await settle();
      expect(bench.operations().filter((operation) => operation === "DetachInstances")).toHaveLength(1);
      await bench.clock.sleep(120_000);
      releaseAll();
      await settle();
      expect(sizes(group)).toEqual([2, 4, 4]);
    }));

  it("keeps the bounds that somebody set meanwhile, and a protection that was there before", () =>
    onStorefront(async (bench, group) => {
      const { settle, claim, releaseAll } = engine(bench, group);
      group.members.get(bench.target.instanceId)!.protectedFromScaleIn = true;
      claim(bench.target.instanceId, "standby");
      await settle();
      expect(sizes(group)).toEqual([1, 2, 1]);
      await bench.clock.sleep(60_000);
      Object.assign(group, { minSize: 0 });
      releaseAll();
      await settle();
      expect(sizes(group)).toEqual([0, 2, 2]);
      expect(group.members.get(bench.target.instanceId)).toMatchObject({ protectedFromScaleIn: true });
    }));

  it("does not bring back what does not run, and says what to do; what has ended needs no bringing back", () =>
    onStorefront(async (bench, group) => {
      const { settle, claim, releaseAll } = engine(bench, group);
      claim(bench.target.instanceId);
      await settle();
      await bench.clock.sleep(120_000);
      const instance = bench.place.region.instances.get(bench.target.instanceId)!;
      stopInstance(bench.place, instance);
      releaseAll();
      await expect(settle()).rejects.toMatchObject({
        code: "precondition_unmet",
        message: expect.stringContaining("start it, then release again"),
      });
      Object.assign(instance, { state: "terminated", transition: null });
      await settle();
      expect(sizes(group)).toEqual([2, 2, 2]);
    }));

  it("refuses what the group is ending already", () =>
    onStorefront(async (bench, group) => {
      const { settle, claim } = engine(bench, group);
      group.members.get(bench.target.instanceId)!.lifecycleState = "Terminating";
      claim(bench.target.instanceId);
      await expect(settle()).rejects.toMatchObject({ code: "claim_conflict" });
    }));
});
