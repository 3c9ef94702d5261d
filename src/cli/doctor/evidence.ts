import type { AnyStep } from "../../core/step.ts";
import type { EvidenceAccount } from "../../config/accounts.ts";
import type { Connection } from "../connection.ts";
import { allowing, permissionsOf } from "../permissions.ts";
import { KEY_ACTIONS } from "../policy-scopes.ts";
import { missing, type Place, unknown } from "./check.ts";
import { additionsFor, type Finding, onlyChecks } from "./finding.ts";
import { examineRole } from "./identity.ts";
import { examinePermissions, type Examined, examineStatements, type Principal } from "./permissions.ts";

/** The account that snapshots are copied to, where a playbook copies and an account is configured. */
export async function examineEvidence(
  base: Connection,
  used: readonly AnyStep[],
  configured: EvidenceAccount | null,
): Promise<Finding> {
  const actions = permissionsOf(used, "evidence").map(({ action }) => action);
  const { evidence } = base;
  if (actions.length === 0) return onlyChecks();
  if (evidence === null || configured === null) {
    const check = missing({ account: null, region: null }, "evidence account", {
      detail: "the playbooks copy snapshots, and no account for them is configured",
      remedy: "Name it under `evidence` of cordon.yaml, or leave the copies out.",
    });
    return onlyChecks(check);
  }
  const { account, kmsKeyId } = configured;
  const role = await examineRole(evidence, account);
  if (role.arn === null) return onlyChecks(...role.checks);
  const region = base.region ?? "us-east-1";
  const principal = { account, arn: role.arn, roleArn: evidence.roleArn, aws: evidence.direct(region) };
  const [own, key] = await Promise.all([
    examinePermissions({ account, region: null }, principal, actions),
    kmsKeyId === null ? { checks: [], statements: [] } : examineKey({ account, region }, principal, kmsKeyId),
  ]);
  // As one policy: both lists may ask for the same of KMS.
  const lacking = [...own.statements, ...key.statements].flatMap(({ Action }) => Action);
  return {
    checks: [...role.checks, ...own.checks, ...key.checks],
    additions: additionsFor(account, principal.roleArn ?? role.arn, allowing(lacking, account)),
  };
}

const what = "evidence key";

/**
 * Whether the role's own policies let it copy under the key, and the key lies where the copies do.
 *
 * Nobody asks the key: EC2 reports one that is not there, or that refuses the role, only by a copy that fails.
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
 */
async function examineKey(
  place: Place & { readonly region: string },
  principal: Principal,
  keyId: string,
): Promise<Examined> {
  const { region } = place;
  const look = `aws kms describe-key --region ${region} --key-id ${keyId}`;
  const [, home] = /^arn:aws[\w-]*:kms:([^:]+):/.exec(keyId) ?? [];
  if (home !== undefined && home !== region) {
    const detail = `${keyId} lies in ${home}, and copies of snapshots of ${region} are encrypted with a key of ${region}`;
    const remedy = "Name an alias under `evidence.kmsKeyId` of cordon.yaml: it stands for the key of each Region.";
    return { checks: [missing(place, what, { detail, remedy })], statements: [] };
  }
  const untested = unknown(place, what, {
    detail: "whether it is there and enabled, and what its own policy says of the role, is not tested",
    remedy: `Look: ${look}`,
  });
  const resource = resourceOf(keyId, place);
  if (resource === null) return { checks: [untested], statements: [] }; // Policies name keys, never an alias.
  const [statement] = allowing(KEY_ACTIONS["ec2:CopySnapshot"] ?? [], principal.account);
  if (statement === undefined) throw new TypeError("a copy under a key needs no permissions of KMS");
  const keys = { "kms:ViaService": `ec2.${region}.amazonaws.com` };
  const { checks, statements } = await examineStatements({ ...place, region: null }, principal, [
    { statement, resource, keys },
  ]);
  return { checks: [...checks, untested], statements };
}

/** The key as policies name it; null for an alias, which stands for a key that only KMS knows. */
function resourceOf(keyId: string, { account, region }: Place & { readonly region: string }): string | null {
  if (/(^|:)alias\//.test(keyId)) return null;
  return keyId.startsWith("arn:") ? keyId : `arn:aws:kms:${region}:${account ?? ""}:key/${keyId}`;
}
