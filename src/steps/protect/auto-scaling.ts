import { z } from "zod";
import { findScalingGroup, groupNameOf, membershipOf, type ScalingGroup } from "../../aws/auto-scaling-groups.ts";
import type { ChangeDraft } from "../../core/change.ts";
import { defineSharedStep, expectThat } from "../../core/step.ts";
import { reconcileMembers } from "./auto-scaling-claims.ts";
import { scalingMode } from "./auto-scaling-record.ts";

const before = z.strictObject({
  lifecycleState: z.string(),
  minSize: z.int(),
  maxSize: z.int(),
  desiredCapacity: z.int(),
});

const after = z.strictObject({ mode: scalingMode });

type Mode = z.infer<typeof scalingMode>;

/** Still a member, but one that the group neither checks nor ends. */
const ASIDE = ["Standby", "EnteringStandby"];

/**
 * Takes the instance out of its Auto Scaling group, which would end it as soon as its health checks fail.
 *
 * `detach` (the default) leaves the group what it wants, so that it launches another instance from its template in place of
 * this one. `standby` keeps the instance a member and lowers what the group wants by one, and its minimum where it must: the
 * group goes on with one less, and comes back exactly as it was.
 *
 * Before it asks AWS to let the instance go it protects it from scale-in. Against the end of an unhealthy member AWS has no
 * protection for one instance alone: the call must come before the checks have failed, and they take tens of seconds.
 *
 * Going back never ends an instance. A detached one is attached again, and the group wants one more; the one launched in
 * its place stays, because shrinking the group would end whichever AWS chooses. Where the maximum leaves no room it is
 * raised first. Somebody scales in when they are sure. AWS may even the zones out afterwards, unless AZRebalance is suspended.
 */
export const autoScaling = defineSharedStep({
  id: "protect.auto-scaling",
  title: "Take the instance out of its Auto Scaling group",
  reversible: "equivalently",
  notRestored:
    "After `detach` the instance that the group launched stays: the group wants one more than before, and its maximum is raised where it had no room. `standby` comes back exactly.",
  settlesWithinMs: 300_000,
  permissions: {
    target: {
      plan: ["autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances"],
      reconcile: [
        "autoscaling:AttachInstances",
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DetachInstances",
        "autoscaling:EnterStandby",
        "autoscaling:ExitStandby",
        "autoscaling:SetInstanceProtection",
        "autoscaling:UpdateAutoScalingGroup",
        "ec2:DescribeInstances",
      ],
      verify: ["autoscaling:DescribeAutoScalingGroups"],
    },
  },
  input: z.strictObject({ mode: scalingMode.default("detach") }),
  change: { before, after },

  async plan({ aws, target: { instanceId } }, { mode }) {
    const membership = await membershipOf(aws.autoscaling, instanceId);
    const leave = (reason: string) => ({ changes: [], left: [{ resource: instanceId, reason }] });
    if (membership === null) return leave("it is in no Auto Scaling group");
    const { groupName, lifecycleState } = membership;
    if (ASIDE.includes(lifecycleState))
      return leave(`it is on standby in ${groupName} already, which neither checks nor ends it`);
    if (lifecycleState === "Detaching") return leave(`it is leaving ${groupName} already`);
    const group = await findScalingGroup(aws.autoscaling, groupName);
    if (group === null) return leave(`its Auto Scaling group ${groupName} is gone`);
    if (lifecycleState.startsWith("Terminating"))
      return leave(`${groupName} is ending it (${lifecycleState}): take what evidence there is at once`);
    return { changes: [draft(group, { instanceId, lifecycleState, mode })], left: [] };
  },

  reconcile: reconcileMembers,

  async verify({ aws }, { resource, after: { mode }, claim }) {
    const group = await findScalingGroup(aws.autoscaling, groupNameOf(resource));
    const what = `${claim?.member ?? "the instance"} in ${groupNameOf(resource)}`;
    const expected = mode === "detach" ? "out, and others in its place" : "on standby";
    if (group === null) return expectThat(what, mode === "detach", { expected, observed: "the group is gone" });
    const state = group.members.find(({ instanceId }) => instanceId === claim?.member)?.lifecycleState ?? "out";
    if (mode === "standby") return expectThat(what, ASIDE.includes(state), { expected, observed: state });
    const serving = group.members.filter(({ lifecycleState }) => lifecycleState === "InService").length;
    const isOut = state === "out" || state === "Detaching";
    // Who suspended Launch has decided that nobody comes.
    const isServed = serving >= group.desiredCapacity || group.suspendedProcesses.includes("Launch");
    const observed = `${state}; ${serving} of ${group.desiredCapacity} in service`;
    return expectThat(what, isOut && isServed, { expected, observed });
  },
});

function draft(
  group: ScalingGroup,
  seen: { readonly instanceId: string; readonly lifecycleState: string; readonly mode: Mode },
): ChangeDraft<z.infer<typeof before>, z.infer<typeof after>> {
  const { arn, minSize, maxSize, desiredCapacity } = group;
  const { instanceId, lifecycleState, mode } = seen;
  return {
    resource: arn,
    attribute: instanceId,
    before: { lifecycleState, minSize, maxSize, desiredCapacity },
    after: { mode },
    claim: { member: instanceId },
    blastRadius: { what: hits(group, seen), resources: [arn] },
  };
}

function hits(
  { name, members, minSize, desiredCapacity, suspendedProcesses }: ScalingGroup,
  { instanceId, mode }: { readonly instanceId: string; readonly mode: Mode },
): string {
  const others = members.filter(
    (member) => member.instanceId !== instanceId && member.lifecycleState === "InService" && member.isHealthy,
  ).length;
  const capacity = `${others} of ${desiredCapacity} instance${desiredCapacity === 1 ? "" : "s"}`;
  if (mode === "standby") {
    const minimum = Math.min(minSize, Math.max(0, desiredCapacity - 1));
    const lowered = minimum < minSize ? `, and its minimum goes from ${minSize} to ${minimum}` : "";
    return `Group ${name} goes on with ${capacity} until release${lowered}.`;
  }
  return suspendedProcesses.includes("Launch")
    ? `Group ${name} goes on with ${capacity}: its process Launch is suspended, and nobody comes in place of this one.`
    : `Group ${name} launches another instance from its template; until that serves, it has ${capacity}.`;
}
