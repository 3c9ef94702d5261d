import type { Playbook } from "../core/playbook.ts";
import type { AnyStep, Permissions } from "../core/step.ts";
import { KEY_ACTIONS, scopeOf, type Scope, WORKSTATION_TAG } from "./policy-scopes.ts";

/** An action of IAM, and the steps and verbs that need it. */
export interface NeededPermission {
  readonly action: string;
  readonly steps: readonly { readonly step: string; readonly verbs: readonly string[] }[];
}

/** The account of the instance, or the one that snapshots are copied to. */
export type PermittedAccount = "target" | "evidence";

/** A statement of a policy, in IAM's own words. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: Scope["condition"];
}

export interface PolicyDocument {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

/** What the steps declare, by action. The contract suite holds each declaration against what AWS would check. */
export function permissionsOf(
  steps: readonly AnyStep[],
  account: PermittedAccount = "target",
): readonly NeededPermission[] {
  const needs = new Map<string, Map<string, string[]>>();
  for (const { id, permissions } of steps) {
    const declared: Permissions = permissions[account] ?? {};
    for (const [verb, actions] of Object.entries(declared)) {
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

/** Statements that allow these actions and, where AWS can hold an action to less than everything, no more than it needs. */
export function allowing(actions: readonly string[], account = "*"): readonly Statement[] {
  const asked = new Set(actions.flatMap((action) => [action, ...(KEY_ACTIONS[action] ?? [])]));
  const scoped = new Map<Scope, string[]>();
  for (const action of [...asked].toSorted())
    scoped.set(scopeOf(action), [...(scoped.get(scopeOf(action)) ?? []), action]);
  return [...scoped].map(([{ sid, resources, condition }, own]) => {
    const [only, ...more] = resources(account);
    return {
      Sid: sid,
      Effect: "Allow",
      Action: own,
      Resource: more.length === 0 ? (only ?? "*") : [...(only === undefined ? [] : [only]), ...more],
      ...(condition === undefined ? {} : { Condition: condition }),
    };
  });
}

/**
 * The policy for Cordon's role.
 *
 * Terminating is denied for everything that lacks the tag of a workstation which Cordon launched: a deny holds whatever else
 * the role is given. That tag it may give in a launch, and nowhere else, so that nothing becomes a workstation by a tag.
 */
export function policyDocument(needed: readonly NeededPermission[]): PolicyDocument {
  const allowed = allowing(needed.map(({ action }) => action));
  return {
    Version: "2012-10-17",
    Statement: [
      ...allowed,
      {
        Sid: "NothingBecomesAWorkstationByATag",
        Effect: "Deny",
        Action: "ec2:CreateTags",
        Resource: "arn:aws:ec2:*:*:instance/*",
        Condition: {
          "ForAnyValue:StringEquals": { "aws:TagKeys": WORKSTATION_TAG },
          StringNotEquals: { "ec2:CreateAction": "RunInstances" },
        },
      },
      {
        Sid: "NeverTerminateWhatCordonDidNotLaunch",
        Effect: "Deny",
        Action: "ec2:TerminateInstances",
        Resource: "*",
        Condition: { StringNotEquals: { [`aws:ResourceTag/${WORKSTATION_TAG}`]: "true" } },
      },
    ],
  };
}
