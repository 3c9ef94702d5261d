import { AwsError } from "../../wire/operation.ts";
import type { TargetGroup } from "../../world/scaling-model.ts";
import type { Context } from "../handler.ts";

const API = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/";

/** An error that the page of the operation lists. */
export function elbError({ call }: Context, code: string, message: string): AwsError {
  return new AwsError(code, message, { status: 400, documentation: `${API}API_${call.operation}.html` });
}

export function targetGroupNamed(context: Context, arn: string | undefined): TargetGroup {
  const group = context.region.targetGroups.get(arn ?? "");
  if (!group) throw elbError(context, "TargetGroupNotFound", `Target groups '${arn ?? ""}' not found`);
  return group;
}
