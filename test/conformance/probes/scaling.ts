import type { Json } from "../../../src/core/json.ts";
import { AUTO_SCALING_API, codeOf, ELB_API, eventually, GROUP, required, type Asking, type Probe } from "../probe.ts";

const named = { AutoScalingGroupName: GROUP };

async function group({ autoscaling }: Asking) {
  const { AutoScalingGroups } = await autoscaling.describeAutoScalingGroups({ AutoScalingGroupNames: [GROUP] });
  return required(AutoScalingGroups?.[0]);
}

async function firstMember(asking: Asking): Promise<string> {
  const ids = ((await group(asking)).Instances ?? []).map(({ InstanceId }) => required(InstanceId)).sort();
  return required(ids[0]);
}

/** The member's state and the group's capacity, once the state is there. */
async function settled(asking: Asking, id: string, state: string | null): Promise<Json> {
  const look = async () => {
    const { Instances = [], DesiredCapacity } = await group(asking);
    return {
      state: Instances.find(({ InstanceId }) => InstanceId === id)?.LifecycleState ?? null,
      desired: DesiredCapacity ?? null,
    };
  };
  return eventually(look, (seen) => seen.state === state);
}

/** A group that would throw the instance away: out of it, and back. */
export const scalingProbes: readonly Probe[] = [
  {
    id: "a-member-of-a-group",
    service: "autoscaling",
    operation: "DescribeAutoScalingInstances",
    documented: "Tells the group, the life cycle's state and the protection of an instance.",
    page: `${AUTO_SCALING_API}API_AutoScalingInstanceDetails.html`,
    expected: [{ group: GROUP, state: "InService", protected: false }],
    async ask(asking) {
      const InstanceIds = [await firstMember(asking)];
      const { AutoScalingInstances = [] } = await asking.autoscaling.describeAutoScalingInstances({ InstanceIds });
      return AutoScalingInstances.map((each) => ({
        group: each.AutoScalingGroupName ?? null,
        state: each.LifecycleState ?? null,
        protected: each.ProtectedFromScaleIn ?? null,
      }));
    },
  },
  {
    id: "an-instance-of-no-group",
    service: "autoscaling",
    operation: "DescribeAutoScalingInstances",
    documented: "An instance id that is not of a group is left out of the answer, without an error.",
    page: `${AUTO_SCALING_API}API_DescribeAutoScalingInstances.html`,
    expected: 0,
    async ask({ autoscaling, surroundings }) {
      const answer = await autoscaling.describeAutoScalingInstances({ InstanceIds: [surroundings.instanceId] });
      return answer.AutoScalingInstances?.length ?? 0;
    },
  },
  {
    id: "into-standby-and-back",
    service: "autoscaling",
    operation: "EnterStandby",
    documented: "The desired capacity falls by one with the member in standby, and rises again when it is back.",
    page: `${AUTO_SCALING_API}API_EnterStandby.html`,
    expected: [
      { state: "Standby", desired: 1 },
      { state: "InService", desired: 2 },
    ],
    async ask(asking) {
      const id = await firstMember(asking);
      const member = { ...named, InstanceIds: [id] };
      await asking.autoscaling.enterStandby({ ...member, ShouldDecrementDesiredCapacity: true });
      const away = await settled(asking, id, "Standby");
      await asking.autoscaling.exitStandby(member);
      return [away, await settled(asking, id, "InService")];
    },
  },
  {
    id: "out-of-the-group-and-back",
    service: "autoscaling",
    operation: "DetachInstances",
    documented: "The instance leaves the group and goes on running; attached again, it counts again.",
    page: `${AUTO_SCALING_API}API_DetachInstances.html`,
    expected: [
      { state: null, desired: 1 },
      { state: "InService", desired: 2 },
    ],
    async ask(asking) {
      const id = await firstMember(asking);
      const member = { ...named, InstanceIds: [id] };
      await asking.autoscaling.detachInstances({ ...member, ShouldDecrementDesiredCapacity: true });
      const away = await settled(asking, id, null);
      await asking.autoscaling.attachInstances(member);
      return [away, await settled(asking, id, "InService")];
    },
  },
  {
    id: "protected-from-scale-in",
    service: "autoscaling",
    operation: "SetInstanceProtection",
    documented: "The member is shown as protected, until the protection is taken away.",
    page: `${AUTO_SCALING_API}API_SetInstanceProtection.html`,
    expected: [true, false],
    async ask(asking) {
      const id = await firstMember(asking);
      const seen = [];
      for (const ProtectedFromScaleIn of [true, false]) {
        await asking.autoscaling.setInstanceProtection({ ...named, InstanceIds: [id], ProtectedFromScaleIn });
        const { Instances = [] } = await group(asking);
        seen.push(Instances.find(({ InstanceId }) => InstanceId === id)?.ProtectedFromScaleIn ?? null);
      }
      return seen;
    },
  },
  {
    id: "suspended-processes",
    service: "autoscaling",
    operation: "SuspendProcesses",
    documented: "The processes are shown as suspended, until they are resumed.",
    page: `${AUTO_SCALING_API}API_SuspendProcesses.html`,
    expected: [["AZRebalance", "ReplaceUnhealthy"], []],
    async ask(asking) {
      const processes = { ...named, ScalingProcesses: ["AZRebalance", "ReplaceUnhealthy"] };
      const names = async () =>
        ((await group(asking)).SuspendedProcesses ?? []).map(({ ProcessName }) => ProcessName ?? "").sort();
      await asking.autoscaling.suspendProcesses(processes);
      const suspended = await names();
      await asking.autoscaling.resumeProcesses(processes);
      return [suspended, await names()];
    },
  },
  {
    id: "below-the-minimum",
    service: "autoscaling",
    operation: "DetachInstances",
    documented: "Capacity cannot be decremented below the group's minimum.",
    page: "https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-detach-attach-instances.html",
    expected: "ValidationError",
    async ask(asking) {
      const InstanceIds = ((await group(asking)).Instances ?? []).map(({ InstanceId }) => required(InstanceId));
      return codeOf(
        asking.autoscaling.detachInstances({ ...named, InstanceIds, ShouldDecrementDesiredCapacity: true }),
      );
    },
  },
  {
    id: "members-are-targets",
    service: "elbv2",
    operation: "DescribeTargetHealth",
    documented: "A target group without a load balancer does not use its targets.",
    page: `${ELB_API}API_TargetHealth.html`,
    expected: ["unused", "unused"],
    async ask(asking) {
      const { TargetGroupARNs } = await group(asking);
      const { TargetHealthDescriptions = [] } = await asking.elbv2.describeTargetHealth({
        TargetGroupArn: required(TargetGroupARNs?.[0]),
      });
      return TargetHealthDescriptions.map(({ TargetHealth }) => TargetHealth?.State ?? null);
    },
  },
  {
    id: "no-such-target-group",
    service: "elbv2",
    operation: "DescribeTargetHealth",
    documented: "TargetGroupNotFound: the target group does not exist.",
    page: `${ELB_API}API_DescribeTargetHealth.html`,
    expected: "TargetGroupNotFound",
    async ask(asking) {
      const { TargetGroupARNs } = await group(asking);
      const TargetGroupArn = required(TargetGroupARNs?.[0]).replace(/[^/]+$/, "0123456789abcdef");
      return codeOf(asking.elbv2.describeTargetHealth({ TargetGroupArn }));
    },
  },
];
