import {
  DeregisterTargetsCommand,
  DescribeTargetGroupsCommand,
  DescribeTargetHealthCommand,
  RegisterTargetsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

export interface TargetGroup {
  readonly arn: string;
  readonly name: string;
  /** `instance`, `ip`, `lambda` or `alb`. */
  readonly targetType: string;
  readonly vpcId: string | null;
}

/** An instance or address under one port of a target group. */
export interface RegisteredTarget {
  /** Instance id, or address. */
  readonly id: string;
  readonly port: number;
  /** Where it was given at registration: for addresses. */
  readonly availabilityZone: string | null;
  /** `initial`, `healthy`, `unhealthy`, `draining`, `unused`, `unavailable` ... */
  readonly state: string;
}

/** Pages that we read before we give up; a page holds up to 400. */
const MOST_PAGES = 50;

/** Every target group of the account in this region. */
export async function targetGroups(elb: Sender): Promise<readonly TargetGroup[]> {
  const found: TargetGroup[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const { TargetGroups = [], NextMarker } = await elb.send(
      new DescribeTargetGroupsCommand({ PageSize: 400, ...(marker === undefined ? {} : { Marker: marker }) }),
    );
    found.push(
      ...TargetGroups.flatMap(({ TargetGroupArn: arn, TargetGroupName: name, TargetType, VpcId }) =>
        arn === undefined || name === undefined
          ? []
          : [{ arn, name, targetType: TargetType ?? "instance", vpcId: VpcId ?? null }],
      ),
    );
    if (NextMarker === undefined || NextMarker === "") return found;
    marker = NextMarker;
  }
  throw new CordonError("list_without_end", { what: "target groups", pages: String(MOST_PAGES) });
}

/** Every target of a group, also those that drain; null where the group is gone. */
export async function targetsOf(elb: Sender, arn: string): Promise<readonly RegisteredTarget[] | null> {
  try {
    const { TargetHealthDescriptions = [] } = await elb.send(new DescribeTargetHealthCommand({ TargetGroupArn: arn }));
    return TargetHealthDescriptions.flatMap(({ Target, TargetHealth }) =>
      Target?.Id === undefined || Target.Port === undefined
        ? []
        : [
            {
              id: Target.Id,
              port: Target.Port,
              availabilityZone: Target.AvailabilityZone ?? null,
              state: TargetHealth?.State ?? "unknown",
            },
          ],
    );
  } catch (error) {
    if (hasAwsCode(error, "TargetGroupNotFoundException", "TargetGroupNotFound")) return null;
    throw error;
  }
}

/** Registers a target anew, or takes it back while it drains. `refused`: AWS does not take it, with its reason. */
export async function registerTarget(
  elb: Sender,
  arn: string,
  target: Omit<RegisteredTarget, "state">,
): Promise<{ readonly kind: "done" } | { readonly kind: "refused"; readonly message: string }> {
  try {
    await elb.send(new RegisterTargetsCommand({ TargetGroupArn: arn, Targets: [described(target)] }));
    return { kind: "done" };
  } catch (error) {
    if (hasAwsCode(error, "InvalidTargetException", "InvalidTarget"))
      return { kind: "refused", message: error.message };
    throw error;
  }
}

/** Takes a target out: no new requests, and those under way end within the group's deregistration delay. */
export async function deregisterTarget(
  elb: Sender,
  arn: string,
  target: Omit<RegisteredTarget, "state">,
): Promise<void> {
  await elb.send(new DeregisterTargetsCommand({ TargetGroupArn: arn, Targets: [described(target)] }));
}

function described({ id, port, availabilityZone }: Omit<RegisteredTarget, "state">) {
  return { Id: id, Port: port, ...(availabilityZone === null ? {} : { AvailabilityZone: availabilityZone }) };
}
