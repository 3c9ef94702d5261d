import type { Hub } from "./hub.ts";

export interface Check {
  readonly what: string;
  readonly state: string;
  readonly account: string | null;
  readonly detail: string;
  readonly remedy: string | null;
}

export interface Addition {
  readonly account: string;
  readonly role: string;
  readonly policy: {
    readonly Statement: readonly { readonly Sid: string; readonly Action: string[]; readonly Resource: string }[];
  };
}

/** What the doctor says about a playbook, as a program reads it. */
export interface Report {
  readonly code: number;
  readonly checks: readonly Check[];
  readonly additions: readonly Addition[];
}

export const SIMULATE = { Effect: "Allow", Action: "iam:SimulatePrincipalPolicy", Resource: "*" } as const;

export async function examined(hub: Hub, playbook: string): Promise<Report> {
  const { code, stdout, stderr } = await hub.cordon("doctor", "--playbook", playbook, "-o", "json");
  if (stdout === "") throw new Error(stderr);
  return { ...(JSON.parse(stdout) as Report), code };
}

export function named({ checks }: Report, what: string): Check | undefined {
  return checks.find((each) => each.what === what);
}

/** What is missing in an account. */
export function missingIn({ checks }: Report, account: string | null): readonly Check[] {
  return checks.filter((each) => each.state === "missing" && each.account === account);
}

/** The statements that a role is to be given. */
export function addedTo({ additions }: Report, role: string): Addition["policy"]["Statement"] {
  return additions.filter((each) => each.role.endsWith(role)).flatMap(({ policy }) => policy.Statement);
}
