import { z } from "zod";
import { findScalingGroup, membershipOf, type ScalingGroup } from "../../aws/auto-scaling-groups.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import {
  deregisterTarget,
  registerTarget,
  targetGroups,
  targetsOf,
  type RegisteredTarget,
  type TargetGroup,
} from "../../aws/target-groups.ts";
import type { ChangeDraft, Left } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, type StepContext } from "../../core/step.ts";

const registration = z.strictObject({ id: z.string(), port: z.int(), availabilityZone: z.string().nullable() });

type Draft = ChangeDraft<z.infer<typeof registration>, "deregistered">;

/**
 * Takes the instance out of every target group that has it, by its id or by one of its addresses, under every port.
 *
 * New requests go elsewhere at once. Those under way may go on for the deregistration delay of the group, five minutes
 * where nobody set it: the target is shown as draining for so long, and counts as taken out.
 *
 * A member of an Auto Scaling group that asks its load balancers about health is left to `protect.auto-scaling`, which takes
 * it out of both: deregistered by hand, it would fail the group's check and be ended.
 */
export const loadBalancers = defineStep({
  id: "protect.load-balancers",
  title: "Take the instance out of its load balancers",
  reversible: "exactly",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "ec2:DescribeNetworkInterfaces",
        "elasticloadbalancing:DescribeTargetGroups",
        "elasticloadbalancing:DescribeTargetHealth",
      ],
      run: ["elasticloadbalancing:DeregisterTargets"],
      verify: ["elasticloadbalancing:DescribeTargetHealth"],
      revert: ["elasticloadbalancing:DescribeTargetHealth", "elasticloadbalancing:RegisterTargets"],
    },
  },
  input: z.strictObject({}),
  change: { before: registration, after: z.literal("deregistered") },

  async plan(context) {
    const { instanceId } = context.target;
    const [names, registered, scaling] = await Promise.all([
      namesOf(context),
      registeredTargets(context),
      scalingGroupOf(context),
    ]);
    const ours = registered.flatMap(({ group, targets }) =>
      targets
        .filter(({ id, state }) => names.has(id) && state !== "draining")
        .map((target) => ({ group, targets, target })),
    );
    if (ours.length === 0) return { changes: [], left: [{ resource: instanceId, reason: "no target group has it" }] };
    const isLeft = ({ arn }: TargetGroup): boolean =>
      scaling !== null && scaling.checksLoadBalancers && scaling.targetGroupArns.includes(arn);
    return {
      changes: ours
        .filter(({ group }) => !isLeft(group))
        .map(({ group, targets, target }) => draft(group, targets, target)),
      left: ours
        .filter(({ group }) => isLeft(group))
        .map(({ group }): Left => ({
          resource: group.arn,
          reason: `the Auto Scaling group ${scaling?.name ?? ""} would end the instance for it; protect.auto-scaling takes it out of both`,
        })),
    };
  },

  async run({ aws }, { resource, before }) {
    await deregisterTarget(aws.elb, resource, before);
    return done();
  },

  async verify({ aws }, { resource, before }) {
    const state = stateOf(await targetsOf(aws.elb, resource), before);
    const isOut = state === null || state === "draining";
    return expectThat(`${nameOf(before)} in ${resource}`, isOut, {
      expected: "draining, then gone",
      observed: state ?? "gone",
    });
  },

  async revert({ aws }, { resource, before }) {
    const targets = await targetsOf(aws.elb, resource);
    if (targets === null) return done(); // The group went, and the registration with it.
    const state = stateOf(targets, before);
    if (state !== null && state !== "draining") return done(); // Never ran, or registered again.
    const answer = await registerTarget(aws.elb, resource, before);
    if (answer.kind === "refused")
      throw new Refusal("precondition_unmet", { step: "protect.load-balancers", reason: answer.message });
    return done();
  },
});

/** What a target group may know the instance by: its id and its addresses. */
async function namesOf({ aws, target: { instanceId } }: StepContext): Promise<ReadonlySet<string>> {
  const interfaces = await interfacesOf(aws.ec2, instanceId);
  return new Set([
    instanceId,
    ...interfaces.flatMap(({ privateAddresses, ipv6Addresses }) => [...privateAddresses, ...ipv6Addresses]),
  ]);
}

interface Registered {
  readonly group: TargetGroup;
  readonly targets: readonly RegisteredTarget[];
}

/** AWS has no call that finds the groups of a target: all are read, side by side. */
async function registeredTargets({ aws }: StepContext): Promise<readonly Registered[]> {
  const groups = (await targetGroups(aws.elb)).filter(({ targetType }) => ["instance", "ip"].includes(targetType));
  return Promise.all(groups.map(async (group) => ({ group, targets: (await targetsOf(aws.elb, group.arn)) ?? [] })));
}

/** The group of which the instance is a member that is checked; null where none is. */
async function scalingGroupOf({ aws, target: { instanceId } }: StepContext): Promise<ScalingGroup | null> {
  const membership = await membershipOf(aws.autoscaling, instanceId);
  return membership?.lifecycleState === "InService" ? findScalingGroup(aws.autoscaling, membership.groupName) : null;
}

function draft(group: TargetGroup, targets: readonly RegisteredTarget[], target: RegisteredTarget): Draft {
  const { id, port, availabilityZone } = target;
  const others = targets.filter((each) => each.state !== "draining" && nameOf(each) !== nameOf(target));
  const healthy = others.filter(({ state }) => state === "healthy").length;
  const what =
    healthy === 0
      ? `Target group ${group.name} keeps no healthy target: its load balancer has nobody left to send to.`
      : `Target group ${group.name} keeps ${healthy} healthy target${healthy === 1 ? "" : "s"} of ${others.length}.`;
  return {
    resource: group.arn,
    attribute: nameOf(target),
    before: { id, port, availabilityZone },
    after: "deregistered",
    blastRadius: { what, resources: [group.arn] },
  };
}

function stateOf(
  targets: readonly RegisteredTarget[] | null,
  target: Pick<RegisteredTarget, "id" | "port">,
): string | null {
  return targets?.find((each) => nameOf(each) === nameOf(target))?.state ?? null;
}

function nameOf({ id, port }: Pick<RegisteredTarget, "id" | "port">): string {
  return `${id}:${port}`;
}
