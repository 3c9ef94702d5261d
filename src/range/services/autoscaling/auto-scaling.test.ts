import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import { describe, expect, it } from "vitest";
import { createScalingLab } from "./scaling-lab.ts";

const NAME = { AutoScalingGroupName: "web" };

/** Runs on a lab's clock. */
function inLab(
  work: (lab: ReturnType<typeof createScalingLab>) => Promise<void>,
  options: Parameters<typeof createScalingLab>[0] = {},
): Promise<void> {
  const lab = createScalingLab(options);
  return lab.clock.run(() => work(lab));
}

describe("an Auto Scaling group", () => {
  it("ends and replaces a member whose target fails because its interface was sealed, after tens of seconds", () =>
    inLab(async ({ clock, now, members, seal, stateOf, group, healthOf }) => {
      const [first, second] = members;
      seal(first);
      await clock.sleep(5_000);
      expect([await stateOf(first.id), await healthOf(first.id)]).toEqual(["InService", "healthy"]);
      await clock.sleep(25_000);
      expect(await stateOf(first.id)).toBe(null);
      expect(now(first)).toBe("shutting-down");
      await clock.sleep(40_000);
      expect(now(first)).toBe("terminated");
      const { Instances } = await group();
      expect(Instances?.map(({ LifecycleState }) => LifecycleState)).toEqual(["InService", "InService"]);
      expect(Instances?.[0]?.InstanceId).toBe(second.id);
    }));

  it("does not hold back for termination protection", () =>
    inLab(async ({ clock, now, members: [first], seal, ec2: client }) => {
      await client.send(
        new ec2.ModifyInstanceAttributeCommand({ InstanceId: first.id, DisableApiTermination: { Value: true } }),
      );
      seal(first);
      await clock.sleep(120_000);
      expect(now(first)).toBe("terminated");
    }));

  it("leaves a sealed member alone where it asks EC2 about health, and while ReplaceUnhealthy is suspended", async () => {
    await inLab(
      async ({ clock, members: [first], seal, stateOf }) => {
        seal(first);
        await clock.sleep(300_000);
        expect(await stateOf(first.id)).toBe("InService");
      },
      { healthCheckType: "EC2" },
    );
    await inLab(async ({ clock, members: [first], seal, stateOf, scaling }) => {
      await scaling.send(new autoscaling.SuspendProcessesCommand({ ...NAME, ScalingProcesses: ["ReplaceUnhealthy"] }));
      seal(first);
      await clock.sleep(300_000);
      expect(await stateOf(first.id)).toBe("InService");
      await scaling.send(new autoscaling.ResumeProcessesCommand({ ...NAME, ScalingProcesses: ["ReplaceUnhealthy"] }));
      await clock.sleep(20_000);
      expect(await stateOf(first.id)).toBe(null);
    });
  });

  it("waits out the grace period of a member that came into service a moment ago", () =>
    inLab(
      async ({ clock, members: [first], seal, scaling, stateOf }) => {
        const ids = { ...NAME, InstanceIds: [first.id] };
        await scaling.send(new autoscaling.EnterStandbyCommand({ ...ids, ShouldDecrementDesiredCapacity: true }));
        await clock.sleep(60_000);
        seal(first);
        await scaling.send(new autoscaling.ExitStandbyCommand(ids));
        await clock.sleep(100_000);
        expect(await stateOf(first.id)).toBe("InService");
        await clock.sleep(60_000);
        expect(await stateOf(first.id)).toBe(null);
      },
      { minSize: 1, healthCheckGracePeriodSeconds: 120 },
    ));

  it("launches a replacement for a member that is detached without decrement, and never ends the detached one", () =>
    inLab(async ({ clock, now, members: [first], scaling, stateOf, seal, group, healthOf }) => {
      const { Activities } = await scaling.send(
        new autoscaling.DetachInstancesCommand({
          ...NAME,
          InstanceIds: [first.id],
          ShouldDecrementDesiredCapacity: false,
        }),
      );
      expect(Activities?.[0]?.Description).toBe(`Detaching EC2 instance: ${first.id}`);
      expect([await stateOf(first.id), await healthOf(first.id)]).toEqual(["Detaching", "draining"]);
      seal(first);
      await clock.sleep(60_000);
      expect(await stateOf(first.id)).toBe(null);
      const { Instances, DesiredCapacity } = await group();
      expect([Instances?.length, DesiredCapacity, now(first)]).toEqual([2, 2, "running"]);
      expect(Instances?.every(({ LifecycleState }) => LifecycleState === "InService")).toBe(true);
    }));

  it("refuses to decrement below its minimum, in AWS's words", () =>
    inLab(async ({ members: [first], scaling }) => {
      const ids = { ...NAME, InstanceIds: [first.id], ShouldDecrementDesiredCapacity: true };
      await expect(scaling.send(new autoscaling.DetachInstancesCommand(ids))).rejects.toMatchObject({
        name: "ValidationError",
        message:
          "AutoScalingGroup web has min-size=2, max-size=3, and desired-size=2. To detach 1 instance, please update the AutoScalingGroup sizes appropriately.",
      });
      await expect(scaling.send(new autoscaling.EnterStandbyCommand(ids))).rejects.toMatchObject({
        name: "ValidationError",
      });
    }));

  it("ends another member when one on standby is detached with decrement", () =>
    inLab(
      async ({ clock, now, members: [first, second], scaling }) => {
        const ids = { ...NAME, InstanceIds: [first.id] };
        await scaling.send(new autoscaling.EnterStandbyCommand({ ...ids, ShouldDecrementDesiredCapacity: true }));
        await clock.sleep(60_000);
        await scaling.send(new autoscaling.DetachInstancesCommand({ ...ids, ShouldDecrementDesiredCapacity: true }));
        await clock.sleep(120_000);
        expect([now(first), now(second)]).toEqual(["running", "terminated"]);
      },
      { minSize: 0 },
    ));

  it("keeps a member on standby, unchecked, and takes it back into service", () =>
    inLab(
      async ({ clock, members: [first], scaling, seal, unseal, stateOf, group, healthOf }) => {
        const ids = { ...NAME, InstanceIds: [first.id] };
        await scaling.send(new autoscaling.EnterStandbyCommand({ ...ids, ShouldDecrementDesiredCapacity: true }));
        expect(await stateOf(first.id)).toBe("EnteringStandby");
        seal(first);
        await clock.sleep(600_000);
        expect(await stateOf(first.id)).toBe("Standby");
        expect((await group()).DesiredCapacity).toBe(1);
        await expect(
          scaling.send(new autoscaling.EnterStandbyCommand({ ...ids, ShouldDecrementDesiredCapacity: true })),
        ).rejects.toMatchObject({ name: "ValidationError", message: `The instance ${first.id} is not in InService.` });
        unseal(first);
        await scaling.send(new autoscaling.ExitStandbyCommand(ids));
        await clock.sleep(30_000);
        expect([await stateOf(first.id), await healthOf(first.id)]).toEqual(["InService", "healthy"]);
        expect((await group()).DesiredCapacity).toBe(2);
      },
      { minSize: 1 },
    ));

  it("wants one more for each instance attached, and refuses what is beyond its maximum", () =>
    inLab(async ({ clock, members: [first], scaling, group }) => {
      const ids = { ...NAME, InstanceIds: [first.id] };
      await scaling.send(new autoscaling.DetachInstancesCommand({ ...ids, ShouldDecrementDesiredCapacity: false }));
      await expect(scaling.send(new autoscaling.AttachInstancesCommand(ids))).rejects.toMatchObject({
        message: `Instance ${first.id} is already part of AutoScalingGroup:web.`,
      });
      await clock.sleep(60_000);
      await scaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ ...NAME, MaxSize: 2 }));
      await expect(scaling.send(new autoscaling.AttachInstancesCommand(ids))).rejects.toMatchObject({
        name: "ValidationError",
        message: expect.stringContaining("max-size=2, and desired-size=2. To attach 1 instance"),
      });
      await scaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ ...NAME, MaxSize: 3 }));
      await scaling.send(new autoscaling.AttachInstancesCommand(ids));
      await clock.sleep(60_000);
      const { DesiredCapacity, Instances } = await group();
      expect([DesiredCapacity, Instances?.length]).toEqual([3, 3]);
    }));

  it("raises what it wants with its minimum, and ends what is above its maximum, but no protected member", () =>
    inLab(async ({ clock, now, members: [first, second], scaling, group }) => {
      const protect = { ...NAME, InstanceIds: [first.id], ProtectedFromScaleIn: true };
      await scaling.send(new autoscaling.SetInstanceProtectionCommand(protect));
      await scaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ ...NAME, MinSize: 3 }));
      expect((await group()).DesiredCapacity).toBe(3);
      await clock.sleep(60_000);
      await scaling.send(new autoscaling.UpdateAutoScalingGroupCommand({ ...NAME, MinSize: 1, MaxSize: 1 }));
      await clock.sleep(180_000);
      expect([now(first), now(second), (await group()).Instances?.length]).toEqual(["running", "terminated", 1]);
    }));

  it("replaces a member that somebody stopped", () =>
    inLab(async ({ clock, members: [first], ec2: client, stateOf, group }) => {
      await client.send(new ec2.StopInstancesCommand({ InstanceIds: [first.id] }));
      await clock.sleep(90_000);
      expect([await stateOf(first.id), (await group()).Instances?.length]).toEqual([null, 2]);
    }));

  it("evens out its zones by a launch and an end, unless AZRebalance is suspended", async () => {
    await inLab(
      async ({ clock, group }) => {
        await clock.sleep(300_000);
        const zones = (await group()).Instances?.map(({ AvailabilityZone }) => AvailabilityZone).sort();
        expect(zones).toEqual(["eu-west-1a", "eu-west-1a", "eu-west-1b"]);
      },
      { membersInFirstZone: 3 },
    );
    await inLab(
      async ({ clock, scaling, group }) => {
        await scaling.send(new autoscaling.SuspendProcessesCommand({ ...NAME, ScalingProcesses: ["AZRebalance"] }));
        await clock.sleep(300_000);
        expect((await group()).Instances?.map(({ AvailabilityZone }) => AvailabilityZone)).toEqual([
          "eu-west-1a",
          "eu-west-1a",
          "eu-west-1a",
        ]);
      },
      { membersInFirstZone: 3 },
    );
  });

  it("ends a member at a user's request, and refuses it below the minimum", () =>
    inLab(async ({ clock, now, members: [first], scaling, group }) => {
      const request = { InstanceId: first.id };
      await expect(
        scaling.send(
          new autoscaling.TerminateInstanceInAutoScalingGroupCommand({
            ...request,
            ShouldDecrementDesiredCapacity: true,
          }),
        ),
      ).rejects.toMatchObject({ name: "ValidationError" });
      await scaling.send(
        new autoscaling.TerminateInstanceInAutoScalingGroupCommand({
          ...request,
          ShouldDecrementDesiredCapacity: false,
        }),
      );
      await clock.sleep(120_000);
      expect([now(first), (await group()).Instances?.length]).toEqual(["terminated", 2]);
      const { Activities } = await scaling.send(new autoscaling.DescribeScalingActivitiesCommand(NAME));
      expect(Activities?.map(({ Description }) => Description?.split(":")[0])).toEqual([
        "Launching a new EC2 instance",
        "Terminating EC2 instance",
      ]);
    }));

  it("is not found under another name, by what changes it; descriptions answer with nothing", () =>
    inLab(async ({ scaling, members: [first] }) => {
      await expect(
        scaling.send(new autoscaling.ExitStandbyCommand({ AutoScalingGroupName: "other", InstanceIds: [first.id] })),
      ).rejects.toMatchObject({ name: "ValidationError", message: "AutoScalingGroup name not found - null" });
      const { AutoScalingGroups } = await scaling.send(
        new autoscaling.DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["other"] }),
      );
      expect(AutoScalingGroups).toEqual([]);
    }));
});

describe("a target group", () => {
  it("shows a deregistered target as draining for its delay, and registers it anew", () =>
    inLab(
      async ({ clock, members: [first], balancing, targetGroup, healthOf }) => {
        const target = { TargetGroupArn: targetGroup.id, Targets: [{ Id: first.id, Port: 8080 }] };
        await balancing.send(new elb.DeregisterTargetsCommand(target));
        expect(await healthOf(first.id)).toBe("draining");
        await clock.sleep(31_000);
        expect(await healthOf(first.id)).toBe("unused");
        await balancing.send(new elb.RegisterTargetsCommand(target));
        expect(await healthOf(first.id)).toBe("initial");
        await clock.sleep(11_000);
        expect(await healthOf(first.id)).toBe("healthy");
      },
      { healthCheckType: "EC2" },
    ));

  it("is described with its attributes, load balancer and listener", () =>
    inLab(async ({ balancing, targetGroup }) => {
      const { TargetGroups } = await balancing.send(new elb.DescribeTargetGroupsCommand({}));
      expect(TargetGroups).toMatchObject([{ TargetGroupName: "web", Port: 8080, TargetType: "instance" }]);
      const { Attributes } = await balancing.send(
        new elb.DescribeTargetGroupAttributesCommand({ TargetGroupArn: targetGroup.id }),
      );
      expect(Attributes?.[0]).toEqual({ Key: "deregistration_delay.timeout_seconds", Value: "30" });
      const { LoadBalancers } = await balancing.send(new elb.DescribeLoadBalancersCommand({}));
      const arn = LoadBalancers?.[0]?.LoadBalancerArn;
      expect(TargetGroups?.[0]?.LoadBalancerArns).toEqual([arn]);
      const { Listeners } = await balancing.send(new elb.DescribeListenersCommand({ LoadBalancerArn: arn }));
      expect(Listeners).toMatchObject([{ Port: 80, DefaultActions: [{ TargetGroupArn: targetGroup.id }] }]);
      const { TagDescriptions } = await balancing.send(new elb.DescribeTagsCommand({ ResourceArns: [targetGroup.id] }));
      expect(TagDescriptions).toEqual([{ ResourceArn: targetGroup.id, Tags: [] }]);
    }));

  it("refuses what cannot be its target, and a group that is not there", () =>
    inLab(async ({ balancing, targetGroup }) => {
      await expect(
        balancing.send(
          new elb.RegisterTargetsCommand({ TargetGroupArn: targetGroup.id, Targets: [{ Id: "i-0123456789abcdef0" }] }),
        ),
      ).rejects.toMatchObject({ name: "InvalidTargetException" });
      await expect(
        balancing.send(new elb.DescribeTargetHealthCommand({ TargetGroupArn: `${targetGroup.id}0` })),
      ).rejects.toMatchObject({ name: "TargetGroupNotFoundException" });
    }));
});
