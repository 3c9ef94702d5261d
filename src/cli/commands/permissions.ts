import { CordonError } from "../../core/errors.ts";
import type { AnyStep } from "../../core/step.ts";
import { steps } from "../../steps/index.ts";
import { callerPolicy, vaultPolicy } from "../caller-policy.ts";
import { readEnvironment } from "../environment.ts";
import { type Output, tableLines } from "../output.ts";
import { type NeededPermission, permissionsOf, policyDocument, stepsOfPlaybook } from "../permissions.ts";
import { loadPlaybooks } from "../shipped.ts";

export interface PermissionFlags {
  readonly playbook?: string;
  readonly format: "policy" | "table";
  /** The account of the instance, the one that snapshots are copied to, or these and the credentials that Cordon starts with. */
  readonly for: "target" | "evidence" | "all";
}

/** Prints what Cordon's roles need: for one playbook, or for everything that the playbooks may do. */
export async function permissions(output: Output, { playbook, format, for: whom }: PermissionFlags): Promise<number> {
  const { home, config } = readEnvironment();
  const used = stepsUsed(home, playbook);
  const needed = { target: permissionsOf(used), evidence: permissionsOf(used, "evidence") };
  const accounts = whom === "all" ? (["target", "evidence"] as const) : [whom];
  if (format === "table") {
    const rows = accounts.flatMap((account) => needed[account].map((each) => ({ account, ...each })));
    await output.result(rows, () =>
      tableLines(
        ["ACCOUNT", "ACTION", "NEEDED BY"],
        rows.map(({ account, action, steps: users }) => [account, action, usersOf(users)]),
      ),
    );
    return 0;
  }
  const others = whom === "all" ? { caller: callerPolicy(config), vault: vaultPolicy(config) } : {};
  const policies = Object.fromEntries(
    [
      ...accounts.map((account) => [account, needed[account].length === 0 ? null : policyDocument(needed[account])]),
      ...Object.entries(others),
    ].filter(([, policy]) => policy !== null),
  ) as Readonly<Record<string, object>>;
  const document = whom === "all" ? policies : (policies[whom] ?? { Version: "2012-10-17", Statement: [] });
  await output.result(document, () => JSON.stringify(document, null, 2).split("\n"));
  return 0;
}

/**
 * The steps of a playbook, or of all.
 *
 * @throws CordonError `playbook_not_found`
 */
export function stepsUsed(home: string, id: string | undefined): readonly AnyStep[] {
  const playbooks = loadPlaybooks(home).map(({ playbook }) => playbook);
  const chosen = id === undefined ? playbooks : playbooks.filter((playbook) => playbook.id === id);
  if (chosen.length === 0) throw new CordonError("playbook_not_found", { id: id ?? "" });
  return [...new Set(chosen.flatMap((playbook) => stepsOfPlaybook(playbook, steps)))];
}

function usersOf(users: NeededPermission["steps"]): string {
  return users.map(({ step, verbs }) => `${step} (${verbs.join(", ")})`).join("; ");
}
