import type { Event, Resource } from "@aws-sdk/client-cloudtrail";
import type { Session } from "../../world/identity.ts";
import type { HistoryEntry } from "../../world/event-history.ts";
import type { World } from "../../world/world.ts";
import { ec2Request, ec2Response } from "./ec2-elements.ts";

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html */
const EVENT_VERSION = "1.11";

/** What LookupEvents shows of a call, without the record itself. */
export function eventOf(world: World, entry: HistoryEntry): Event {
  const { caller, service, operation } = entry;
  return {
    EventId: entry.eventId,
    EventName: operation,
    ReadOnly: String(onlyReads(operation)),
    AccessKeyId: caller.session?.accessKeyId,
    EventTime: new Date(Math.floor(entry.at / 1000) * 1000),
    EventSource: sourceOf(service),
    Username: userNameOf(world, entry),
    Resources: resourcesOf(world, entry),
  };
}

/** The record, as CloudTrail writes it into `CloudTrailEvent` and into log files. */
export function recordOf(world: World, entry: HistoryEntry): Readonly<Record<string, unknown>> {
  const { service, operation, error, accountId } = entry;
  const side =
    service === "ec2" ? (/^Internal|^Service|LimitExceeded$/.test(error?.code ?? "") ? "Server." : "Client.") : "";
  return {
    eventVersion: EVENT_VERSION,
    userIdentity: identityOf(world, entry),
    eventTime: seconds(entry.at),
    eventSource: sourceOf(service),
    eventName: operation,
    awsRegion: entry.region,
    sourceIPAddress: entry.sourceIp,
    userAgent: entry.userAgent,
    ...(error === null ? {} : { errorCode: `${side}${error.code}`, errorMessage: error.message }),
    requestParameters: requestOf(entry),
    responseElements:
      service === "ec2" ? ec2Response(operation, entry.output, entry.requestId) : issuedElements(world, entry),
    requestID: entry.requestId,
    eventID: entry.eventId,
    readOnly: onlyReads(operation),
    eventType: "AwsApiCall",
    managementEvent: true,
    recipientAccountId: accountId,
    eventCategory: "Management",
  };
}

function requestOf({ service, operation, input }: HistoryEntry): unknown {
  const visible = withoutSecrets(input);
  if (service === "ec2") return ec2Request(operation, visible);
  return Object.keys(visible).length === 0 ? null : inCamelCase(visible);
}

/** Reads and writes as CloudTrail counts them: taking a role changes nothing. */
export function onlyReads(operation: string): boolean {
  return /^(Assume|Describe|Get|Head|List|Lookup|Simulate)/.test(operation);
}

function sourceOf(service: string): string {
  return `${service}.amazonaws.com`;
}

function seconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** A role's session goes by its session's name: for an instance's that is the instance's id. */
function userNameOf(world: World, { caller }: HistoryEntry): string | undefined {
  const { session, service } = caller;
  if (service !== null && session === null) return undefined;
  if (session === null) return "root";
  if (session.roleName !== null) return session.sessionName ?? undefined;
  return world.account(session.accountId).users.get(session.principalArn.split("/").at(-1) ?? "")?.name;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
function identityOf(world: World, { caller }: HistoryEntry): Readonly<Record<string, unknown>> {
  const { session, arn, userId, service } = caller;
  if (service !== null && session === null) return { type: "AWSService", invokedBy: service };
  if (session === null) return { type: "Root", principalId: userId, arn, accountId: userId };
  const by = service === null ? { accessKeyId: session.accessKeyId } : { invokedBy: service };
  const common = { principalId: userId, arn, accountId: session.accountId, ...by };
  if (session.roleName === null)
    return { type: "IAMUser", ...common, userName: session.principalArn.split("/").at(-1) };
  const role = world.account(session.accountId).roles.get(session.roleName);
  return {
    type: "AssumedRole",
    ...common,
    sessionContext: {
      sessionIssuer: {
        type: "Role",
        principalId: role?.id ?? userId.split(":")[0],
        arn: session.roleArn,
        accountId: session.accountId,
        userName: session.roleName,
      },
      attributes: { creationDate: seconds(session.issuedAt), mfaAuthenticated: "false" },
      // Of the metadata service, in which version: only in credentials that an instance got from it.
      ...(session.sourceInstanceArn === null ? {} : { ec2RoleDelivery: "2.0" }),
    },
    ...(session.sourceInstanceArn === null
      ? {}
      : { inScopeOf: { issuerType: "AWS::EC2::Instance", credentialsIssuedTo: session.sourceInstanceArn } }),
  };
}

/** Answers are left out, but for whose credentials a call gave out: who follows a thief needs those, and never the secret. */
function issuedElements(world: World, { issued }: HistoryEntry): Readonly<Record<string, unknown>> | null {
  if (issued === null) return null;
  const expiration = new Date(issued.expiresAt ?? issued.issuedAt).toUTCString();
  return {
    credentials: { accessKeyId: issued.accessKeyId, expiration },
    assumedRoleUser: { assumedRoleId: assumedRoleId(world, issued), arn: issued.principalArn },
  };
}

function assumedRoleId(world: World, { accountId, roleName, sessionName }: Session): string {
  return `${world.account(accountId).roles.get(roleName ?? "")?.id ?? ""}:${sessionName ?? ""}`;
}

const EC2_RESOURCES: Readonly<Record<string, string>> = {
  acl: "AWS::EC2::NetworkAcl",
  ami: "AWS::EC2::Ami",
  eni: "AWS::EC2::NetworkInterface",
  "eni-attach": "AWS::EC2::NetworkInterfaceAttachment",
  i: "AWS::EC2::Instance",
  rtb: "AWS::EC2::RouteTable",
  sg: "AWS::EC2::SecurityGroup",
  snap: "AWS::EC2::Snapshot",
  subnet: "AWS::EC2::Subnet",
  vol: "AWS::EC2::Volume",
  vpc: "AWS::EC2::VPC",
};

/** Members of a request whose text names a resource. */
const NAMING: Readonly<Record<string, string>> = {
  Bucket: "AWS::S3::Bucket",
  InstanceProfileName: "AWS::IAM::InstanceProfile",
  PolicyName: "AWS::IAM::Policy",
  RoleArn: "AWS::IAM::Role",
  RoleName: "AWS::IAM::Role",
};

/**
 * Calls for which no document and no published event shows `Resources` (UNVERIFIED): a lookup by ResourceName misses them.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_Resource.html leaves open which calls name one.
 */
const WITHOUT_RESOURCES: ReadonlySet<string> = new Set([
  "ModifyInstanceAttribute",
  "ModifyNetworkInterfaceAttribute",
  "ModifySecurityGroupRules",
]);

/** What a call was made on. A role stands under the word that the call used, its name or its ARN. Reads name nothing. */
function resourcesOf(world: World, { input, output, operation, issued, isWithoutResources }: HistoryEntry): Resource[] {
  if (isWithoutResources ?? WITHOUT_RESOURCES.has(operation)) return [];
  if (onlyReads(operation) && issued === null && operation !== "AssumeRole") return [];
  const found = new Map<string, string>();
  const look = (value: unknown, member: string): void => {
    if (typeof value === "string") {
      const isName = member === "RoleSessionName"; // An instance's id, and no resource.
      const prefix = isName ? "" : (/^([a-z]+(?:-attach)?)-[0-9a-f]{8,17}$/.exec(value)?.[1] ?? "");
      // Published launches list the interface, and not its attachment.
      const isListed = prefix !== "eni-attach" || operation !== "RunInstances";
      const type = isListed ? (NAMING[member] ?? EC2_RESOURCES[prefix]) : undefined;
      if (type !== undefined) found.set(value, type);
    } else if (Array.isArray(value)) value.forEach((each) => look(each, member));
    else if (typeof value === "object" && value !== null)
      for (const [name, each] of Object.entries(value)) look(each, name);
  };
  look(input, "");
  look(output, "");
  if (issued !== null) {
    found.set(issued.accessKeyId, "AWS::IAM::AccessKey");
    found.set(assumedRoleId(world, issued), "AWS::STS::AssumedRole");
    found.set(issued.principalArn, "AWS::STS::AssumedRole");
  }
  return [...found].map(([ResourceName, ResourceType]) => ({ ResourceName, ResourceType }));
}

/** Members whose text CloudTrail takes out. */
const SENSITIVE: ReadonlySet<string> = new Set(["UserData", "SecretAccessKey", "SessionToken"]);

function withoutSecrets(input: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(input)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, SENSITIVE.has(name) ? "<sensitiveDataRemoved>" : member]),
  );
}

/** The request under the names that records of the other services use. */
function inCamelCase(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return "<bytes>";
  if (Array.isArray(value)) return value.map(inCamelCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [
        `${name.charAt(0).toLowerCase()}${name.slice(1)}`,
        inCamelCase(SENSITIVE.has(name) ? "<sensitiveDataRemoved>" : member),
      ]),
  );
}
