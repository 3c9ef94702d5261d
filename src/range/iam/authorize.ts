import type { IamUser, PolicyDocument, Role, Session } from "../world/identity.ts";
import type { World } from "../world/world.ts";
import type { ConditionKeys } from "./conditions.ts";
import { evaluate, type Decision } from "./evaluate.ts";
import { inForce } from "./propagation.ts";

/** The session or long-term key with this id, in whatever account. */
export function findSession(world: World, accessKeyId: string): Session | null {
  for (const account of world.accounts.values()) {
    const session = account.sessions.get(accessKeyId);
    if (session) return session;
  }
  return null;
}

export function userOf(world: World, session: Session): IamUser | undefined {
  return [...world.account(session.accountId).users.values()].find(({ arn }) => arn === session.principalArn);
}

/** Whether the credentials themselves are good, before any policy is asked. */
export function credentialState(world: World, session: Session): "valid" | "expired" | "inactive" {
  if (session.expiresAt !== null && world.now() >= session.expiresAt) return "expired";
  if (session.kind !== "user") return "valid";
  const key = userOf(world, session)?.accessKeys.find(({ id }) => id === session.accessKeyId);
  return key?.status === "Active" ? "valid" : "inactive";
}

/** The policies of a session's principal that are in force now. */
export function policiesOf(world: World, session: Session): PolicyDocument[] {
  const principal: Role | IamUser | undefined =
    session.roleName === null ? userOf(world, session) : world.account(session.accountId).roles.get(session.roleName);
  const effective = principal && inForce(world, principal);
  return effective
    ? [
        ...[...effective.inlinePolicies.values()].map(({ document }) => document),
        ...effective.attachedPolicies.map(({ document }) => document),
      ]
    : [];
}

/** What every request of a session carries: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html */
export function sessionKeys(world: World, session: Session, sourceIp: string | null = null): ConditionKeys {
  const role = session.roleName === null ? undefined : world.account(session.accountId).roles.get(session.roleName);
  const user = session.kind === "user" ? userOf(world, session) : undefined;
  return {
    "aws:CurrentTime": new Date(world.now()).toISOString(),
    "aws:EpochTime": String(Math.floor(world.now() / 1000)),
    "aws:PrincipalAccount": session.accountId,
    "aws:PrincipalArn": session.roleArn ?? session.principalArn,
    "aws:PrincipalType": session.roleArn === null ? "User" : "AssumedRole",
    "aws:userid": role ? `${role.id}:${session.sessionName ?? ""}` : (user?.id ?? ""),
    "aws:SecureTransport": "true",
    ...(user ? { "aws:username": user.name } : {}),
    ...(session.sessionToken === null ? {} : { "aws:TokenIssueTime": new Date(session.issuedAt).toISOString() }),
    ...(session.sourceInstanceArn === null ? {} : { "ec2:SourceInstanceArn": session.sourceInstanceArn }),
    ...(sourceIp === null ? {} : { "aws:SourceIp": sourceIp }),
    ...Object.fromEntries((role ?? user)?.tags.map(({ key, value }) => [`aws:PrincipalTag/${key}`, value]) ?? []),
  };
}

export interface Attempt {
  readonly accessKeyId: string;
  readonly action: string;
  readonly resource: string;
  readonly sourceIp?: string;
  readonly keys?: ConditionKeys;
}

export type Verdict =
  | { readonly allowed: true }
  | {
      readonly allowed: false;
      readonly code: "InvalidClientTokenId" | "ExpiredToken" | "AccessDenied";
      readonly message: string;
    };

/** Whether AWS would let this key do this now. For services the range does not serve, such as a thief's `s3:GetObject`. */
export function authorize(world: World, { accessKeyId, action, resource, sourceIp, keys }: Attempt): Verdict {
  const session = findSession(world, accessKeyId);
  const state = session ? credentialState(world, session) : "inactive";
  if (!session || state === "inactive")
    return {
      allowed: false,
      code: "InvalidClientTokenId",
      message: "The security token included in the request is invalid.",
    };
  if (state === "expired")
    return { allowed: false, code: "ExpiredToken", message: "The security token included in the request is expired" };
  const decision = evaluate(policiesOf(world, session), {
    action,
    resource,
    keys: { ...sessionKeys(world, session, sourceIp ?? null), ...keys },
  });
  if (decision === "allowed") return { allowed: true };
  return {
    allowed: false,
    code: "AccessDenied",
    message: denial(decision, { arn: session.principalArn, action, resource }),
  };
}

/** AWS's sentence: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
export function denial(
  decision: Exclude<Decision, "allowed">,
  { arn, action, resource }: { readonly arn: string; readonly action: string; readonly resource: string },
): string {
  const on = resource === "*" ? "" : ` on resource: ${resource}`;
  const why =
    decision === "explicitly-denied"
      ? "with an explicit deny in an identity-based policy"
      : `because no identity-based policy allows the ${action} action`;
  return `User: ${arn} is not authorized to perform: ${action}${on} ${why}`;
}
