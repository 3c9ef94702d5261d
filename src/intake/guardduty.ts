import type { z } from "zod";
import { CordonError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { finding as findingShape } from "../core/finding.ts";
import type { Json } from "../core/json.ts";
import { sha256 } from "../core/json.ts";
import { guardDutyFinding, instanceId } from "./guardduty-shape.ts";
import type { GuardDutyFinding } from "./guardduty-shape.ts";
import { remotesOf } from "./guardduty-remotes.ts";
import { printable } from "./printable.ts";

const LARGEST_DOCUMENT_BYTES = 4 * 1024 * 1024;
const DEEPEST_NESTING = 64;
const MOST_FINDINGS = 100;

/** Interface ids as AWS writes them. Anything else in a hint is passed over. */
const INTERFACE_ID = /^eni-[0-9a-f]{8,17}$/;

type Members = { readonly [key: string]: Json };

/**
 * Reads GuardDuty findings: one event of EventBridge, one finding of the API, or what GetFindings returns.
 *
 * Tolerant of fields it does not know, strict about those that decide: an instance id that is none, or a control
 * character in an id, is refused with the reason and never guessed around.
 * A finding that names instances of several accounts or regions comes back as one finding for each.
 *
 * @throws CordonError `finding_unreadable`
 */
export function readGuardDuty(
  received: Uint8Array | string,
  { file }: { readonly file: string },
): { readonly findings: readonly Finding[] } {
  const refuse = (reason: string): never => {
    throw new CordonError("finding_unreadable", { file, reason: printable(reason) });
  };
  const bytes = typeof received === "string" ? new TextEncoder().encode(received) : received;
  if (bytes.byteLength > LARGEST_DOCUMENT_BYTES) refuse(`it is larger than ${LARGEST_DOCUMENT_BYTES} bytes`);
  const document = withEventBridgeSpelling(parse(bytes, refuse), refuse);
  const rawSha256 = sha256(bytes);
  return { findings: documentsIn(document, refuse).flatMap((each) => read(each, rawSha256, refuse)) };
}

type Refuse = (reason: string) => never;

function parse(bytes: Uint8Array, refuse: Refuse): Json {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse("it is not UTF-8 text");
  }
  if (text.trim() === "") return refuse("it is empty");
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    return refuse(`it is not JSON: ${(error as Error).message}`);
  }
}

/** The API writes `AccountId` where EventBridge writes `accountId`; nothing else differs. */
function withEventBridgeSpelling(value: Json, refuse: Refuse, depth = 0): Json {
  if (depth > DEEPEST_NESTING) return refuse(`it is nested deeper than ${DEEPEST_NESTING} levels`);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((item: Json) => withEventBridgeSpelling(item, refuse, depth + 1));
  return Object.fromEntries(
    Object.entries(value as Members).map(([key, member]) => [
      key.charAt(0).toLowerCase() + key.slice(1),
      withEventBridgeSpelling(member, refuse, depth + 1),
    ]),
  );
}

function documentsIn(document: Json, refuse: Refuse): readonly Members[] {
  if (!isObject(document)) return refuse("a finding is a JSON object");
  if ("detail-type" in document || "detail" in document) return [detailOf(document, refuse)];
  if (!("findings" in document)) return [document];
  const { findings } = document;
  if (!Array.isArray(findings) || findings.length === 0) return refuse("its list of findings is empty");
  if (findings.length > MOST_FINDINGS) return refuse(`it holds more than ${MOST_FINDINGS} findings`);
  return findings.map((each: Json) => (isObject(each) ? each : refuse("a finding is a JSON object")));
}

function detailOf(event: Members, refuse: Refuse): Members {
  const detailType = event["detail-type"];
  if (detailType !== "GuardDuty Finding") {
    return refuse(`its detail-type is ${JSON.stringify(detailType ?? null)}, and "GuardDuty Finding" was expected`);
  }
  const { detail } = event;
  return isObject(detail) ? detail : refuse("its detail is not an object");
}

function isObject(value: Json | undefined): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function read(document: Members, rawSha256: string, refuse: Refuse): readonly Finding[] {
  const parsed = guardDutyFinding.safeParse(document);
  if (!parsed.success) return refuse(firstProblem(parsed.error));
  const source = parsed.data;
  const { service } = source;
  const { remoteAddresses, channel } = remotesOf(source);
  const title = printable(source.title ?? source.type);
  const sample = isSample(source);
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
      firstSeen: service?.eventFirstSeen ?? source.createdAt ?? source.updatedAt,
      lastSeen: service?.eventLastSeen ?? source.updatedAt,
      updatedAt: source.updatedAt,
      sample,
      archived: service?.archived ?? false,
      rawSha256,
    } satisfies Record<keyof Finding, unknown>);
    return made.success ? made.data : refuse(firstProblem(made.error));
  });
}

function firstProblem({ issues }: z.ZodError): string {
  const [issue] = issues;
  const path = (issue?.path ?? []).map(String).join(".");
  const more = issues.length > 1 ? ` (and ${issues.length - 1} more)` : "";
  return `${path === "" ? "it" : path}: ${issue?.message ?? "not the shape of a finding"}${more}`;
}

interface Place {
  readonly account: string;
  readonly region: string;
  readonly instances: readonly string[];
}

/** Where the finding's instances are. The finding's own account and region come first, with or without an instance. */
function placesOf(source: GuardDutyFinding, refuse: Refuse): readonly Place[] {
  const own = { account: source.accountId, region: source.region };
  const places = new Map<string, Place>();
  const add = ({ account, region }: typeof own, id: string): void => {
    const key = `${account}/${region}`;
    const instances = places.get(key)?.instances ?? [];
    places.set(key, { account, region, instances: instances.includes(id) ? instances : [...instances, id] });
  };
  const { resource } = source;
  const named = resource.instanceDetails?.instanceId ?? instanceInPrincipal(resource.accessKeyDetails?.principalId);
  if (named !== null) add(own, named);
  else if (resource.resourceType === "Instance")
    refuse("resource.instanceDetails.instanceId: a finding about an instance must name it");

  for (const { uid, resourceType, accountId, region } of source.service?.detection?.sequence?.resources ?? []) {
    if (resourceType !== "EC2_INSTANCE") continue;
    const id = instanceId.safeParse(uid?.split("/").at(-1));
    if (!id.success)
      refuse("service.detection.sequence.resources.uid: expected an instance id: i- and 8 or 17 hexadecimal digits");
    else add({ account: accountId ?? own.account, region: region ?? own.region }, id.data);
  }
  return places.size === 0 ? [{ ...own, instances: [] }] : [...places.values()];
}

/**
 * The session of an instance's role carries the instance id as its name: `AROAEXAMPLE:i-0abc...`.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-iam.html
 */
function instanceInPrincipal(principalId: string | null | undefined): string | null {
  const id = instanceId.safeParse(principalId?.split(":").at(-1));
  return id.success ? id.data : null;
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
    .map(({ networkInterfaceId, subnetId, vpcId }) => ({
      id: networkInterfaceId ?? "",
      subnetId: idOrNull("subnet-", subnetId),
      vpcId: idOrNull("vpc-", vpcId),
    }));
}

function idOrNull(prefix: string, id: string | null | undefined): string | null {
  return id?.startsWith(prefix) && /^[0-9a-f]{8,17}$/.test(id.slice(prefix.length)) ? id : null;
}
