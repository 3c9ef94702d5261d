import type { Config } from "../config/config.ts";
import type { HandOverTarget } from "../core/route.ts";
import type { PolicyDocument, Statement } from "./permissions.ts";

type Settings = Pick<Config, "accounts" | "evidence" | "vault" | "routes">;

/**
 * What the credentials need that Cordon is started with: to assume the roles of the configuration, to hand findings over, to
 * write evidence. Null where the configuration asks for nothing of that kind.
 */
export function callerPolicy({ accounts, evidence, vault, routes }: Settings): PolicyDocument | null {
  const roles = [
    ...Object.values(accounts).map(({ roleArn }) => roleArn),
    ...(evidence ? [evidence.roleArn] : []),
    ...(vault?.roleArn === undefined ? [] : [vault.roleArn]),
  ];
  const statements: Statement[] = [
    ...(roles.length === 0 ? [] : [allow("CordonRolesOfAccounts", ["sts:AssumeRole"], [...new Set(roles)].toSorted())]),
    ...handOverStatements(routes.flatMap(({ to }) => (to.kind === "handOver" ? [to.target] : []))),
    ...(vault && vault.roleArn === undefined ? vaultStatements(vault) : []),
  ];
  return statements.length === 0 ? null : { Version: "2012-10-17", Statement: statements };
}

/** What the role of the vault needs; null where evidence lies in a folder, or the caller itself writes it. */
export function vaultPolicy({ vault }: Pick<Settings, "vault">): PolicyDocument | null {
  if (vault?.roleArn === undefined) return null;
  return { Version: "2012-10-17", Statement: vaultStatements(vault) };
}

function handOverStatements(targets: readonly HandOverTarget[]): readonly Statement[] {
  const buses = targets.flatMap((target) => (target.kind === "eventBus" ? [target.arn] : []));
  const machines = targets.flatMap((target) => (target.kind === "stateMachine" ? [target.arn] : []));
  return [
    ...(buses.length === 0
      ? []
      : [allow("CordonHandsOverToBuses", ["events:DescribeEventBus", "events:PutEvents"], [...new Set(buses)])]),
    ...(machines.length === 0
      ? []
      : [allow("CordonHandsOverToStateMachines", ["states:StartExecution"], [...new Set(machines)])]),
  ];
}

/**
 * What whoever writes evidence needs.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
 */
export function vaultStatements({ bucket, prefix = "", lock, kmsKeyId }: NonNullable<Settings["vault"]>): Statement[] {
  const objects = [
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:GetObjectRetention",
    "s3:ListMultipartUploadParts",
    "s3:PutObject",
  ];
  const own = lock === undefined ? objects : [...objects, "s3:PutObjectRetention"];
  return [
    allow(
      "CordonVault",
      [
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketVersioning",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
      ],
      [`arn:aws:s3:::${bucket}`],
    ),
    allow("CordonEvidence", own, [`arn:aws:s3:::${bucket}/${prefix}*`]),
    ...(kmsKeyId === undefined
      ? []
      : [
          {
            ...allow("CordonEvidenceKey", ["kms:Decrypt", "kms:GenerateDataKey"], ["*"]),
            Condition: { StringLike: { "kms:ViaService": "s3.*.amazonaws.com" } },
          },
        ]),
  ];
}

function allow(Sid: string, Action: readonly string[], Resource: readonly string[]): Statement {
  return { Sid, Effect: "Allow", Action, Resource };
}
