import type { Context } from "../services/handler.ts";
import { text, type ActionRow } from "./action-row.ts";

const AUTO_SCALING =
  "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html";
const LOAD_BALANCING =
  "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html";

type Row = readonly [operation: string, row: ActionRow];

/** A call that names no resource to IAM. */
function anywhere(service: string, documentation: string): (operation: string) => Row {
  return (operation) => [
    operation,
    { documentation, required: () => [{ action: `${service}:${operation}`, resource: "*", keys: {} }] },
  ];
}

/** A call on a group, with its tags. */
function onGroup(operation: string): Row {
  return [
    operation,
    {
      documentation: AUTO_SCALING,
      required: (context, input) => [groupRequest(context, operation, text(input["AutoScalingGroupName"]))],
    },
  ];
}

function groupRequest({ account, region }: Context, operation: string, name: string) {
  const group = region.autoScalingGroups.get(name);
  const unknown = `arn:aws:autoscaling:${region.name}:${account.id}:autoScalingGroup:*:autoScalingGroupName/${name}`;
  return {
    action: `autoscaling:${operation}`,
    resource: group?.arn ?? unknown,
    keys: Object.fromEntries((group?.tags ?? []).map(({ key, value }) => [`aws:ResourceTag/${key}`, value])),
  };
}

const describesScaling = anywhere("autoscaling", AUTO_SCALING);

export const AUTO_SCALING_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([
  describesScaling("DescribeAutoScalingGroups"),
  describesScaling("DescribeAutoScalingInstances"),
  describesScaling("DescribeScalingActivities"),
  onGroup("DetachInstances"),
  onGroup("AttachInstances"),
  onGroup("EnterStandby"),
  onGroup("ExitStandby"),
  onGroup("UpdateAutoScalingGroup"),
  onGroup("SuspendProcesses"),
  onGroup("ResumeProcesses"),
  onGroup("SetInstanceProtection"),
  [
    "TerminateInstanceInAutoScalingGroup",
    {
      documentation: AUTO_SCALING,
      required: (context, input) => {
        const id = text(input["InstanceId"]);
        const group = [...context.region.autoScalingGroups.values()].find(({ members }) => members.has(id));
        return [groupRequest(context, "TerminateInstanceInAutoScalingGroup", group?.id ?? "*")];
      },
    },
  ],
] satisfies Row[]);

const describesBalancing = anywhere("elasticloadbalancing", LOAD_BALANCING);

function onTargetGroup(operation: string): Row {
  return [
    operation,
    {
      documentation: LOAD_BALANCING,
      required: ({ region }, input) => {
        const arn = text(input["TargetGroupArn"]);
        const tags = region.targetGroups.get(arn)?.tags ?? [];
        const keys = Object.fromEntries(tags.map(({ key, value }) => [`aws:ResourceTag/${key}`, value]));
        return [{ action: `elasticloadbalancing:${operation}`, resource: arn, keys }];
      },
    },
  ];
}

export const LOAD_BALANCING_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([
  describesBalancing("DescribeTargetHealth"),
  describesBalancing("DescribeTargetGroups"),
  describesBalancing("DescribeTargetGroupAttributes"),
  describesBalancing("DescribeLoadBalancers"),
  describesBalancing("DescribeListeners"),
  describesBalancing("DescribeTags"),
  onTargetGroup("RegisterTargets"),
  onTargetGroup("DeregisterTargets"),
] satisfies Row[]);
