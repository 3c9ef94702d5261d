import type { NormalizedSchema } from "@smithy/core/schema";
import { services } from "../../wire/services.ts";

/**
 * How CloudTrail writes requests and answers of EC2: older operations with `...Set` and `items`, newer ones as the element of
 * the request itself, in which members of lists are numbered by `tag`.
 *
 * Published events show both forms; test/fixtures/cloudtrail/README.md says which events were seen and which are derived.
 */
type Elements = Readonly<Record<string, unknown>>;

/** Operations whose events have the newer form. */
const WRAPPED: ReadonlySet<string> = new Set([
  "AssociateIamInstanceProfile",
  "AssociateSecurityGroupVpc",
  "AssociateTrunkInterface",
  "CreateFlowLogs",
  "CreateManagedPrefixList",
  "DeleteFlowLogs",
  "DisassociateIamInstanceProfile",
  "DisassociateSecurityGroupVpc",
  "ModifyManagedPrefixList",
  "ModifySecurityGroupRules",
  "ReplaceIamInstanceProfileAssociation",
]);

const NAMESPACE = "http://ec2.amazonaws.com/doc/2016-11-15/";

export function ec2Request(operation: string, input: Elements): Elements | null {
  const { DryRun: _dryRun, ...asked } = input;
  if (Object.keys(asked).length === 0) return null;
  const schema = schemaOf(operation, "input");
  if (WRAPPED.has(operation)) return { [`${operation}Request`]: schema ? wrapped(schema, asked) : asked };
  if (operation === "RunInstances") return launchRequest(asked);
  return schema ? requestOf(operation, schema, asked) : asked;
}

/** Null for reads, whose answers CloudTrail leaves out. */
export function ec2Response(operation: string, output: Elements | null, requestId: string): Elements | null {
  if (output === null) return null;
  const schema = schemaOf(operation, "output");
  const members = schema === null || schema.isUnitSchema() ? {} : answer(schema, output, WRAPPED.has(operation));
  if (WRAPPED.has(operation)) return { [`${operation}Response`]: { xmlns: NAMESPACE, requestId, ...members } };
  const { return: returned, ...rest } = members;
  const succeeds = returned !== undefined || Object.keys(rest).length === 0 || operation === "CreateSecurityGroup";
  return { requestId, ...(succeeds ? { _return: returned ?? true } : {}), ...rest };
}

function schemaOf(operation: string, side: "input" | "output"): NormalizedSchema | null {
  return services.find(({ name }) => name === "ec2")?.operations.get(operation)?.[side] ?? null;
}

/** Members that the older form calls otherwise than the request: by the request's name, how the set and its items are called. */
const SETS: Readonly<Record<string, readonly [set: string, item: string | null]>> = {
  Groups: ["groupSet", "groupId"],
  SecurityGroupIds: ["groupSet", "groupId"],
  InstanceIds: ["instancesSet", "instanceId"],
  Resources: ["resourcesSet", "resourceId"],
  SecurityGroupRuleIds: ["securityGroupRuleIds", "securityGroupRuleId"],
  Tags: ["tagSet", null],
  TagSpecifications: ["tagSpecificationSet", null],
  IpPermissions: ["ipPermissions", null],
};

function requestOf(operation: string, schema: NormalizedSchema, input: Elements): Elements {
  const isEntry = operation.endsWith("NetworkAclEntry") && !operation.startsWith("Delete");
  return {
    // Entries without ports and without ICMP show both as empty.
    ...(isEntry ? { icmpTypeCode: {}, portRange: {} } : {}),
    ...Object.fromEntries(
      [...schema.structIterator()]
        .filter(([name]) => name in input && input[name] !== undefined && name !== "DryRun")
        .map(([name, member]) => {
          const [set, item] = SETS[name] ?? [requestName(operation, name, member), null];
          return [set, requestValue(member, input[name], item)];
        }),
    ),
  };
}

function requestName(operation: string, name: string, member: NormalizedSchema): string {
  if (operation === "CreateSecurityGroup" && name === "Description") return "groupDescription";
  if (operation.endsWith("NetworkAclEntry") && name === "Protocol") return "aclProtocol";
  if (name === "IcmpTypeCode") return "icmpTypeCode";
  return camel(xmlName(member, name));
}

function requestValue(schema: NormalizedSchema, value: unknown, item: string | null): unknown {
  if (schema.isListSchema()) {
    const values = (value as readonly unknown[]).map((each) =>
      item === null ? requestValue(schema.getValueSchema(), each, null) : { [item]: each },
    );
    return values.length === 0 ? {} : { items: values };
  }
  if (!schema.isStructSchema() || typeof value === "string") return scalar(value);
  const known = value as Elements;
  const isPermission = "IpProtocol" in known;
  return Object.fromEntries(
    [...schema.structIterator()]
      .filter(([name, member]) => known[name] !== undefined || (isPermission && member.isListSchema()))
      .map(([name, member]) => {
        const given = known[name];
        // Tags of a specification stand in a bare list.
        if (name === "Tags") return ["tags", (given as readonly Elements[]).map((tag) => pair(tag))];
        return [camel(xmlName(member, name)), given === undefined ? {} : requestValue(member, given, null)];
      }),
  );
}

function pair({ Key: key, Value: value }: Elements): Elements {
  return { key, value };
}

/** What a launch asks for stands partly with its instances and partly beside them. */
function launchRequest(input: Elements): Elements {
  const {
    ImageId: imageId,
    MinCount: minCount,
    MaxCount: maxCount,
    KeyName: keyName,
    IamInstanceProfile: profile,
    NetworkInterfaces: interfaces,
    BlockDeviceMappings: _devices,
    UserData: userData,
    ...rest
  } = input;
  const schema = schemaOf("RunInstances", "input");
  return {
    instancesSet: { items: [{ imageId, minCount, maxCount, ...(keyName === undefined ? {} : { keyName }) }] },
    ...(userData === undefined ? {} : { userData: "<sensitiveDataRemoved>" }),
    blockDeviceMapping: {},
    monitoring: { enabled: false },
    ...(schema ? requestOf("RunInstances", schema, rest) : {}),
    ...(Array.isArray(interfaces) ? { networkInterfaceSet: { items: interfaces.map(launchInterface) } } : {}),
    ...(profile === undefined ? {} : { iamInstanceProfile: camelMembers(profile as Elements) }),
  };
}

function launchInterface({ Groups: groups, ...rest }: Elements): Elements {
  return {
    ...camelMembers(rest),
    ...(Array.isArray(groups) ? { groupSet: { items: groups.map((groupId: unknown) => ({ groupId })) } } : {}),
  };
}

function camelMembers(value: Elements): Elements {
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [camel(name), scalar(member)]));
}

/** The newer form: names as in the query, each item of a list numbered, one item bare and several in a list. */
function wrapped(schema: NormalizedSchema, value: unknown): Elements {
  const known = value as Elements;
  return Object.fromEntries(
    [...schema.structIterator()]
      .filter(([name]) => known[name] !== undefined && name !== "DryRun")
      .map(([name, member]) => [queryName(member, name), wrappedValue(member, known[name])]),
  );
}

function wrappedValue(schema: NormalizedSchema, value: unknown): unknown {
  if (schema.isStructSchema()) return wrapped(schema, value);
  if (!schema.isListSchema()) return scalar(value);
  const member = schema.getValueSchema();
  const items = (value as readonly unknown[]).map((each, index) =>
    member.isStructSchema() ? { ...wrapped(member, each), tag: index + 1 } : { tag: index + 1, content: each },
  );
  return items.length === 1 ? items[0] : items;
}

/** An answer under its element names. Times are milliseconds since 1970, as in published events. */
function answer(schema: NormalizedSchema, value: unknown, isWrapped: boolean): Elements {
  const known = value as Elements;
  return Object.fromEntries(
    [...schema.structIterator()]
      .filter(([name]) => known[name] !== undefined && known[name] !== null)
      .map(([name, member]) => [camel(xmlName(member, name)), answerValue(member, known[name], isWrapped)]),
  );
}

function answerValue(schema: NormalizedSchema, value: unknown, isWrapped: boolean): unknown {
  if (schema.isStructSchema()) return answer(schema, value, isWrapped);
  if (!schema.isListSchema()) return value instanceof Date ? value.getTime() : scalar(value);
  const items = (value as readonly unknown[]).map((each) => answerValue(schema.getValueSchema(), each, isWrapped));
  if (!isWrapped) return items.length === 0 ? {} : { items };
  return items.length === 0 ? "" : { item: items.length === 1 ? items[0] : items };
}

function scalar(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return value instanceof Uint8Array ? "<sensitiveDataRemoved>" : value;
}

function xmlName(member: NormalizedSchema, name: string): string {
  const { xmlName: given } = member.getMemberTraits() as { readonly xmlName?: string };
  return given ?? name;
}

function queryName(member: NormalizedSchema, name: string): string {
  const traits = member.getMergedTraits() as { readonly ec2QueryName?: string };
  const key = traits.ec2QueryName ?? xmlName(member, name);
  return `${key.charAt(0).toUpperCase()}${key.slice(1)}`;
}

function camel(name: string): string {
  return `${name.charAt(0).toLowerCase()}${name.slice(1)}`;
}
