import {
  DeleteRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  ListRolePoliciesCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

export interface Role {
  readonly arn: string;
  readonly name: string;
  readonly path: string;
}

/** A role as IAM describes it; null when the description lacks its name or ARN. */
export function roleOf({
  Arn,
  RoleName,
  Path,
}: {
  readonly Arn?: string | undefined;
  readonly RoleName?: string | undefined;
  readonly Path?: string | undefined;
}): Role | null {
  return Arn === undefined || RoleName === undefined ? null : { arn: Arn, name: RoleName, path: Path ?? "/" };
}

/** The role of this name; null when the account has none. */
export async function roleNamed(iam: Sender, roleName: string): Promise<Role | null> {
  try {
    const { Role: role } = await iam.send(new GetRoleCommand({ RoleName: roleName }));
    return role === undefined ? null : roleOf(role);
  } catch (error) {
    if (hasAwsCode(error, "NoSuchEntity", "NoSuchEntityException")) return null;
    throw error;
  }
}

/** A role has at most 10,240 characters of inline policies, so pages of 100 names are few. */
const MOST_PAGES = 50;

/** The inline policies of a role, by name. The documents are JSON text. */
export async function inlinePolicies(iam: Sender, roleName: string): Promise<ReadonlyMap<string, string>> {
  const names = await inlinePolicyNames(iam, roleName);
  const documents = await Promise.all(names.map((name) => inlinePolicy(iam, { roleName, policyName: name })));
  return new Map(
    names.flatMap((name, index) => {
      const document = documents[index];
      return document === null || document === undefined ? [] : [[name, document] as const];
    }),
  );
}

/** One inline policy as JSON text; null when the role has none of this name. */
export async function inlinePolicy(
  iam: Sender,
  { roleName, policyName }: { readonly roleName: string; readonly policyName: string },
): Promise<string | null> {
  try {
    const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName: roleName, PolicyName: policyName }));
    // IAM answers with the document percent-encoded:
    // https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRolePolicy.html
    return PolicyDocument === undefined ? null : decoded(PolicyDocument, policyName);
  } catch (error) {
    if (hasAwsCode(error, "NoSuchEntity", "NoSuchEntityException")) return null;
    throw error;
  }
}

function decoded(document: string, policyName: string): string {
  try {
    return decodeURIComponent(document);
  } catch {
    throw new CordonError("answer_incomplete", { what: `the policy ${policyName} is not percent-encoded` });
  }
}

/** Writes an inline policy; one of the same name is overwritten. */
export async function putInlinePolicy(
  iam: Sender,
  policy: { readonly roleName: string; readonly policyName: string; readonly document: string },
): Promise<void> {
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: policy.roleName,
      PolicyName: policy.policyName,
      PolicyDocument: policy.document,
    }),
  );
}

/** Takes an inline policy away; well if it is gone already. */
export async function deleteInlinePolicy(
  iam: Sender,
  { roleName, policyName }: { readonly roleName: string; readonly policyName: string },
): Promise<void> {
  try {
    await iam.send(new DeleteRolePolicyCommand({ RoleName: roleName, PolicyName: policyName }));
  } catch (error) {
    if (!hasAwsCode(error, "NoSuchEntity", "NoSuchEntityException")) throw error;
  }
}

async function inlinePolicyNames(iam: Sender, roleName: string): Promise<readonly string[]> {
  const names: string[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await iam.send(
      new ListRolePoliciesCommand({
        RoleName: roleName,
        MaxItems: 1000,
        ...(marker === undefined ? {} : { Marker: marker }),
      }),
    );
    names.push(...(answer.PolicyNames ?? []));
    marker = answer.IsTruncated === true ? answer.Marker : undefined;
    if (marker === undefined) return names;
  }
  throw new CordonError("list_without_end", { what: `inline policies of role ${roleName}`, pages: String(MOST_PAGES) });
}
