import type { Playbook } from "../core/playbook.ts";
import type { AnyStep } from "../core/step.ts";

/** An action of IAM, and the steps and verbs that need it. */
export interface NeededPermission {
  readonly action: string;
  readonly steps: readonly { readonly step: string; readonly verbs: readonly string[] }[];
}

/** What the steps declare, by action. The contract suite holds each declaration against what AWS would check. */
export function permissionsOf(steps: readonly AnyStep[]): readonly NeededPermission[] {
  const needs = new Map<string, Map<string, string[]>>();
  for (const { id, permissions } of steps) {
    for (const [verb, actions] of Object.entries(permissions.target)) {
      for (const action of actions as readonly string[]) {
        const users = needs.get(action) ?? new Map<string, string[]>();
        users.set(id, [...(users.get(id) ?? []), verb]);
        needs.set(action, users);
      }
    }
  }
  return [...needs]
    .map(([action, users]) => ({ action, steps: [...users].map(([step, verbs]) => ({ step, verbs })) }))
    .toSorted((left, right) => (left.action < right.action ? -1 : 1));
}

/** The steps of a playbook, and those that make what they lack. */
export function stepsOfPlaybook({ stages }: Playbook, steps: readonly AnyStep[]): readonly AnyStep[] {
  const used = new Set(
    stages.flatMap((stage) => [...stage.steps, ...(stage.around ? [stage.around] : [])].map(({ use }) => use)),
  );
  for (const { id, enabledBy } of steps) if (used.has(id) && enabledBy !== undefined) used.add(enabledBy);
  return steps.filter(({ id }) => used.has(id));
}

/**
 * The policy for Cordon's role.
 *
 * Terminating is denied outright: no step that contains needs it, and a deny holds whatever else the role is given.
 */
export function policyDocument(needed: readonly NeededPermission[]): object {
  return {
    Version: "2012-10-17",
    Statement: [
      { Sid: "CordonSteps", Effect: "Allow", Action: needed.map(({ action }) => action), Resource: "*" },
      {
        Sid: "NeverTerminateWhatCordonDidNotLaunch",
        Effect: "Deny",
        Action: "ec2:TerminateInstances",
        Resource: "*",
        Condition: { StringNotEquals: { "aws:ResourceTag/cordon:managed": "true" } },
      },
    ],
  };
}
