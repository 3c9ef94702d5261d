import type { z } from "zod";
import type { Finding } from "../core/finding.ts";
import { finding as findingShape } from "../core/finding.ts";
import type { Json } from "../core/json.ts";
import { sha256 } from "../core/json.ts";
import type { InstanceTags } from "./dispositions.ts";
import { foundAt, isObject, type Members, parseDocument, type Refuse, refusalOf } from "./document.ts";
import { withEventBridgeSpelling } from "./document.ts";
import { placesOf, tagsOf } from "./guardduty-places.ts";
import { guardDutyFinding } from "./guardduty-shape.ts";
import type { GuardDutyFinding } from "./guardduty-shape.ts";
import { remotesOf } from "./guardduty-remotes.ts";
import { printable } from "./printable.ts";

const MOST_FINDINGS = 100;
/** Enough for any instance; they are hints. */
const MOST_INTERFACES = 50;

/** Interface ids as AWS writes them. Anything else in a hint is passed over. */
const INTERFACE_ID = /^eni-[0-9a-f]{8,17}$/;

/** What was read: the findings, and the tags of their instances, which routes may ask for and nobody may trust. */
export interface GuardDutyFindings {
  readonly findings: readonly Finding[];
  readonly tags: ReadonlyMap<Finding, InstanceTags>;
}

/**
 * Reads GuardDuty findings: one event of EventBridge, one finding of the API, a list of either, or what GetFindings
 * returns.
 *
 * Tolerant of fields it does not know, strict about those that decide: an instance id that is none, or a control
 * character in an id, is refused with the reason and never guessed around.
 * A finding that names instances of several accounts or regions comes back as one finding for each.
 *
 * @throws CordonError `finding_unreadable`
 */
export function readGuardDuty(received: Uint8Array | string, { file }: { readonly file: string }): GuardDutyFindings {
  const refuse = refusalOf(file);
  const { json, bytes } = parseDocument(received, refuse);
  const rawSha256 = sha256(bytes);
  const read = documentsIn(withEventBridgeSpelling(json, refuse), refuse).flatMap((document) =>
    readOne(document, rawSha256, refuse),
  );
  return {
    findings: read.map(({ finding }) => finding),
    tags: new Map(read.map(({ finding, tags }) => [finding, tags])),
  };
}

function documentsIn(document: Json, refuse: Refuse): readonly Members[] {
  const list = isObject(document) && "findings" in document ? document["findings"] : document;
  if (!Array.isArray(list)) return [documentOf(list ?? null, refuse)];
  if (list.length === 0) return refuse("its list of findings is empty");
  if (list.length > MOST_FINDINGS) return refuse(`it holds ${list.length} findings, and ${MOST_FINDINGS} are the most`);
  return list.map((each: Json) => documentOf(each, refuse));
}

function documentOf(document: Json, refuse: Refuse): Members {
  if (!isObject(document)) return refuse("a finding is a JSON object");
  return "detail-type" in document || "detail" in document ? detailOf(document, refuse) : document;
}

function detailOf(event: Members, refuse: Refuse): Members {
  const detailType = event["detail-type"];
  if (detailType !== "GuardDuty Finding") {
    return refuse(`its detail-type is ${JSON.stringify(detailType ?? null)}, and "GuardDuty Finding" was expected`);
  }
  const { detail } = event;
  return isObject(detail) ? detail : refuse("its detail is not an object");
}

interface ReadOne {
  readonly finding: Finding;
  readonly tags: InstanceTags;
}

function readOne(document: Members, rawSha256: string, refuse: Refuse): readonly ReadOne[] {
  const parsed = guardDutyFinding.safeParse(document);
  if (!parsed.success) return refuse(firstProblem(parsed.error, document));
  const source = parsed.data;
  const { service } = source;
  const { remoteAddresses, channel } = remotesOf(source);
  const title = printable(source.title ?? source.type);
  const sample = isSample(source);
  const role = roleNameOf(source);
  const accessKey = accessKeyOf(source);
  const profile = profileOf(source);
  const resourceType = resourceTypeOf(source);
  const tags = tagsOf(source);
  return placesOf(source, refuse).map(({ account, region, instances }) => {
    const made = findingShape.safeParse({
      id: source.id,
      source: "guardduty",
      type: source.type,
      title: title.slice(0, 1024),
      severity: source.severity,
      account,
      region,
      instances,
      role: roleOf(service?.resourceRole),
      remoteAddresses,
      channel,
      interfaces: instances.length === 1 ? interfacesOf(source) : [],
      ...seenAt(source),
      updatedAt: source.updatedAt,
      sample,
      archived: service?.archived ?? false,
      ...(role === null ? {} : { roleName: role }),
      ...(accessKey === null ? {} : { accessKeyId: accessKey }),
      ...(profile === null ? {} : { profileArn: profile }),
      ...(resourceType === null ? {} : { resourceType }),
      rawSha256,
    } satisfies Record<Exclude<keyof Finding, "roleName" | "accessKeyId" | "profileArn" | "resourceType">, unknown>);
    return made.success ? { finding: made.data, tags } : refuse(firstProblem(made.error, null));
  });
}

/** Names the field, what was expected, and what stands there. */
function firstProblem({ issues }: z.ZodError, document: Json): string {
  const [issue] = issues;
  const path = (issue?.path ?? []).map(String).join(".");
  const found = foundAt(document, issue?.path ?? []);
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  const message = issue?.message ?? "not the shape of a finding";
  return `${path === "" ? "it" : path}: ${message}${found === null ? "" : `, found ${found}`}${more}`;
}

/** When it began and was last seen. An attack sequence began with the earliest of its signals. */
function seenAt({ service, createdAt, updatedAt }: GuardDutyFinding): Pick<Finding, "firstSeen" | "lastSeen"> {
  const signals = service?.detection?.sequence?.signals ?? [];
  const began = signals.flatMap(({ firstSeenAt }) => firstSeenAt ?? []).toSorted();
  const ended = signals.flatMap(({ lastSeenAt }) => lastSeenAt ?? []).toSorted();
  return {
    firstSeen: began[0] ?? service?.eventFirstSeen ?? createdAt ?? updatedAt,
    lastSeen: ended.at(-1) ?? service?.eventLastSeen ?? updatedAt,
  };
}

/**
 * `userName` is a role's name if the finding's user type says so, or, without a type, the principal's id: those of roles begin
 * with AROA. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
 */
function roleNameOf({ resource }: GuardDutyFinding): string | null {
  if (resource.resourceType !== "AccessKey") return null;
  const { userName: name, userType, principalId } = resource.accessKeyDetails ?? {};
  const isRole =
    userType == null || userType === ""
      ? principalId?.startsWith("AROA") === true
      : userType === "AssumedRole" || userType === "Role";
  return isRole && name != null && /^[\w+=,.@-]{1,64}$/.test(name) ? name : null;
}

/** The profile that the instance had when the finding was made: it may have another since, or none. */
function profileOf({ resource }: GuardDutyFinding): string | null {
  const parsed = findingShape.shape.profileArn.safeParse(
    resource.instanceDetails?.iamInstanceProfile?.arn ?? undefined,
  );
  return parsed.data ?? null;
}

function resourceTypeOf({ resource }: GuardDutyFinding): string | null {
  return findingShape.shape.resourceType.safeParse(resource.resourceType ?? undefined).data ?? null;
}

/** Samples and other products write words there that are no key. */
function accessKeyOf({ resource }: GuardDutyFinding): string | null {
  const id = resource.resourceType === "AccessKey" ? resource.accessKeyDetails?.accessKeyId : null;
  return id != null && /^A[A-Z0-9]{15,127}$/.test(id) ? id : null;
}

function roleOf(role: string | null | undefined): Finding["role"] {
  switch (role?.toUpperCase()) {
    case "ACTOR":
      return "actor";
    case "TARGET":
      return "target";
    default:
      return null; // Not filled in on findings of Runtime Monitoring.
  }
}

/**
 * Samples say so in three places, by the way they arrive: the title, a flag, and a flag inside a JSON string.
 * https://docs.aws.amazon.com/guardduty/latest/ug/sample_findings.html
 */
function isSample({ title, service }: GuardDutyFinding): boolean {
  if (
    printable(title ?? "")
      .trimStart()
      .toUpperCase()
      .startsWith("[SAMPLE]")
  )
    return true;
  const info = service?.additionalInfo;
  return saysSample(info?.sample) || saysSample(sampleInside(info?.value));
}

function saysSample(flag: unknown): boolean {
  return flag === true || flag === "true";
}

function sampleInside(value: unknown): unknown {
  if (typeof value !== "string") return undefined;
  try {
    const inside = JSON.parse(value) as Json;
    return isObject(inside) ? inside["sample"] : undefined;
  } catch {
    return undefined; // Free text: it flags nothing.
  }
}

function interfacesOf({ resource }: GuardDutyFinding): Finding["interfaces"] {
  return (resource.instanceDetails?.networkInterfaces ?? [])
    .filter(({ networkInterfaceId }) => INTERFACE_ID.test(networkInterfaceId ?? ""))
    .slice(0, MOST_INTERFACES)
    .map(({ networkInterfaceId, subnetId, vpcId }) => ({
      id: networkInterfaceId ?? "",
      subnetId: idOrNull("subnet-", subnetId),
      vpcId: idOrNull("vpc-", vpcId),
    }));
}

function idOrNull(prefix: string, id: string | null | undefined): string | null {
  return id?.startsWith(prefix) && /^[0-9a-f]{8,17}$/.test(id.slice(prefix.length)) ? id : null;
}
