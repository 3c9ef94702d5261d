import type { Context } from "../services/handler.ts";
import { resourceTypeOf, taggedResource } from "../services/ec2/tags.ts";
import type { ConditionKeys } from "./conditions.ts";
import type { AccessRequest } from "./evaluate.ts";

/** What IAM checks for one operation, and where AWS says so. */
export interface ActionRow {
  readonly documentation: string;
  /** Every action with every resource; all of them must be allowed. */
  readonly required: (context: Context, input: Record<string, unknown>) => AccessRequest[];
}

/** The text at a member of the input, or what stands for any resource when it is not there. */
export function text(value: unknown): string {
  return typeof value === "string" ? value : "*";
}

export function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
}

/** Their ARNs name no account: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html */
const WITHOUT_ACCOUNT: ReadonlySet<string> = new Set(["image", "snapshot"]);

/** A resource of EC2 with the tags it has, as `aws:ResourceTag/...`. */
export function ec2Resource(
  { account, region }: Context,
  type: string,
  id: string,
): { readonly arn: string; readonly keys: ConditionKeys } {
  const tags = taggedResource(region, id)?.tags ?? [];
  const vpcId =
    region.interfaces.get(id)?.vpcId ?? region.securityGroups.get(id)?.vpcId ?? region.networkAcls.get(id)?.vpcId;
  return {
    arn: `arn:aws:ec2:${region.name}:${WITHOUT_ACCOUNT.has(type) ? "" : account.id}:${type}/${id}`,
    keys: {
      "ec2:Region": region.name,
      ...(vpcId === undefined ? {} : { "ec2:Vpc": `arn:aws:ec2:${region.name}:${account.id}:vpc/${vpcId}` }),
      ...Object.fromEntries(
        tags.flatMap(({ key, value }) => [
          [`aws:ResourceTag/${key}`, value],
          [`ec2:ResourceTag/${key}`, value],
        ]),
      ),
    },
  };
}

/** One action on resources of EC2, each named by type and id. */
export function on(
  context: Context,
  action: string,
  resources: readonly (readonly [type: string, id: string])[],
  keys: ConditionKeys = {},
): AccessRequest[] {
  return resources.map(([type, id]) => {
    const resource = ec2Resource(context, type, id);
    return { action, resource: resource.arn, keys: { ...resource.keys, ...keys } };
  });
}

interface TagList {
  readonly Key?: string;
  readonly Value?: string;
}

export function requestTagKeys(tags: readonly TagList[]): ConditionKeys {
  if (tags.length === 0) return {};
  return {
    "aws:TagKeys": tags.map(({ Key = "" }) => Key),
    ...Object.fromEntries(tags.map(({ Key = "", Value = "" }) => [`aws:RequestTag/${Key}`, Value])),
  };
}

/** The tags that a creating call gives. */
export function specified(
  input: Record<string, unknown>,
): { readonly type: string; readonly tags: readonly TagList[] }[] {
  const specifications = (input["TagSpecifications"] ?? []) as readonly {
    readonly ResourceType?: string;
    readonly Tags?: readonly TagList[];
  }[];
  return specifications
    .map(({ ResourceType = "*", Tags = [] }) => ({ type: ResourceType, tags: Tags }))
    .filter(({ tags }) => tags.length > 0);
}

/** Tagging on creation is checked as ec2:CreateTags: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html */
export function taggingOnCreate(context: Context, operation: string, input: Record<string, unknown>): AccessRequest[] {
  return specified(input).flatMap(({ type, tags }) =>
    on(context, "ec2:CreateTags", [[type, "*"]], { "ec2:CreateAction": operation, ...requestTagKeys(tags) }),
  );
}

export function typedIds(ids: readonly string[]): (readonly [string, string])[] {
  return ids.map((id) => [resourceTypeOf(id) ?? "*", id]);
}
