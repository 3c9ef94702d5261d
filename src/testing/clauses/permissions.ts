import type { AnyStep, Permissions } from "../../core/step.ts";
import { demand } from "../contract-breach.ts";
import { type NeededActions, PERMISSION_ACCOUNTS, type PermissionAccount } from "../needed-actions.ts";
import { type Examination, rehearse, wholeCourse } from "../rehearsal.ts";
import { told } from "./crashes.ts";

const VERBS = [
  "plan",
  "run",
  "verify",
  "revert",
  "reconcile",
  "assess",
] as const satisfies readonly (keyof Permissions)[];

/** The declared permissions are those that AWS checks, account by account and verb by verb: none is missing, none is too many. */
export function permissionsAreExact(declared: AnyStep["permissions"], needed: NeededActions): void {
  const told = PERMISSION_ACCOUNTS.flatMap((account) => {
    const faults = faultsIn(account, declared[account] ?? {}, needed);
    return faults.length === 0 ? [] : [`permissions.${account} is not what AWS checks\n  ${faults.join("\n  ")}`];
  });
  demand(told.length === 0, told.join("\n"));
}

function faultsIn(account: PermissionAccount, declared: Permissions, needed: NeededActions): readonly string[] {
  return VERBS.flatMap((verb) => {
    const [says, needs] = [declared[verb] ?? [], needed.of(account, verb)];
    const missing = needs
      .filter((action) => !says.includes(action))
      .map((action) => `${verb} needs ${action} and does not declare it`);
    const more = says
      .filter((action) => !needs.includes(action))
      .map((action) => `${verb} declares ${action} and no rehearsal needed it`);
    return [...missing, ...more];
  });
}

/** All that a step declares, for each of Cordon's roles. */
export function declaredActions({ permissions }: Pick<AnyStep, "permissions">): Record<PermissionAccount, string[]> {
  const all = (declared: Permissions = {}): string[] => [...new Set(VERBS.flatMap((verb) => declared[verb] ?? []))];
  return { target: all(permissions.target), evidence: all(permissions.evidence) };
}

/** Roles that may do what the step declares for their accounts and nothing else carry it through. */
export async function declaredPermissionsSuffice(examination: Examination): Promise<void> {
  const { step } = examination;
  await rehearse(examination, (stage) =>
    told("with exactly the declared permissions", async () => {
      await stage.account.allowOnly(declaredActions(step));
      await wholeCourse(examination, stage);
    }),
  );
}
