import type {
  DescribeListenersInput,
  DescribeListenersOutput,
  DescribeLoadBalancersInput,
  DescribeLoadBalancersOutput,
  DescribeTagsInput,
  DescribeTagsOutput,
  DescribeTargetGroupAttributesInput,
  DescribeTargetGroupAttributesOutput,
  DescribeTargetGroupsInput,
  DescribeTargetGroupsOutput,
  LoadBalancer as SdkBalancer,
  TargetGroup as SdkTargetGroup,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import type { LoadBalancer, TargetGroup } from "../../world/scaling-model.ts";
import { loadBalancersOf } from "../../world/target-health.ts";
import { handler, type Context } from "../handler.ts";
import { page } from "../pages.ts";
import { elbError, targetGroupNamed } from "./errors.ts";

interface PageInput {
  readonly PageSize?: number | undefined;
  readonly Marker?: string | undefined;
}

function paged<T>(context: Context, items: readonly T[], { PageSize, Marker }: PageInput) {
  return page(items, {
    operation: context.call.operation,
    limit: PageSize,
    token: Marker,
    pageSize: Math.min(400, context.pageSize),
    range: [1, 400],
  });
}

/** ARNs and names that name nothing are an error; a load balancer without target groups has none. */
const describeTargetGroups = handler((context, input: DescribeTargetGroupsInput): DescribeTargetGroupsOutput => {
  const { TargetGroupArns: arns = [], Names: names = [], LoadBalancerArn } = input;
  const all = context.world.list(context.region.targetGroups);
  for (const arn of arns) targetGroupNamed(context, arn);
  for (const name of names)
    if (!all.some((group) => group.name === name))
      throw elbError(context, "TargetGroupNotFound", "One or more target groups not found");
  const selected = all.filter(
    (group) =>
      (arns.length === 0 || arns.includes(group.id)) &&
      (names.length === 0 || names.includes(group.name)) &&
      (LoadBalancerArn === undefined || loadBalancersOf(context, group).some(({ id }) => id === LoadBalancerArn)),
  );
  const { items, token } = paged(context, selected, input);
  return { TargetGroups: items.map((group) => describeTargetGroup(context, group)), NextMarker: token };
});

function describeTargetGroup(context: Context, group: TargetGroup): SdkTargetGroup {
  const { healthCheck } = group;
  return {
    TargetGroupArn: group.id,
    TargetGroupName: group.name,
    Protocol: group.protocol,
    Port: group.port,
    VpcId: group.vpcId,
    HealthCheckEnabled: true,
    HealthCheckPort: healthCheck.port === null ? "traffic-port" : String(healthCheck.port),
    HealthCheckProtocol: group.protocol,
    HealthCheckIntervalSeconds: healthCheck.intervalSeconds,
    HealthCheckTimeoutSeconds: healthCheck.timeoutSeconds,
    HealthyThresholdCount: healthCheck.healthyThreshold,
    UnhealthyThresholdCount: healthCheck.unhealthyThreshold,
    LoadBalancerArns: loadBalancersOf(context, group).map(({ id }) => id),
    TargetType: group.targetType,
    IpAddressType: "ipv4",
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTargetGroupAttributes.html */
const describeAttributes = handler(
  (context, input: DescribeTargetGroupAttributesInput): DescribeTargetGroupAttributesOutput => {
    const {
      deregistrationDelaySeconds,
      protocol,
      terminatesConnections = false,
    } = targetGroupNamed(context, input.TargetGroupArn);
    return {
      Attributes: [
        { Key: "deregistration_delay.timeout_seconds", Value: String(deregistrationDelaySeconds) },
        ...(protocol === "TCP"
          ? [{ Key: "deregistration_delay.connection_termination.enabled", Value: String(terminatesConnections) }]
          : []),
        { Key: "stickiness.enabled", Value: "false" },
      ],
    };
  },
);

const describeLoadBalancers = handler((context, input: DescribeLoadBalancersInput): DescribeLoadBalancersOutput => {
  const { LoadBalancerArns: arns = [], Names: names = [] } = input;
  const all = context.world.list(context.region.loadBalancers);
  const missing = [
    ...arns.filter((arn) => !all.some(({ id }) => id === arn)),
    ...names.filter((name) => !all.some((each) => each.name === name)),
  ];
  if (missing.length > 0)
    throw elbError(context, "LoadBalancerNotFound", `Load balancers '[${missing.join(", ")}]' not found`);
  const selected = all.filter(
    ({ id, name }) => (arns.length === 0 || arns.includes(id)) && (names.length === 0 || names.includes(name)),
  );
  const { items, token } = paged(context, selected, input);
  return { LoadBalancers: items.map((each) => describeLoadBalancer(context, each)), NextMarker: token };
});

function describeLoadBalancer({ region }: Context, balancer: LoadBalancer): SdkBalancer {
  const subnets = balancer.interfaceIds
    .flatMap((id) => region.interfaces.get(id)?.subnetId ?? [])
    .flatMap((id) => region.subnets.get(id) ?? []);
  return {
    LoadBalancerArn: balancer.id,
    LoadBalancerName: balancer.name,
    DNSName: balancer.dnsName,
    Type: balancer.type,
    Scheme: balancer.scheme,
    VpcId: balancer.vpcId,
    State: { Code: "active" },
    SecurityGroups: balancer.securityGroupIds,
    AvailabilityZones: subnets.map(({ id, availabilityZone }) => ({ SubnetId: id, ZoneName: availabilityZone })),
    IpAddressType: "ipv4",
    CreatedTime: new Date(balancer.createdAt),
  };
}

const describeListeners = handler((context, input: DescribeListenersInput): DescribeListenersOutput => {
  const balancer = context.region.loadBalancers.get(input.LoadBalancerArn ?? "");
  const listeners = balancer
    ? balancer.listeners
    : [...context.region.loadBalancers.values()]
        .flatMap((each) => each.listeners)
        .filter(({ arn }) => input.ListenerArns?.includes(arn) ?? false);
  if (!balancer && input.LoadBalancerArn !== undefined)
    throw elbError(context, "LoadBalancerNotFound", `Load balancers '[${input.LoadBalancerArn}]' not found`);
  const { items, token } = paged(context, listeners, input);
  return {
    Listeners: items.map(({ arn, port, protocol, targetGroupArn }) => ({
      ListenerArn: arn,
      LoadBalancerArn: balancer?.id,
      Port: port,
      Protocol: protocol,
      DefaultActions: [{ Type: "forward", TargetGroupArn: targetGroupArn, Order: 1 }],
    })),
    NextMarker: token,
  };
});

const describeTags = handler((context, input: DescribeTagsInput): DescribeTagsOutput => {
  const { loadBalancers, targetGroups } = context.region;
  return {
    TagDescriptions: (input.ResourceArns ?? []).map((arn) => {
      const resource = loadBalancers.get(arn) ?? targetGroups.get(arn);
      if (!resource) throw elbError(context, "TargetGroupNotFound", `Target groups '${arn}' not found`);
      return { ResourceArn: arn, Tags: resource.tags.map(({ key, value }) => ({ Key: key, Value: value })) };
    }),
  };
});

export const balancerHandlers = {
  DescribeTargetGroups: describeTargetGroups,
  DescribeTargetGroupAttributes: describeAttributes,
  DescribeLoadBalancers: describeLoadBalancers,
  DescribeListeners: describeListeners,
  DescribeTags: describeTags,
};
