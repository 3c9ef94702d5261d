import type {
  DeregisterTargetsInput,
  DeregisterTargetsOutput,
  DescribeTargetHealthInput,
  DescribeTargetHealthOutput,
  RegisterTargetsInput,
  RegisterTargetsOutput,
  TargetDescription,
  TargetHealth,
  TargetHealthDescription,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { rangeContains } from "../../world/addresses.ts";
import type { Target, TargetGroup } from "../../world/scaling-model.ts";
import { deregisterTarget, loadBalancersOf, registerTarget, targetKey } from "../../world/target-health.ts";
import { handler, type Context } from "../handler.ts";
import { elbError, targetGroupNamed } from "./errors.ts";

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html */
const register = handler((context, input: RegisterTargetsInput): RegisterTargetsOutput => {
  const group = targetGroupNamed(context, input.TargetGroupArn);
  const targets = (input.Targets ?? []).map((target) => ({
    id: target.Id ?? "",
    port: target.Port ?? group.port,
    availabilityZone: target.AvailabilityZone ?? null,
  }));
  for (const target of targets) checkTarget(context, group, target);
  for (const target of targets) registerTarget(context, group, target);
  return {};
});

function checkTarget(context: Context, group: TargetGroup, { id }: Pick<Target, "id">): void {
  const { region } = context;
  if (group.targetType === "ip") {
    const vpc = region.vpcs.get(group.vpcId);
    if (vpc && !rangeContains(vpc.cidr, id))
      throw elbError(context, "InvalidTarget", `The IP address '${id}' is not within the VPC`);
    return;
  }
  const instance = region.instances.get(id);
  if (!instance || instance.vpcId !== group.vpcId)
    throw elbError(
      context,
      "InvalidTarget",
      `The following targets are not in the target group VPC '${group.vpcId}': '${id}'`,
    );
  if (instance.state !== "running")
    throw elbError(
      context,
      "InvalidTarget",
      `The following targets are not in a running state and cannot be registered: '${id}'`,
    );
}

/** What is not registered is no error: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeregisterTargets.html */
const deregister = handler((context, input: DeregisterTargetsInput): DeregisterTargetsOutput => {
  const group = targetGroupNamed(context, input.TargetGroupArn);
  for (const { Id: id = "", Port: port } of input.Targets ?? [])
    deregisterTarget(context, group, targetKey({ id, port: port ?? group.port }));
  return {};
});

const describeHealth = handler((context, input: DescribeTargetHealthInput): DescribeTargetHealthOutput => {
  const { id } = targetGroupNamed(context, input.TargetGroupArn);
  const group = context.world.see(context.region.targetGroups, id);
  if (!group) return { TargetHealthDescriptions: [] };
  const all = [...group.targets.values(), ...[...group.draining.values()].map(({ target }) => target)];
  const described = input.Targets ? input.Targets.map((asked) => named(group, all, asked)) : all;
  return { TargetHealthDescriptions: described.map((target) => describe(context, group, target)) };
});

/** Whoever asks for a target that is not registered is told so, target by target. */
function named(group: TargetGroup, all: readonly Target[], { Id: id = "", Port }: TargetDescription): Target {
  const port = Port ?? group.port;
  return (
    all.find((target) => target.id === id && target.port === port) ?? {
      id,
      port,
      availabilityZone: null,
      observedHealth: { state: "initial", streak: 0, nextCheckAt: 0 },
    }
  );
}

function describe(context: Context, group: TargetGroup, target: Target): TargetHealthDescription {
  const { id: Id, port: Port, availabilityZone } = target;
  return {
    Target: { Id, Port, ...(availabilityZone === null ? {} : { AvailabilityZone: availabilityZone }) },
    HealthCheckPort: String(group.healthCheck.port ?? Port),
    TargetHealth: healthOf(context, group, target),
  };
}

/** https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html */
function healthOf(context: Context, group: TargetGroup, target: Target): TargetHealth {
  const key = targetKey(target);
  if (group.draining.has(key))
    return {
      State: "draining",
      Reason: "Target.DeregistrationInProgress",
      Description: "Target deregistration is in progress",
    };
  if (!group.targets.has(key))
    return {
      State: "unused",
      Reason: "Target.NotRegistered",
      Description: "Target is not registered to the target group",
    };
  if (loadBalancersOf(context, group).length === 0)
    return {
      State: "unused",
      Reason: "Target.NotInUse",
      Description: "Target group is not configured to receive traffic from the load balancer",
    };
  const instance = context.region.instances.get(target.id);
  if (instance && instance.state !== "running" && instance.state !== "pending")
    return { State: "unused", Reason: "Target.InvalidState", Description: "Target is in the stopped state" };
  switch (target.observedHealth.state) {
    case "healthy":
      return { State: "healthy" };
    case "initial":
      return {
        State: "initial",
        Reason: "Elb.InitialHealthChecking",
        Description: "Initial health checks in progress",
      };
    case "unhealthy":
      return { State: "unhealthy", Reason: "Target.Timeout", Description: "Request timed out" };
  }
}

export const targetHandlers = {
  RegisterTargets: register,
  DeregisterTargets: deregister,
  DescribeTargetHealth: describeHealth,
};
