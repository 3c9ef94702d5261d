/** What an event history shows of calls that were made with the credentials of one session or access key. */
import type { Horizon } from "../../core/ledger.ts";

/** One call as CloudTrail recorded it. */
export interface CredentialCall {
  readonly id: string;
  /** For example `sts.amazonaws.com`. */
  readonly source: string;
  /** For example `AssumeRole`. */
  readonly name: string;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Null for a call that succeeded. */
  readonly errorCode: string | null;
  /** The role that the call took, if it took one. */
  readonly takenRole: string | null;
}

/** Every call of one credential in every enabled Region, as far as the histories were read. */
export interface CredentialCalls {
  readonly calls: readonly CredentialCall[];
  /** Calls of sessions that were made with the credential, and of sessions made with these. */
  readonly chained: readonly CredentialCall[];
  /** One for each Region. */
  readonly horizons: readonly Horizon[];
  /** SHA-256 hashes of the pages that were read. */
  readonly pages: readonly string[];
}

/** Gives the calls of a role's sessions of this instance; null if no history was read. */
export type CredentialHistory = (roleArn: string) => CredentialCalls | null;

/** How far all Regions are known, and what keeps them from being known. */
export interface Completeness {
  /** Milliseconds since 1970; null if a Region could not be read. */
  readonly until: number | null;
  readonly dueAt: number | null;
  readonly gap: string | null;
}

/** The least of all Regions: a call in the one that was not read is as good as any. */
export function completenessOf({ horizons }: CredentialCalls): Completeness {
  if (horizons.length === 0) return { until: null, dueAt: null, gap: "no Region's event history was read" };
  const gap = horizons.find((each) => each.gap !== null);
  const unread = horizons.some(({ until }) => until === null);
  const due = horizons.flatMap(({ dueAt }) => dueAt ?? []);
  return {
    until: unread ? null : Math.min(...horizons.map(({ until }) => until ?? 0)),
    dueAt: due.length === 0 ? null : Math.max(...due),
    gap: gap === undefined ? null : `${gap.source}: ${gap.gap ?? ""}`,
  };
}

/** How IAM refuses, in the words of the services: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
const REFUSALS =
  /^(Client\.)?(AccessDenied|AccessDeniedException|UnauthorizedOperation|UnauthorizedAccess|AuthorizationError|AuthorizationErrorException|NotAuthorized|NotAuthorizedException)$/;

/**
 * Calls that the deny should have refused and did not. A call that failed for another reason had passed IAM.
 * `sts:GetCallerIdentity` needs no permission, so no policy refuses it:
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
 */
export function permittedSince({ calls }: CredentialCalls, since: number): readonly CredentialCall[] {
  return calls.filter(
    ({ source, name, at, errorCode }) =>
      at >= since &&
      !(source === "sts.amazonaws.com" && name === "GetCallerIdentity") &&
      !(errorCode !== null && REFUSALS.test(errorCode)),
  );
}

/** Roles that were taken with these credentials. */
export function rolesTaken({ calls, chained }: CredentialCalls): readonly string[] {
  return [
    ...new Set(
      [...calls, ...chained].flatMap(({ takenRole, errorCode }) => (errorCode === null ? (takenRole ?? []) : [])),
    ),
  ].sort();
}

/** Calls that give access which outlives the credentials they were made with. */
const GIVES_ACCESS: ReadonlySet<string> = new Set([
  "iam AddRoleToInstanceProfile",
  "iam AddUserToGroup",
  "iam AttachGroupPolicy",
  "iam AttachRolePolicy",
  "iam AttachUserPolicy",
  "iam CreateAccessKey",
  "iam CreateLoginProfile",
  "iam CreateOpenIDConnectProvider",
  "iam CreatePolicyVersion",
  "iam CreateRole",
  "iam CreateSAMLProvider",
  "iam CreateServiceSpecificCredential",
  "iam CreateUser",
  "iam PutGroupPolicy",
  "iam PutRolePolicy",
  "iam PutUserPolicy",
  "iam SetDefaultPolicyVersion",
  "iam UpdateAccessKey",
  "iam UpdateAssumeRolePolicy",
  "iam UpdateLoginProfile",
  "iam UploadSigningCertificate",
  "iam UploadSSHPublicKey",
  "rolesanywhere CreateProfile",
  "rolesanywhere CreateTrustAnchor",
  "sso-admin CreateAccountAssignment",
  "ec2 AssociateIamInstanceProfile",
  "ec2 CreateKeyPair",
  "ec2 CreateLaunchTemplate",
  "ec2 CreateLaunchTemplateVersion",
  "ec2 ImportKeyPair",
  "ec2 ModifySnapshotAttribute",
  "ec2 ReplaceIamInstanceProfileAssociation",
  "ec2 RunInstances",
  "ecs RunTask",
  "eks CreateAccessEntry",
  "eks CreatePodIdentityAssociation",
  "glue CreateDevEndpoint",
  "kms CreateGrant",
  "kms PutKeyPolicy",
  "lambda AddPermission",
  "lambda CreateFunctionUrlConfig",
  "s3 PutBucketPolicy",
  "secretsmanager PutResourcePolicy",
  "sts GetFederationToken",
  "sts GetSessionToken",
]);

/** Names that carry the version of the API: CloudTrail records `CreateFunction20150331`. */
const GIVES_ACCESS_VERSIONED: readonly string[] = [
  "lambda CreateFunction",
  "lambda UpdateFunctionCode",
  "lambda UpdateFunctionConfiguration",
];

/** Calls that succeeded and gave new access. */
export function accessMade({ calls, chained }: CredentialCalls): readonly CredentialCall[] {
  return [...calls, ...chained].filter(({ source, name, errorCode }) => {
    const service = source.replace(/\.amazonaws\.com(\.cn)?$/, "");
    const plain = `${service} ${name}`;
    const isVersioned = GIVES_ACCESS_VERSIONED.includes(plain.replace(/\d{8}(v\d+)?$/, ""));
    return errorCode === null && (GIVES_ACCESS.has(plain) || isVersioned);
  });
}
