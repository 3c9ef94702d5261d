import { ListAccountAliasesCommand } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { CordonError } from "../core/errors.ts";
import type { Credentials } from "./credentials.ts";
import { ifReadable } from "./if-readable.ts";
import type { Sender } from "./sender.ts";

export interface CallerIdentity {
  readonly account: string;
  readonly arn: string;
}

/** Whose credentials these are. AWS answers everybody: it needs no permission. */
export async function callerIdentity(sts: Sender): Promise<CallerIdentity> {
  const { Account, Arn } = await sts.send(new GetCallerIdentityCommand({}));
  if (Account === undefined || Arn === undefined)
    throw new CordonError("answer_incomplete", { what: "GetCallerIdentity answered without an account" });
  return { account: Account, arn: Arn };
}

/** The name that people gave the account; null where it has none, or where nobody lets us ask. */
export async function accountAlias(iam: Sender): Promise<string | null> {
  const answer = await ifReadable(iam.send(new ListAccountAliasesCommand({ MaxItems: 1 })));
  return answer?.AccountAliases?.[0] ?? null;
}

export interface RoleWish {
  readonly roleArn: string;
  /** What the role's trust policy asks of third parties; null where it asks for nothing. */
  readonly externalId: string | null;
  /** Shows in CloudTrail beside everything that is done with the role: whoever reads it should know the person. */
  readonly sessionName: string;
}

/** Assumes a role for an hour, the longest that a chained role may last. */
export async function assumedRole(sts: Sender, { roleArn, externalId, sessionName }: RoleWish): Promise<Credentials> {
  const { Credentials: given } = await sts.send(
    new AssumeRoleCommand({
      RoleArn: roleArn,
      RoleSessionName: sessionName,
      DurationSeconds: 3600,
      ...(externalId === null ? {} : { ExternalId: externalId }),
    }),
  );
  if (given?.AccessKeyId === undefined || given.SecretAccessKey === undefined) {
    throw new CordonError("answer_incomplete", { what: `AssumeRole of ${roleArn} answered without credentials` });
  }
  return {
    accessKeyId: given.AccessKeyId,
    secretAccessKey: given.SecretAccessKey,
    ...(given.SessionToken === undefined ? {} : { sessionToken: given.SessionToken }),
    ...(given.Expiration === undefined ? {} : { expiration: given.Expiration }),
  };
}
