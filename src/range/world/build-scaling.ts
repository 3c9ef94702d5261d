import { createInterface } from "./build-interfaces.ts";
import type { Instance, Tag } from "./model.ts";
import { randomText } from "./random.ts";
import { GROUP_LOOK_MS } from "./scaling.ts";
import type { AutoScalingGroup, LaunchBlueprint, Listener, LoadBalancer, TargetGroup } from "./scaling-model.ts";
import { targetKey } from "./target-health.ts";
import type { Place } from "./world.ts";

export interface TargetGroupOptions {
  readonly name: string;
  readonly vpcId: string;
  readonly port: number;
  readonly protocol?: TargetGroup["protocol"];
  readonly targetType?: TargetGroup["targetType"];
  readonly healthCheck?: Partial<TargetGroup["healthCheck"]>;
  /** 300, as AWS has it, when left out. */
  readonly deregistrationDelaySeconds?: number;
}

/** A target group with AWS's defaults: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html */
export function createTargetGroup(place: Place, options: TargetGroupOptions): TargetGroup {
  const { world, region } = place;
  return world.add<TargetGroup>(region.targetGroups, {
    id: arnOf(place, `targetgroup/${options.name}/${hex(place)}`),
    tags: [],
    name: options.name,
    protocol: options.protocol ?? "HTTP",
    port: options.port,
    vpcId: options.vpcId,
    targetType: options.targetType ?? "instance",
    healthCheck: {
      port: null,
      intervalSeconds: 30,
      timeoutSeconds: 5,
      healthyThreshold: 5,
      unhealthyThreshold: 2,
      ...options.healthCheck,
    },
    deregistrationDelaySeconds: options.deregistrationDelaySeconds ?? 300,
    targets: new Map(),
    draining: new Map(),
  });
}

/** Registers a target that has been healthy for long. */
export function addHealthyTarget(
  { world }: Place,
  group: TargetGroup,
  target: { readonly id: string; readonly port?: number; readonly availabilityZone?: string },
): void {
  const { id, port = group.port, availabilityZone = null } = target;
  const nextCheckAt = world.now() + group.healthCheck.intervalSeconds * 1000;
  world.change(group, () =>
    group.targets.set(targetKey({ id, port }), {
      id,
      port,
      availabilityZone,
      observedHealth: { state: "healthy", streak: 0, nextCheckAt },
    }),
  );
}

export interface LoadBalancerOptions {
  readonly name: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly type?: LoadBalancer["type"];
  readonly listeners: readonly { readonly port: number; readonly targetGroup: TargetGroup }[];
}

/** A load balancer with a node in each subnet, from where it checks its targets. */
export function createLoadBalancer(place: Place, options: LoadBalancerOptions): LoadBalancer {
  const { world, region } = place;
  const type = options.type ?? "application";
  const path = `${type === "application" ? "app" : "net"}/${options.name}/${hex(place)}`;
  const nodes = options.subnetIds.map((subnetId) =>
    createInterface(place, {
      subnetId,
      groupIds: options.securityGroupIds,
      description: `ELB ${path}`,
      requesterId: "amazon-elb",
      ...(type === "network" ? { interfaceType: "network_load_balancer" } : {}),
    }),
  );
  return world.add<LoadBalancer>(region.loadBalancers, {
    id: arnOf(place, `loadbalancer/${path}`),
    tags: [],
    name: options.name,
    type,
    scheme: "internet-facing",
    dnsName: `${options.name}-1234567890.${region.name}.elb.amazonaws.com`,
    vpcId: options.vpcId,
    securityGroupIds: [...options.securityGroupIds],
    interfaceIds: nodes.map(({ id }) => id),
    listeners: options.listeners.map(({ port, targetGroup }): Listener => ({
      arn: arnOf(place, `listener/${path}/${hex(place)}`),
      port,
      protocol: targetGroup.protocol,
      targetGroupArn: targetGroup.id,
    })),
    createdAt: world.now(),
  });
}

export interface ScalingGroupOptions {
  readonly name: string;
  readonly subnetIds: readonly string[];
  readonly minSize: number;
  readonly maxSize: number;
  /** Those that are in service already; as many are desired. */
  readonly instances: readonly Instance[];
  readonly launch: LaunchBlueprint;
  readonly targetGroups?: readonly TargetGroup[];
  readonly healthCheckType?: "EC2" | "ELB";
  readonly healthCheckGracePeriodSeconds?: number;
  readonly tags?: Tag[];
}

/** A group whose members are in service, and healthy in its target groups. */
export function createAutoScalingGroup(place: Place, options: ScalingGroupOptions): AutoScalingGroup {
  const { world, region, account } = place;
  const { name, instances, targetGroups = [] } = options;
  const longAgo = world.now() - 86_400_000;
  const group = world.add<AutoScalingGroup>(region.autoScalingGroups, {
    id: name,
    arn: `arn:aws:autoscaling:${region.name}:${account.id}:autoScalingGroup:${uuid(place)}:autoScalingGroupName/${name}`,
    tags: options.tags ?? [],
    minSize: options.minSize,
    maxSize: options.maxSize,
    desiredCapacity: instances.length,
    subnetIds: [...options.subnetIds],
    targetGroupArns: targetGroups.map(({ id }) => id),
    healthCheckType: options.healthCheckType ?? "EC2",
    healthCheckGracePeriodSeconds: options.healthCheckGracePeriodSeconds ?? 300,
    newInstancesProtectedFromScaleIn: false,
    suspendedProcesses: [],
    launchTemplate: { id: world.newId("lt"), name, version: "1" },
    launch: options.launch,
    members: new Map(
      instances.map(({ id, availabilityZone }) => [
        id,
        {
          instanceId: id,
          availabilityZone,
          lifecycleState: "InService",
          isStandby: false,
          healthStatus: "Healthy",
          protectedFromScaleIn: false,
          inServiceSince: longAgo,
          until: null,
        },
      ]),
    ),
    leaving: new Map(),
    activities: [],
    createdAt: longAgo,
    nextLookAt: world.now() + GROUP_LOOK_MS,
  });
  for (const instance of instances) {
    world.change(instance, () => (instance.autoScalingGroupName = name));
    for (const targets of targetGroups) addHealthyTarget(place, targets, { id: instance.id });
  }
  return group;
}

function arnOf({ account, region }: Place, resource: string): string {
  return `arn:aws:elasticloadbalancing:${region.name}:${account.id}:${resource}`;
}

function hex({ world }: Place, length = 16): string {
  return randomText(world.random, "0123456789abcdef", length);
}

function uuid(place: Place): string {
  return [hex(place, 8), hex(place, 4), `4${hex(place, 3)}`, `a${hex(place, 3)}`, hex(place, 12)].join("-");
}
