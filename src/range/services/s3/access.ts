import { policiesOf, sessionKeys } from "../../iam/authorize.ts";
import { listOf } from "../../iam/conditions.ts";
import { evaluate, type AccessRequest, type Decision } from "../../iam/evaluate.ts";
import { matchesPattern } from "../../iam/patterns.ts";
import { s3Error } from "../../wire/s3/errors.ts";
import type { Bucket } from "../../world/s3-model.ts";
import { findBucket } from "../../world/s3.ts";
import type { Context } from "../handler.ts";

/** Whether the caller may list a bucket: who may not is told less about what is not there. */
export function mayList(context: Context, bucket: Bucket): boolean {
  const resource = `arn:aws:s3:::${bucket.id}`;
  return decide(context, bucket, { action: "s3:ListBucket", resource, keys: {} }) === "allowed";
}

/**
 * What the bucket's policy adds to the caller's own policies, which the front has checked already: an explicit deny ends
 * it, and a caller of another account needs an allow.
 *
 * Public access is not evaluated, nor are policies that name principals by anything but account, ARN or `*`.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
 */
export function requireBucketAccess(context: Context, requests: readonly AccessRequest[], bucketName: string): void {
  const bucket = findBucket(context.world, bucketName);
  if (!bucket) return;
  for (const request of requests.filter(({ action }) => action.startsWith("s3:"))) {
    const says = bucketPolicySays(context, bucket, request);
    const isForeign = bucket.accountId !== context.caller.accountId;
    if (says !== "explicitly-denied" && (!isForeign || says === "allowed")) continue;
    const how =
      says === "explicitly-denied"
        ? "with an explicit deny in a resource-based policy"
        : `because no resource-based policy allows the ${request.action} action`;
    const { action, resource } = request;
    throw s3Error(
      "AccessDenied",
      `User: ${context.caller.arn} is not authorized to perform: ${action} on resource: "${resource}" ${how}`,
    );
  }
}

function decide(context: Context, bucket: Bucket, request: AccessRequest): Decision {
  const says = bucketPolicySays(context, bucket, request);
  const { session, accountId } = context.caller;
  if (says === "explicitly-denied" || !session) return says === "explicitly-denied" ? says : "allowed";
  const keys = { ...callerKeys(context), ...request.keys };
  const own = evaluate(policiesOf(context.world, session), { ...request, keys });
  if (own === "explicitly-denied" || accountId !== bucket.accountId) return own === "allowed" ? says : own;
  return says === "allowed" ? says : own;
}

interface Statement {
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
}

function bucketPolicySays(context: Context, { policy }: Bucket, request: AccessRequest): Decision {
  if (policy === null) return "implicitly-denied";
  const document = JSON.parse(policy) as { readonly Statement?: unknown };
  const statements = ([document.Statement].flat() as readonly Statement[]).filter((each) => isAbout(context, each));
  return evaluate([{ Statement: statements }], { ...request, keys: { ...callerKeys(context), ...request.keys } });
}

function isAbout({ caller }: Context, { Principal }: Statement): boolean {
  if (Principal === "*") return true;
  const named = listOf((Principal as { readonly AWS?: unknown } | undefined)?.AWS ?? []);
  const own = [caller.arn, caller.session?.roleArn ?? caller.arn, caller.accountId, rootOf(caller.accountId)];
  return named.some((each) => each === "*" || own.some((one) => matchesPattern(each, one)));
}

function rootOf(accountId: string): string {
  return `arn:aws:iam::${accountId}:root`;
}

function callerKeys({ world, caller, call }: Context): AccessRequest["keys"] {
  const keys = caller.session ? sessionKeys(world, caller.session) : { "aws:PrincipalAccount": caller.accountId };
  return { ...keys, "aws:RequestedRegion": call.region };
}
