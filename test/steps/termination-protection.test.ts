import { describe, expect, it } from "vitest";
import type { Instance } from "../../src/range/world/model.ts";
import { terminationProtection } from "../../src/steps/protect/termination-protection.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

const onServer = (prepare: (instance: Instance) => void, test: (bench: Bench, instance: Instance) => Promise<void>) =>
  onRange({ scenario: "ssh-intruder" }, (bench) => {
    const instance = bench.place.region.instances.get(bench.target.instanceId);
    if (!instance) throw new Error("the scenario has no target");
    prepare(instance);
    return test(bench, instance);
  });

const named = ({ changes }: { readonly changes: readonly { readonly attribute?: string }[] }) =>
  changes.map(({ attribute }) => attribute);

describe("the plan", () => {
  it("has one change for each attribute and volume that is not protected yet", () =>
    onServer(
      (instance) => (instance.disableApiTermination = true),
      async ({ context }, { blockDevices }) => {
        const plan = await terminationProtection.plan(context, {});
        expect(plan.changes.map(({ attribute, before, after }) => [attribute, before, after])).toEqual([
          ["api-stop", false, true],
          ["shutdown-behavior", "terminate", "stop"],
          ["delete-on-termination", true, false],
        ]);
        expect(plan.changes.at(-1)?.resource).toBe(blockDevices[0]?.volumeId);
        expect(plan.left).toEqual([]);
      },
    ));

  it("leaves what AWS does not give a Spot instance, and keeps its volumes all the same", () =>
    onServer(
      (instance) => (instance.spotRequest = { id: "sir-1", kind: "one-time" }),
      async ({ context, target }) => {
        const plan = await terminationProtection.plan(context, {});
        expect(named(plan)).toEqual(["delete-on-termination"]);
        expect(plan.left.map(({ resource }) => resource)).toEqual([
          `${target.instanceId}/api-termination`,
          `${target.instanceId}/api-stop`,
          `${target.instanceId}/shutdown-behavior`,
        ]);
        expect(plan.left[0]?.reason).toContain("Spot instance");
      },
    ));

  it("protects an instance with its root on an instance store from termination, and leaves the rest", () =>
    onServer(
      (instance) => (instance.rootDeviceType = "instance-store"),
      async ({ context }) => {
        const plan = await terminationProtection.plan(context, {});
        expect(named(plan)).toEqual(["api-termination", "delete-on-termination"]);
        expect(plan.left).toHaveLength(2);
      },
    ));

  it("refuses an instance that is ending, and leaves one that a service manages", async () => {
    await onServer(
      (instance) => (instance.state = "shutting-down"),
      ({ context }) => expect(terminationProtection.plan(context, {})).rejects.toMatchObject({ code: "instance_gone" }),
    );
    await onServer(
      (instance) => (instance.operator = { managed: true, principal: "eks.amazonaws.com" }),
      async ({ context, target }) =>
        expect(await terminationProtection.plan(context, {})).toEqual({
          changes: [],
          left: [{ resource: target.instanceId, reason: "managed by eks.amazonaws.com: only its owner may change it" }],
        }),
    );
  });
});

describe("the changes", () => {
  it("write one attribute a call, and revert to exactly what was there", () =>
    onServer(
      () => {},
      async ({ context, range }, instance) => {
        const before = structuredClone(range.snapshot());
        const changes = changesOf(terminationProtection, await terminationProtection.plan(context, {}));
        for (const change of changes) await terminationProtection.run(context, change, null);
        const written = range.calls.filter(({ operation }) => operation === "ModifyInstanceAttribute");
        expect(written.map(({ input }) => Object.keys(input).length)).toEqual([2, 2, 2, 2]);
        expect(instance).toMatchObject({ disableApiTermination: true, disableApiStop: true, shutdownBehavior: "stop" });
        for (const change of changes) await terminationProtection.revert(context, change, null);
        expect(range.snapshot()).toEqual(before);
      },
    ));

  it("need no reverting once the instance has ended", () =>
    onServer(
      () => {},
      async ({ context }, instance) => {
        const changes = changesOf(terminationProtection, await terminationProtection.plan(context, {}));
        for (const change of changes) await terminationProtection.run(context, change, null);
        instance.state = "terminated";
        for (const change of changes)
          expect(await terminationProtection.revert(context, change, null)).toEqual({ kind: "done", outcome: null });
      },
    ));
});
