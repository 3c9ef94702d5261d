import { CordonError } from "../../core/errors.ts";
import { steps } from "../../steps/index.ts";
import { homePath } from "../environment.ts";
import { type Output, tableLines } from "../output.ts";
import { permissionsOf, policyDocument, stepsOfPlaybook } from "../permissions.ts";
import { loadPlaybooks } from "../shipped.ts";

export interface PermissionFlags {
  readonly playbook?: string;
  readonly format: "policy" | "table";
}

/** Prints what Cordon's role needs: for one playbook, or for everything that the shipped ones may do. */
export async function permissions(output: Output, { playbook: id, format }: PermissionFlags): Promise<number> {
  const playbooks = loadPlaybooks(homePath()).map(({ playbook }) => playbook);
  const chosen = id === undefined ? playbooks : playbooks.filter((playbook) => playbook.id === id);
  if (chosen.length === 0) throw new CordonError("playbook_not_found", { id: id ?? "" });
  const used = new Set(chosen.flatMap((playbook) => stepsOfPlaybook(playbook, steps)));
  const needed = permissionsOf([...used]);
  const policy = policyDocument(needed);
  await output.result(format === "policy" ? policy : needed, () =>
    format === "policy"
      ? JSON.stringify(policy, null, 2).split("\n")
      : tableLines(
          ["ACTION", "NEEDED BY"],
          needed.map(({ action, steps: users }) => [
            action,
            users.map(({ step, verbs }) => `${step} (${verbs.join(", ")})`).join("; "),
          ]),
        ),
  );
  return 0;
}
