import { findSession } from "../../iam/authorize.ts";
import type { AwsError, Call } from "../../wire/operation.ts";
import type { EventTreatment } from "../../world/event-history.ts";
import type { World } from "../../world/world.ts";
import type { Caller } from "../handler.ts";
import { onlyReads } from "./event.ts";

/** Where whoever calls over the wire sits, of whom nobody says where he sits: an address of RFC 5737. */
const UNTOLD_ADDRESS = "192.0.2.250";

/**
 * Services whose calls are recorded in one Region, wherever they are made. STS is not among them: its Regional endpoints,
 * which the SDKs use, record where they are.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
 */
const GLOBAL: ReadonlySet<string> = new Set(["iam"]);
const GLOBAL_REGION = "us-east-1";

/** A call that reached IAM, and what came of it. */
interface Made {
  readonly call: Call;
  readonly at: number;
  readonly caller: Caller | null;
  /** Of a call before the simulated beginning: the service that made it, and how its event is treated. */
  readonly past?: { readonly service: string | null; readonly treatment: EventTreatment | null };
}

/** Keeps a call for CloudTrail's event history, if it is one for it. */
export function remember(
  world: World,
  { call, at, caller, past }: Made,
  outcome: { readonly output: Record<string, unknown> } | { readonly error: AwsError },
): void {
  const { service, operation, region, input, requestId, userAgent = "aws-sdk", sourceIp = UNTOLD_ADDRESS } = call;
  // Of a key that is nobody's, no account is told.
  if (caller === null || !isManagementEvent(service, operation)) return;
  world.eventHistory.remember({
    accountId: caller.accountId,
    region: GLOBAL.has(service) ? GLOBAL_REGION : region,
    service,
    operation,
    input,
    requestId,
    at,
    error: "error" in outcome ? { code: outcome.error.code, message: outcome.error.message } : null,
    caller: { arn: caller.arn, userId: caller.userId, session: caller.session, service: past?.service ?? null },
    sourceIp: past?.service ?? sourceIp,
    userAgent: past?.service ?? userAgent,
    issued: "output" in outcome && operation === "AssumeRole" ? issuedBy(world, outcome.output) : null,
    output: "output" in outcome && service === "ec2" && !onlyReads(operation) ? outcome.output : null,
    ...(past === undefined ? {} : { isPast: true, ...(past.treatment === null ? {} : { treatment: past.treatment }) }),
  });
}

function issuedBy(world: World, { Credentials }: Record<string, unknown>): ReturnType<typeof findSession> {
  const key = (Credentials as { readonly AccessKeyId?: string } | undefined)?.AccessKeyId;
  return key === undefined ? null : findSession(world, key);
}

/**
 * What is done with objects, blocks and entries is a data event, which no event history has:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
 */
function isManagementEvent(service: string, operation: string): boolean {
  if (service === "s3") return !/Object|Multipart|Part/.test(operation) || operation.endsWith("LockConfiguration");
  return service !== "ebs" && operation !== "PutEvents";
}
