/**
 * Auto Scaling groups, target groups and load balancers, close to what AWS describes, without its wire.
 *
 * `id` is what AWS keys them by: the name of a scaling group, the ARN of the others.
 */
interface Named {
  readonly id: string;
  tags: { key: string; value: string }[];
}

/** https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html */
export type LifecycleState = "Pending" | "InService" | "EnteringStandby" | "Standby" | "Detaching" | "Terminating";

export type ScalingProcess =
  | "Launch"
  | "Terminate"
  | "AddToLoadBalancer"
  | "AlarmNotification"
  | "AZRebalance"
  | "HealthCheck"
  | "InstanceRefresh"
  | "ReplaceUnhealthy"
  | "ScheduledActions";

export interface GroupMember {
  readonly instanceId: string;
  readonly availabilityZone: string;
  lifecycleState: LifecycleState;
  /** Apart from the state, because it is configuration, where the states on the way to it are not. */
  isStandby: boolean;
  healthStatus: "Healthy" | "Unhealthy";
  protectedFromScaleIn: boolean;
  /** When it came into service; `null` before. The grace period runs from here. */
  inServiceSince: number | null;
  /** When a state that is on its way somewhere ends; `null` in one that lasts. */
  until: number | null;
}

/** One line of the group's history: https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_Activity.html */
export interface ScalingActivity {
  readonly id: string;
  readonly description: string;
  readonly cause: string;
  readonly startedAt: number;
}

/** What a group launches, in place of a launch template's content. */
export interface LaunchBlueprint {
  readonly imageId: string;
  readonly instanceType: string;
  readonly securityGroupIds: readonly string[];
  readonly instanceProfileName: string | null;
  readonly publicIp: boolean;
  readonly tags: readonly { readonly key: string; readonly value: string }[];
}

export interface AutoScalingGroup extends Named {
  readonly arn: string;
  minSize: number;
  maxSize: number;
  desiredCapacity: number;
  subnetIds: string[];
  targetGroupArns: string[];
  healthCheckType: "EC2" | "ELB";
  healthCheckGracePeriodSeconds: number;
  newInstancesProtectedFromScaleIn: boolean;
  suspendedProcesses: ScalingProcess[];
  launchTemplate: { readonly id: string; readonly name: string; readonly version: string };
  launch: LaunchBlueprint;
  /** By instance id: those that belong to the group. */
  members: Map<string, GroupMember>;
  /** By instance id: those on their way out, Detaching or Terminating. */
  leaving: Map<string, GroupMember>;
  activities: ScalingActivity[];
  createdAt: number;
  nextLookAt: number;
}

export interface TargetHealth {
  state: "initial" | "healthy" | "unhealthy";
  /** Checks in a row that contradict the state. */
  streak: number;
  nextCheckAt: number;
}

/** One instance or address under one port. */
export interface Target {
  /** Instance id, or IP address. */
  readonly id: string;
  readonly port: number;
  /** Only given for addresses. */
  readonly availabilityZone: string | null;
  observedHealth: TargetHealth;
}

export interface TargetGroup extends Named {
  readonly name: string;
  protocol: "HTTP" | "HTTPS" | "TCP";
  port: number;
  vpcId: string;
  targetType: "instance" | "ip";
  healthCheck: {
    /** `null` is the port under which the target is registered. */
    port: number | null;
    intervalSeconds: number;
    timeoutSeconds: number;
    healthyThreshold: number;
    unhealthyThreshold: number;
  };
  deregistrationDelaySeconds: number;
  /** Of a Network Load Balancer: whether connections end with the delay; AWS's default is that they do not. */
  terminatesConnections?: boolean;
  /** By `id:port`. */
  targets: Map<string, Target>;
  /** By `id:port`: deregistered, and shown as draining until then. */
  draining: Map<string, { readonly target: Target; readonly until: number }>;
}

export interface Listener {
  readonly arn: string;
  port: number;
  protocol: "HTTP" | "HTTPS" | "TCP";
  targetGroupArn: string;
}

export interface LoadBalancer extends Named {
  readonly name: string;
  type: "application" | "network";
  scheme: "internet-facing" | "internal";
  dnsName: string;
  vpcId: string;
  securityGroupIds: string[];
  /** One in each of its subnets: health checks come from there. */
  interfaceIds: string[];
  listeners: Listener[];
  createdAt: number;
}

/** What a Region holds of them. */
export interface ScalingState {
  /** By name. */
  readonly autoScalingGroups: Map<string, AutoScalingGroup>;
  /** By ARN. */
  readonly targetGroups: Map<string, TargetGroup>;
  /** By ARN. */
  readonly loadBalancers: Map<string, LoadBalancer>;
}

export function emptyScaling(): ScalingState {
  return { autoScalingGroups: new Map(), targetGroups: new Map(), loadBalancers: new Map() };
}
