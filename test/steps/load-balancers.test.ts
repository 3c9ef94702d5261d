import { describe, expect, it } from "vitest";
import type { AutoScalingGroup, TargetGroup } from "../../src/range/world/scaling-model.ts";
import { stopInstance } from "../../src/range/world/instance-states.ts";
import { loadBalancers } from "../../src/steps/protect/load-balancers.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

interface Storefront {
  readonly group: AutoScalingGroup;
  readonly targets: TargetGroup;
}

/** Where the group asks only EC2 about health, a deregistration costs nobody anything. */
const onStorefront = (
  healthCheckType: "EC2" | "ELB",
  test: (bench: Bench, storefront: Storefront) => Promise<void>,
): Promise<void> =>
  onRange({ scenario: "ssh-intruder" }, (bench) => {
    const [group] = bench.place.region.autoScalingGroups.values();
    const [targets] = bench.place.region.targetGroups.values();
    if (!group || !targets) throw new Error("the scenario has no group");
    group.healthCheckType = healthCheckType;
    return test(bench, { group, targets });
  });

describe("the plan", () => {
  it("says how many healthy targets are left, and when there are none", () =>
    onStorefront("EC2", async ({ context, target }, { targets }) => {
      const what = async () =>
        (await loadBalancers.plan(context, {})).changes.map(({ blastRadius }) => blastRadius?.what);
      expect(await what()).toEqual(["Target group storefront keeps 1 healthy target of 1."]);
      for (const each of targets.targets.values())
        if (each.id !== target.instanceId) each.observedHealth.state = "unhealthy";
      expect(await what()).toEqual([
        "Target group storefront keeps no healthy target: its load balancer has nobody left to send to.",
      ]);
    }));

  it("leaves a member to its scaling group where that would end it for the deregistration", () =>
    onStorefront("ELB", async ({ context }, { targets }) => {
      expect(await loadBalancers.plan(context, {})).toEqual({
        changes: [],
        left: [
          {
            resource: targets.id,
            reason:
              "the Auto Scaling group storefront would end the instance for it; protect.auto-scaling takes it out of both",
          },
        ],
      });
    }));

  it("leaves what drains already, and an instance that no target group has", () =>
    onStorefront("EC2", async ({ context, target }, { targets }) => {
      const key = `${target.instanceId}:8080`;
      const registered = targets.targets.get(key)!;
      targets.targets.delete(key);
      targets.draining.set(key, { target: registered, until: context.now + 20_000 });
      expect((await loadBalancers.plan(context, {})).left).toEqual([
        { resource: target.instanceId, reason: "no target group has it" },
      ]);
    }));
});

describe("the change", () => {
  it("reports the draining, and takes a draining target back", () =>
    onStorefront("EC2", async ({ context, target }, { targets }) => {
      const [change] = changesOf(loadBalancers, await loadBalancers.plan(context, {}));
      await loadBalancers.run(context, change!, null);
      expect(await loadBalancers.verify(context, change!, null)).toMatchObject({ kind: "ok", observed: "draining" });
      await loadBalancers.revert(context, change!, null);
      expect([targets.targets.has(`${target.instanceId}:8080`), targets.draining.size]).toEqual([true, 0]);
    }));

  it("is not put back for an instance that does not run, and needs no putting back when its group is gone", () =>
    onStorefront("EC2", async ({ context, place, target, clock }, { targets, group }) => {
      const [change] = changesOf(loadBalancers, await loadBalancers.plan(context, {}));
      await loadBalancers.run(context, change!, null);
      place.region.autoScalingGroups.delete(group.id);
      stopInstance(place, place.region.instances.get(target.instanceId)!);
      await clock.sleep(60_000);
      await expect(loadBalancers.revert(context, change!, null)).rejects.toMatchObject({ code: "precondition_unmet" });
      place.region.targetGroups.delete(targets.id);
      expect(await loadBalancers.revert(context, change!, null)).toEqual({ kind: "done", outcome: null });
    }));
});
