import { z } from "zod";

const accountId = z.string().regex(/^\d{12}$/, "expected the twelve digits of an account");

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html has what an ARN and an external id may be. */
const role = {
  roleArn: z
    .string()
    .max(2048)
    .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, "expected the ARN of a role")
    .describe("The role that Cordon assumes there."),
  externalId: z
    .string()
    .regex(/^[\w+=,.@:/-]{2,1224}$/, "expected an external id")
    .optional()
    .describe("What the role's trust policy asks for."),
};

const key = (what: string): z.ZodOptional<z.ZodString> => z.string().min(1).max(2048).optional().describe(what);

/** Accounts other than that of the credentials, and how each is reached. */
export const accountsFile = z
  .record(
    accountId,
    z.strictObject({
      ...role,
      regions: z
        .array(z.string().regex(/^[a-z]{2,}(-[a-z]+)+-\d+$/, "expected a Region such as eu-west-1"))
        .max(100)
        .optional()
        .describe("The Regions that `cordon doctor` looks at. A finding of another one is still acted on."),
    }),
    { error: ({ code }) => (code === "invalid_key" ? "expected the twelve digits of an account" : undefined) },
  )
  .superRefine((accounts, context) => {
    for (const [account, { roleArn }] of Object.entries(accounts)) {
      if (accountIn(roleArn) === account) continue;
      context.addIssue({
        code: "custom",
        path: [account, "roleArn"],
        message: `expected a role of account ${account}`,
      });
    }
  });

/** The account that snapshots are copied to. */
export const evidenceFile = z
  .strictObject({
    account: accountId.describe("The account that keeps the copies."),
    ...role,
    kmsKeyId: key("The key of that account that the copies are encrypted with; its default when left out."),
    sharingKeyId: key(
      "A customer key of the instance's account. What lies under the AWS-managed key is encrypted anew with it, to be shared. An alias stands for the key of each account and Region.",
    ),
  })
  .superRefine(({ account, roleArn }, context) => {
    if (accountIn(roleArn) === account) return;
    context.addIssue({ code: "custom", path: ["roleArn"], message: `expected a role of account ${account}` });
  });

/** How an account is reached from the credentials at hand. */
export interface AccountRole {
  readonly roleArn: string;
  readonly externalId: string | null;
}

export interface MemberAccount extends AccountRole {
  /** Where `cordon doctor` looks; null where nothing is said. */
  readonly regions: readonly string[] | null;
}

/** Settings of the account that evidence is copied to: the steps read the keys, the command line the role. */
export interface EvidenceAccount extends AccountRole {
  readonly account: string;
  readonly kmsKeyId: string | null;
  readonly sharingKeyId: string | null;
}

export function accountsOf(read: z.infer<typeof accountsFile>): Readonly<Record<string, MemberAccount>> {
  return Object.fromEntries(
    Object.entries(read).map(([account, { roleArn, externalId = null, regions = null }]) => [
      account,
      { roleArn, externalId, regions },
    ]),
  );
}

export function evidenceOf(read: z.infer<typeof evidenceFile> | undefined): EvidenceAccount | null {
  if (read === undefined) return null;
  const { account, roleArn, externalId = null, kmsKeyId = null, sharingKeyId = null } = read;
  return { account, roleArn, externalId, kmsKeyId, sharingKeyId };
}

function accountIn(roleArn: string): string | undefined {
  return roleArn.split(":")[4];
}
