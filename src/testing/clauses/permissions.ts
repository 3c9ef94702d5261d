import type { Permissions } from "../../core/step.ts";
import { demand } from "../contract-breach.ts";
import type { NeededActions } from "../needed-actions.ts";
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

/** The declared permissions are those that AWS checks, verb by verb: none is missing, none is too many. */
export function permissionsAreExact(declared: Permissions, needed: NeededActions): void {
  const faults = VERBS.flatMap((verb) => {
    const [says, needs] = [declared[verb] ?? [], needed.of(verb)];
    const missing = needs
      .filter((action) => !says.includes(action))
      .map((action) => `${verb} needs ${action} and does not declare it`);
    const more = says
      .filter((action) => !needs.includes(action))
      .map((action) => `${verb} declares ${action} and no rehearsal needed it`);
    return [...missing, ...more];
  });
  demand(faults.length === 0, `permissions.target is not what AWS checks\n  ${faults.join("\n  ")}`);
}

/** A role that may do what the step declares and nothing else carries it through. */
export async function declaredPermissionsSuffice(examination: Examination): Promise<void> {
  const { step } = examination;
  const actions = [...new Set(VERBS.flatMap((verb) => step.permissions.target[verb] ?? []))];
  await rehearse(examination, (stage) =>
    told("with exactly the declared permissions", async () => {
      await stage.account.allowOnly(actions);
      await wholeCourse(examination, stage);
    }),
  );
}
