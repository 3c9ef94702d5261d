import type { Range } from "../../src/range/range.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import { createAutoScalingGroup, createTargetGroup } from "../../src/range/world/build-scaling.ts";
import { type Clients, GROUP, required } from "./probe.ts";

const sizes = { minSize: 1, maxSize: 4 } as const;

/** Gives the range's account the group that other servers make by their calls: two members, one target group. */
export function stageScalingGroup({ world }: Range): void {
  const place = world.place("111122223333", "eu-central-1");
  const subnet = required([...place.region.subnets.values()][0]);
  const group = required([...place.region.securityGroups.values()].find(({ vpcId }) => vpcId === subnet.vpcId));
  const launch = () => launchInstance(place, { subnetId: subnet.id, groupIds: [group.id] }).instance;
  const targetGroup = createTargetGroup(place, {
    name: GROUP,
    vpcId: subnet.vpcId,
    port: 80,
    deregistrationDelaySeconds: 0,
  });
  createAutoScalingGroup(place, {
    name: GROUP,
    subnetIds: [subnet.id],
    ...sizes,
    instances: [launch(), launch()],
    targetGroups: [targetGroup],
    launch: {
      imageId: "ami-0c0ffee0000000001",
      instanceType: "m5.large",
      securityGroupIds: [group.id],
      instanceProfileName: null,
      publicIp: false,
      tags: [],
    },
  });
}

/** The same group, by calls. */
export async function createScalingGroup(
  { autoscaling, ec2, elbv2 }: Clients,
  { vpcId, subnetId }: { readonly vpcId: string; readonly subnetId: string },
): Promise<void> {
  const { TargetGroups } = await elbv2.createTargetGroup({ Name: GROUP, VpcId: vpcId, Port: 80, Protocol: "HTTP" });
  const TargetGroupArn = required(TargetGroups?.[0]?.TargetGroupArn);
  const Attributes = [{ Key: "deregistration_delay.timeout_seconds", Value: "0" }];
  await elbv2.modifyTargetGroupAttributes({ TargetGroupArn, Attributes });
  const template = { ImageId: "ami-12c6146b", InstanceType: "m5.large" } as const;
  await ec2.createLaunchTemplate({ LaunchTemplateName: GROUP, LaunchTemplateData: template });
  await autoscaling.createAutoScalingGroup({
    AutoScalingGroupName: GROUP,
    MinSize: sizes.minSize,
    MaxSize: sizes.maxSize,
    DesiredCapacity: 2,
    VPCZoneIdentifier: subnetId,
    LaunchTemplate: { LaunchTemplateName: GROUP, Version: "$Latest" },
    TargetGroupARNs: [TargetGroupArn],
  });
}
