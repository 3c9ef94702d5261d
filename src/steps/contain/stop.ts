import { z } from "zod";
import { isStopProtected, setApiStop } from "../../aws/instance-attributes.ts";
import {
  hasInstanceStore,
  instancePower,
  reasonSpotCannotStop,
  startInstance,
  stopInstance,
  type InstancePower,
} from "../../aws/instance-power.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, later, type StepContext } from "../../core/step.ts";

const ID = "contain.stop";

/** The step that sets the stop protection which this one lifts for a moment. */
const PROTECTION = "protect.termination-protection";

const input = z.strictObject({
  /** Ends the system without its shutdown: nothing on it gets to run a last time, and writes that it holds back are lost. */
  skipOsShutdown: z.boolean().default(false),
  /** Whose stop protection may be lifted for the stop. */
  liftProtection: z.enum(["ours", "any"]).default("ours"),
});

const change = {
  before: z.strictObject({ state: z.literal("running"), isStopProtected: z.boolean() }),
  after: z.strictObject({
    state: z.literal("stopped"),
    isStopProtected: z.boolean(),
    skipOsShutdown: z.boolean(),
    /** What does not come back. */
    loses: z.array(z.string()),
  }),
};

/**
 * Stops the instance: the one cut that ends every flow and every process on it.
 *
 * State and stop protection are one change. Protection that Cordon set is lifted, the instance stopped, and the protection
 * set again, so that nobody but a person who means it starts from a stopped instance's end. Protection that somebody else
 * set is refused, unless `liftProtection: any` says otherwise.
 *
 * Its memory is lost, as are instance store volumes and an address that AWS assigned: capture memory first. `skipOsShutdown`
 * gives what runs on it no chance to clean up after itself. The release starts it again.
 */
export const stop = defineStep({
  id: ID,
  title: "Stop the instance",
  reversible: "equivalently",
  notRestored:
    "The instance starts again with an empty memory and empty instance store volumes, and with another address where AWS had assigned it one.",
  reads: [PROTECTION],
  settlesWithinMs: 600_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeSpotInstanceRequests",
      ],
      run: [
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:ModifyInstanceAttribute",
        "ec2:StopInstances",
      ],
      verify: ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances"],
      revert: [
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:ModifyInstanceAttribute",
        "ec2:StartInstances",
      ],
    },
  },
  input,
  change,

  async plan(context, { skipOsShutdown, liftProtection }) {
    const { aws, target } = context;
    const { account, region, instanceId } = target;
    const [instance, isProtected] = await Promise.all([
      instancePower(aws.ec2, instanceId),
      isStopProtected(aws.ec2, instanceId),
    ]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    if (hasEnded(instance)) throw new Refusal("instance_gone", { instanceId, region, state: instance.state });
    const nothing = (reason: string) => ({ changes: [], left: [{ resource: instanceId, reason }] });
    if (instance.managedBy !== null) return nothing(`managed by ${instance.managedBy}: only its owner may change it`);
    if (instance.state === "stopped" || instance.state === "stopping")
      return nothing(`it is ${instance.state} already`);
    const [reason, hasStore] = await Promise.all([
      reasonNotStoppable(context, instance, isProtected && liftProtection === "ours"),
      hasInstanceStore(aws.ec2, instance.instanceType),
    ]);
    if (reason !== null) throw new Refusal("precondition_unmet", { step: ID, reason });
    const loses = [
      "its memory",
      ...(hasStore ? ["its instance store volumes"] : []),
      ...instance.automaticAddresses.map((address) => `its address ${address}, which AWS assigned`),
    ];
    return {
      changes: [
        {
          resource: instanceId,
          attribute: "state",
          before: { state: "running" as const, isStopProtected: isProtected },
          after: { state: "stopped" as const, isStopProtected: isProtected, skipOsShutdown, loses },
          ofTarget: true,
        },
      ],
      left:
        instance.scalingGroup === null
          ? []
          : [
              {
                resource: instance.scalingGroup,
                reason: "the group ends instances that do not run: take this one out first, with protect.auto-scaling",
              },
            ],
    };
  },

  async run({ aws }, { resource, before, after }) {
    const [instance, isProtected] = await Promise.all([
      instancePower(aws.ec2, resource),
      isStopProtected(aws.ec2, resource),
    ]);
    if (instance === null || hasEnded(instance))
      throw new Refusal("changed_since", { resource, expected: "running", observed: instance?.state ?? "gone" });
    if (instance.state !== "stopped" && instance.state !== "stopping") {
      if (isProtected) await setApiStop(aws.ec2, resource, false);
      const came = await stopInstance(aws.ec2, resource, after);
      // The protection that was just lifted takes a while to be gone everywhere.
      if (came === "protected") return later({ lifted: true }, { afterMs: 2_000, withinMs: 60_000 });
      if (before.isStopProtected) await setApiStop(aws.ec2, resource, true);
      return done();
    }
    if (before.isStopProtected && !isProtected) await setApiStop(aws.ec2, resource, true);
    return done();
  },

  async verify({ aws }, { resource, after }) {
    const [instance, isProtected] = await Promise.all([
      instancePower(aws.ec2, resource),
      isStopProtected(aws.ec2, resource),
    ]);
    const words = (state: string, isOn: boolean): string => `${state}, stop protection ${isOn ? "on" : "off"}`;
    const expected = words(after.state, after.isStopProtected);
    const observed = words(instance?.state ?? "gone", isProtected);
    return expectThat(`state of ${resource}`, observed === expected, { expected, observed });
  },

  async revert({ aws }, { resource, before }) {
    const [instance, isProtected] = await Promise.all([
      instancePower(aws.ec2, resource),
      isStopProtected(aws.ec2, resource),
    ]);
    if (instance === null || hasEnded(instance)) return done(); // There is nothing left to start.
    if (before.isStopProtected && !isProtected) await setApiStop(aws.ec2, resource, true);
    if (instance.state === "running") return done(); // Never ran, or reverted already.
    if (instance.state === "stopped") await startInstance(aws.ec2, resource);
    return later(null, { afterMs: 5_000, withinMs: 900_000 }); // Until it runs.
  },
});

/** Why this instance is not stopped, though it runs; null where it is. */
async function reasonNotStoppable(
  { aws, outcomes, target }: StepContext,
  instance: InstancePower,
  asksWhose: boolean,
): Promise<string | null> {
  if (instance.hasRootOnInstanceStore) return "its root lies on an instance store: AWS cannot stop it, only end it";
  if (instance.spotRequestId !== null) {
    const reason = await reasonSpotCannotStop(aws.ec2, instance.spotRequestId);
    if (reason !== null) return `AWS does not stop this Spot instance: ${reason}`;
  }
  const isOurs = (outcomes[PROTECTION] ?? []).some(
    ({ change: { resource, attribute }, state }) =>
      resource === target.instanceId && attribute === "api-stop" && state !== "reverted",
  );
  if (!asksWhose || isOurs) return null;
  return `somebody protected it from being stopped, and not Cordon: liftProtection "any" lifts that too`;
}

function hasEnded({ state }: InstancePower): boolean {
  return state === "shutting-down" || state === "terminated";
}
