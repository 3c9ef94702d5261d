import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/range/world/model.ts";
import { stop } from "../../src/steps/contain/stop.ts";
import { changesOf, onRange, settled, type Bench } from "./bench.ts";

const gentle = { skipOsShutdown: false, liftProtection: "ours" } as const;

function edit({ range, place, target }: Bench, change: (instance: Instance) => void): void {
  range.world.change(place.region.instances.get(target.instanceId)!, change);
}

describe("the plan of a stop", () => {
  it("says what is lost", async () => {
    await onRange({}, async (bench) => {
      edit(bench, (instance) => (instance.instanceType = "m5d.large"));
      const { changes } = await stop.plan(bench.context, gentle);
      expect(changes.map(({ after }) => after.loses)).toEqual([
        ["its memory", "its instance store volumes", "its address 192.0.2.60, which AWS assigned"],
      ]);
    });
  });

  it.each<[string, (instance: Instance) => void, RegExp]>([
    [
      "a root on an instance store",
      (each) => (each.rootDeviceType = "instance-store"),
      /root lies on an instance store/,
    ],
    [
      "a Spot request for one launch",
      (each) => (each.spotRequest = { id: "sir-0123456789abcdef0", kind: "one-time" }),
      /one launch only/,
    ],
    ["protection that somebody else set", (each) => (each.disableApiStop = true), /not Cordon: liftProtection "any"/],
  ])("refuses %s", async (_, change, reason) => {
    await onRange({}, async (bench) => {
      edit(bench, change);
      await expect(stop.plan(bench.context, gentle)).rejects.toMatchObject({
        code: "precondition_unmet",
        message: expect.stringMatching(reason) as string,
      });
    });
  });

  it("names the scale group that would end what does not run", async () => {
    await onRange({}, async (bench) => {
      edit(bench, (instance) => (instance.autoScalingGroupName = "payroll"));
      expect((await stop.plan(bench.context, gentle)).left).toEqual([
        {
          resource: "payroll",
          reason: "the group ends instances that do not run: take this one out first, with protect.auto-scaling",
        },
      ]);
    });
  });
});

it("lifts the protection that Cordon set, and sets it again", async () => {
  await onRange({}, async (bench) => {
    edit(bench, (instance) => (instance.disableApiStop = true));
    const ours = {
      change: {
        id: "protect.termination-protection/x/api-stop",
        step: "protect.termination-protection",
        resource: bench.target.instanceId,
        attribute: "api-stop",
        before: false,
        after: true,
      },
      state: "verified",
      outcome: null,
      verifiedAt: bench.clock.now(),
    };
    const context = { ...bench.context, outcomes: { "protect.termination-protection": [ours] } };
    const [change] = changesOf(stop, await stop.plan(context, gentle));
    bench.operations();
    expect(await stop.run(context, change!, null)).toEqual({ kind: "done", outcome: null });
    expect(bench.operations()).toEqual([
      "DescribeInstances",
      "DescribeInstanceAttribute",
      "ModifyInstanceAttribute",
      "StopInstances",
      "ModifyInstanceAttribute",
    ]);
    const seen = await settled(bench.clock, 120_000, () => stop.verify(context, change!, null));
    expect(seen).toMatchObject({ kind: "ok", observed: "stopped, stop protection on" });
  });
});
