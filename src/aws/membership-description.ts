import { DescribeAutoScalingGroupsCommand, DescribeAutoScalingInstancesCommand } from "@aws-sdk/client-auto-scaling";
import {
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { Json } from "../core/json.ts";
import type { TargetClients } from "../core/step.ts";
import { answered, listed, readParts, textsUnder, type Parts } from "./parts.ts";

/** What sends an instance traffic, and what may replace it: its scaling group, its target groups and their load balancers. */
export async function describeMemberships(clients: TargetClients, instanceId: string, machine: Parts): Promise<Parts> {
  const { now, autoscaling, elb } = clients;
  const memberships = await readParts(now, {
    scalingMembership: () =>
      listed(
        autoscaling,
        "AutoScalingInstances",
        (token) =>
          new DescribeAutoScalingInstancesCommand({
            InstanceIds: [instanceId],
            ...(token === undefined ? {} : { NextToken: token }),
          }),
      ),
    targetGroups: () => targetGroupsOf(clients, instanceId, machine),
  });
  const groups = textsUnder(memberships["scalingMembership"], "AutoScalingGroupName");
  const balancers = textsUnder(memberships["targetGroups"], "LoadBalancerArns");
  const holders = await readParts(now, {
    ...(groups.length === 0
      ? {}
      : {
          scalingGroup: () =>
            answered(autoscaling, new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...groups] })),
        }),
    ...(balancers.length === 0
      ? {}
      : {
          loadBalancers: () => answered(elb, new DescribeLoadBalancersCommand({ LoadBalancerArns: [...balancers] })),
        }),
  });
  return { ...memberships, ...holders };
}

/** Target groups of the instance's VPCs that hold it, by its id or one of its addresses, with their targets' health. */
async function targetGroupsOf({ elb }: TargetClients, instanceId: string, machine: Parts): Promise<Json> {
  const vpcIds = textsUnder(machine["interfaces"], "VpcId");
  const names = new Set([instanceId, ...textsUnder(machine["interfaces"], "PrivateIpAddress")]);
  const groups = await listed(
    elb,
    "TargetGroups",
    (token) => new DescribeTargetGroupsCommand({ PageSize: 400, ...(token === undefined ? {} : { Marker: token }) }),
  );
  const near = records(groups).filter(({ VpcId }) => typeof VpcId === "string" && vpcIds.includes(VpcId));
  const described = await Promise.all(near.map(async (group) => ({ group, ...(await healthOf(elb, group)) })));
  return described.filter(({ targets }) => targets.some(({ Target }) => isNamed(Target ?? null, names)));
}

type JsonRecord = { readonly [key: string]: Json };

async function healthOf(
  elb: TargetClients["elb"],
  { TargetGroupArn: arn }: JsonRecord,
): Promise<{ readonly targets: readonly JsonRecord[] }> {
  if (typeof arn !== "string") return { targets: [] };
  const command = (): DescribeTargetHealthCommand => new DescribeTargetHealthCommand({ TargetGroupArn: arn });
  return { targets: records(await listed(elb, "TargetHealthDescriptions", command)) };
}

function records(list: Json): readonly JsonRecord[] {
  return Array.isArray(list) ? list.filter(isRecord) : [];
}

function isRecord(value: Json): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isNamed(target: Json, names: ReadonlySet<string>): boolean {
  if (!isRecord(target)) return false;
  const { Id } = target;
  return typeof Id === "string" && names.has(Id);
}
