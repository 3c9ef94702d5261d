import { describe, expect, it } from "vitest";
import { endWorkstation, launchWorkstation } from "../../src/aws/workstations.ts";
import type { Instance } from "../../src/range/world/model.ts";
import { prepareWorkstation, withWorkstation } from "../contract/workstations.ts";
import { onRange, type Bench, type BenchOptions } from "./bench.ts";

const token = "nobody-guesses-this";

interface Standing extends Bench {
  /** The workstation as it is, and not as a read shows it. */
  readonly instance: Instance;
}

/** A bench where a workstation has run for a while. */
function withWorkstationStanding(test: (standing: Standing) => Promise<void>, options: BenchOptions = {}) {
  return onRange(options, async (bench) => {
    prepareWorkstation(bench.range);
    await bench.clock.sleep(60_000);
    const { workstation } = withWorkstation(bench.range);
    const id = await launchWorkstation(bench.context.aws.ec2, {
      token,
      imageId: workstation!.image,
      instanceType: workstation!.type,
      subnetId: workstation!.subnet,
      groupId: bench.interfaces()[0]!.groupIds[0]!,
      profile: null,
      keyName: null,
      rootDevice: "/dev/sda1",
      tags: {},
    });
    await bench.clock.sleep(120_000);
    bench.operations();
    await test({ ...bench, instance: bench.place.region.instances.get(id)! });
  });
}

function protectFromStopping({ range, instance }: Standing): void {
  range.world.change(instance, (each) => (each.disableApiStop = true));
}

describe("ending a workstation", () => {
  it("lifts nothing where an examiner protected it from being stopped", async () => {
    await withWorkstationStanding(async (standing) => {
      const { context, instance, operations } = standing;
      protectFromStopping(standing);
      expect(await endWorkstation(context.aws.ec2, { id: instance.id, token })).toBe("held");
      expect(operations()).toEqual(["DescribeInstances", "DescribeInstanceAttribute"]);
      expect(instance).toMatchObject({ state: "running", disableApiTermination: true, disableApiStop: true });
    });
  });

  it("protects it from termination again where a read did not show the examiner's protection yet", async () => {
    await withWorkstationStanding(
      async (standing) => {
        const { context, instance, operations } = standing;
        protectFromStopping(standing);
        expect(await endWorkstation(context.aws.ec2, { id: instance.id, token })).toBe("held");
        expect(operations()).toContain("TerminateInstances");
        expect(instance).toMatchObject({ state: "running", disableApiTermination: true, disableApiStop: true });
      },
      { staleMs: 30_000 },
    );
  });

  it.each(["access-denied", "error"] as const)("leaves it as protected as it was where the end fails: %s", (kind) =>
    withWorkstationStanding(async ({ context, instance, operations, range }) => {
      range.faults.inject({ kind, operation: "TerminateInstances", times: Infinity });
      await expect(endWorkstation(context.aws.ec2, { id: instance.id, token })).rejects.toMatchObject({
        operation: "TerminateInstances",
      });
      expect(operations().at(-1)).toBe("ModifyInstanceAttribute");
      expect(instance).toMatchObject({ state: "running", disableApiTermination: true });
    }),
  );

  it("tells of a lost answer as such, though what is ending cannot be protected again", async () => {
    await withWorkstationStanding(async ({ context, instance, range }) => {
      range.faults.inject({ kind: "lost-answer", operation: "TerminateInstances" });
      await expect(endWorkstation(context.aws.ec2, { id: instance.id, token })).rejects.toMatchObject({
        operation: "TerminateInstances",
        hasUnknownEffect: true,
      });
      expect(instance.state).toBe("shutting-down");
      expect(await endWorkstation(context.aws.ec2, { id: instance.id, token })).toBe("ending");
    });
  });
});
