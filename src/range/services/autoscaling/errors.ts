import { AwsError } from "../../wire/operation.ts";
import type { AutoScalingGroup, GroupMember } from "../../world/scaling-model.ts";
import type { Context } from "../handler.ts";

const API = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/";

/**
 * What Auto Scaling refuses, it refuses with this code; its model declares no shape for it.
 * https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html
 */
export function validationError({ call }: Context, message: string): AwsError {
  return new AwsError("ValidationError", message, { status: 400, documentation: `${API}API_${call.operation}.html` });
}

/** The group a call changes. */
export function groupNamed(context: Context, name: string | undefined): AutoScalingGroup {
  const group = context.region.autoScalingGroups.get(name ?? "");
  if (!group) throw validationError(context, "AutoScalingGroup name not found - null");
  return group;
}

/** The members a call names: all of them, or none. */
export function membersNamed(
  context: Context,
  group: AutoScalingGroup,
  ids: readonly string[] | undefined,
): GroupMember[] {
  if (!ids || ids.length === 0) throw validationError(context, "At least one instance id is required.");
  return ids.map((id) => {
    const member = group.members.get(id) ?? group.leaving.get(id);
    if (!member) throw validationError(context, `The instance ${id} is not part of Auto Scaling group ${group.id}.`);
    return member;
  });
}

/** The wording of AWS where a call would leave the group's sizes: min <= desired <= max. */
export function sizesRefused(
  context: Context,
  { id, minSize, maxSize, desiredCapacity }: AutoScalingGroup,
  what: string,
): AwsError {
  return validationError(
    context,
    `AutoScalingGroup ${id} has min-size=${minSize}, max-size=${maxSize}, and desired-size=${desiredCapacity}. To ${what}, please update the AutoScalingGroup sizes appropriately.`,
  );
}
