import type {
  CreateTagsRequest,
  DeleteTagsRequest,
  DescribeTagsRequest,
  DescribeTagsResult,
  Tag as SdkTag,
  TagSpecification,
} from "@aws-sdk/client-ec2";
import type { RegionState, Resource, Tag } from "../../world/model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, invalidValue, kindOf, missingParameter, notFound } from "./errors.ts";
import { filterBy, paged } from "./selection.ts";

export function toTags(tags: readonly SdkTag[] | undefined): Tag[] {
  return (tags ?? []).map(({ Key: key = "", Value: value = "" }) => ({ key, value }));
}

export function fromTags(tags: readonly Tag[]): SdkTag[] {
  return tags.map(({ key, value }) => ({ Key: key, Value: value }));
}

/** The tags for a resource that is being made; a specification for another type is refused. */
export function specifiedTags(specifications: readonly TagSpecification[] | undefined, type: string): Tag[] {
  for (const { ResourceType: given } of specifications ?? []) {
    if (given !== type) throw invalidValue(given, "resourceType", `Only ${type} can be tagged here.`);
  }
  return checked((specifications ?? []).flatMap(({ Tags }) => toTags(Tags)));
}

/** Limits of tags: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
function checked(tags: Tag[]): Tag[] {
  for (const { key, value } of tags) {
    if (/^aws:/i.test(key))
      throw ec2Error("InvalidParameterValue", `Tag keys starting with 'aws:' are reserved for internal use`);
    if (key.length < 1 || key.length > 127) throw invalidValue(key, "key", "Tag keys have 1 to 127 characters.");
    if (value.length > 255) throw invalidValue(value, "value", "Tag values have at most 255 characters.");
  }
  if (new Set(tags.map(({ key }) => key)).size < tags.length)
    throw ec2Error("InvalidParameterValue", "Duplicate tag key specified.");
  return tags;
}

const TABLES: Readonly<Record<string, readonly [type: string, table: (region: RegionState) => Map<string, Resource>]>> =
  {
    i: ["instance", ({ instances }) => instances],
    eni: ["network-interface", ({ interfaces }) => interfaces],
    sg: ["security-group", ({ securityGroups }) => securityGroups],
    acl: ["network-acl", ({ networkAcls }) => networkAcls],
    subnet: ["subnet", ({ subnets }) => subnets],
    vpc: ["vpc", ({ vpcs }) => vpcs],
    rtb: ["route-table", ({ routeTables }) => routeTables],
    igw: ["internet-gateway", ({ internetGateways }) => internetGateways],
    eigw: ["egress-only-internet-gateway", ({ internetGateways }) => internetGateways],
    nat: ["natgateway", ({ natGateways }) => natGateways],
    vol: ["volume", ({ volumes }) => volumes],
    snap: ["snapshot", ({ snapshots }) => snapshots],
    vpce: ["vpc-endpoint", ({ vpcEndpoints }) => vpcEndpoints],
    ami: ["image", ({ images }) => images],
    eipalloc: ["elastic-ip", ({ elasticAddresses }) => elasticAddresses],
    pl: ["prefix-list", ({ prefixLists }) => prefixLists],
    key: ["key-pair", ({ keyPairs }) => keyPairs],
  };

/** The resource type, as EC2's tags and ARNs name it, of an id. */
export function resourceTypeOf(id: string): string | null {
  return TABLES[prefixOf(id)]?.[0] ?? (prefixOf(id) === "sgr" ? "security-group-rule" : null);
}

export function taggedResource(region: RegionState, id: string): { tags: Tag[] } | null {
  if (prefixOf(id) === "sgr")
    return [...region.securityGroups.values()].flatMap(({ rules }) => rules).find((rule) => rule.id === id) ?? null;
  return TABLES[prefixOf(id)]?.[1](region).get(id) ?? null;
}

function prefixOf(id: string): string {
  return id.slice(0, id.lastIndexOf("-"));
}

/** An id of a resource that is gone is told as everywhere; only what is no id is an InvalidID. */
function noSuchResource(id: string): Error {
  const kind = kindOf(id);
  return kind ? notFound(kind, id) : ec2Error("InvalidID", `The ID '${id}' is not valid`);
}

/** The object that reads lag for: a rule is part of its group. */
function changeTags({ world, region }: Context, id: string, edit: (tags: readonly Tag[]) => Tag[]): void {
  const resource = taggedResource(region, id);
  if (!resource) throw noSuchResource(id);
  const owner =
    prefixOf(id) === "sgr"
      ? [...region.securityGroups.values()].find(({ rules }) => rules.some((rule) => rule.id === id))
      : resource;
  world.change(owner ?? resource, () => (resource.tags = edit(resource.tags)));
}

const createTags = handler((context, { Resources: ids = [], Tags }: CreateTagsRequest) => {
  if (ids.length === 0) throw missingParameter("resourceIdSet");
  const tags = checked(toTags(Tags));
  for (const id of ids) if (!taggedResource(context.region, id)) throw noSuchResource(id);
  for (const id of ids) {
    const merge = (old: readonly Tag[]): Tag[] => [
      ...old.filter(({ key }) => !tags.some((tag) => tag.key === key)),
      ...tags,
    ];
    if (merge(taggedResource(context.region, id)?.tags ?? []).length > 50)
      throw ec2Error("TagLimitExceeded", `Tag limit exceeded. Resource: ${id}`);
    changeTags(context, id, merge);
  }
  return {};
});

/** A key without a value deletes whatever its value is; without tags, all that are not AWS's own go. */
const deleteTags = handler((context, { Resources: ids = [], Tags }: DeleteTagsRequest) => {
  if (ids.length === 0) throw missingParameter("resourceIdSet");
  for (const id of ids) {
    changeTags(context, id, (old) =>
      old.filter(
        ({ key, value }) =>
          key.startsWith("aws:") ||
          (Tags !== undefined &&
            Tags.length > 0 &&
            !Tags.some((tag) => tag.Key === key && (tag.Value === undefined || tag.Value === value))),
      ),
    );
  }
  return {};
});

const describeTags = handler((context, input: DescribeTagsRequest): DescribeTagsResult => {
  const { region, world } = context;
  const all = Object.values(TABLES)
    .filter(([type]) => type !== "egress-only-internet-gateway")
    .flatMap(([, table]) =>
      world
        .list(table(region))
        .flatMap(({ id, tags }) => tags.map((tag) => ({ id, type: resourceTypeOf(id) ?? "", ...tag, tags: [tag] }))),
    );
  const found = filterBy(all, input.Filters, {
    key: ({ key }) => key,
    value: ({ value }) => value,
    "resource-id": ({ id }) => id,
    "resource-type": ({ type }) => type,
  });
  const { items, token } = paged(context, found, { input });
  return {
    Tags: items.map(({ id, type, key, value }) => ({
      ResourceId: id,
      ResourceType: type as "instance",
      Key: key,
      Value: value,
    })),
    NextToken: token,
  };
});

export const tagHandlers = { CreateTags: createTags, DeleteTags: deleteTags, DescribeTags: describeTags };
