import type {
  AssumeRoleRequest,
  AssumeRoleResponse,
  GetCallerIdentityRequest,
  GetCallerIdentityResponse,
} from "@aws-sdk/client-sts";
import { sessionKeys } from "../iam/authorize.ts";
import { trusts } from "../iam/evaluate.ts";
import { AwsError, notImplemented } from "../wire/operation.ts";
import { assumeRole } from "../world/build-identity.ts";
import type { Role } from "../world/identity.ts";
import { handler, type Context } from "./handler.ts";

const ASSUME_ROLE = "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html";

const getCallerIdentity = handler(({ caller }, _input: GetCallerIdentityRequest): GetCallerIdentityResponse => ({
  UserId: caller.userId,
  Account: caller.accountId,
  Arn: caller.arn,
}));

/** The front door has asked the caller's own policies; here the role's trust policy is asked. */
const assume = handler((context, input: AssumeRoleRequest): AssumeRoleResponse => {
  const { world } = context;
  if (input.Policy !== undefined || input.PolicyArns !== undefined)
    throw notImplemented("sts", "AssumeRole with session policies");
  const { RoleArn: arn = "", RoleSessionName: sessionName = "" } = input;
  const account = world.accounts.get(/^arn:aws:iam::(\d{12}):role\//.exec(arn)?.[1] ?? "");
  const role = [...(account?.roles.values() ?? [])].find((each) => each.arn === arn);
  if (!account || !role || !isTrusted(context, role, input.ExternalId)) {
    // A role that is not there and one that does not trust the caller look the same.
    throw new AwsError(
      "AccessDenied",
      `User: ${context.caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      { status: 403, documentation: ASSUME_ROLE },
    );
  }
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName))
    throw invalid(
      `Value '${sessionName}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*`,
    );
  const session = assumeRole({ world, account }, role, {
    sessionName,
    durationSeconds: duration(context, role, input.DurationSeconds),
  });
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken ?? "",
      Expiration: new Date(session.expiresAt ?? world.now()),
    },
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${sessionName}`, Arn: session.principalArn },
  };
});

function isTrusted({ world, caller }: Context, role: Role, externalId: string | undefined): boolean {
  const { session } = caller;
  const keys = {
    ...(session ? sessionKeys(world, session) : {}),
    ...(externalId === undefined ? {} : { "sts:ExternalId": externalId }),
  };
  const arns = [caller.arn, ...(session?.roleArn ? [session.roleArn] : [])];
  return trusts(role.trustPolicy, { accountId: caller.accountId, arns, keys }) !== "no";
}

/** Role chaining is limited to an hour: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles.html#iam-term-role-chaining */
function duration({ caller }: Context, role: Role, seconds = 3600): number {
  const isChained = caller.session !== null && caller.session.kind !== "user";
  if (isChained && seconds > 3600)
    throw invalid("The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining");
  if (seconds < 900)
    throw invalid(
      `Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900`,
    );
  if (seconds > role.maxSessionSeconds)
    throw invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.");
  return seconds;
}

function invalid(message: string): AwsError {
  return new AwsError("ValidationError", message, { status: 400, documentation: ASSUME_ROLE });
}

export const stsHandlers = { GetCallerIdentity: getCallerIdentity, AssumeRole: assume };
