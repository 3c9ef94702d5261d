import { SimulatePrincipalPolicyCommand } from "@aws-sdk/client-iam";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** One question to the policy simulator: these actions on one resource, in a request that carries these keys. */
export interface Question {
  readonly principalArn: string;
  readonly actions: readonly string[];
  /** `*` asks about no resource in particular. */
  readonly resource: string;
  readonly keys: Readonly<Record<string, string>>;
}

export type Answer = "allowed" | "notAllowed" | "denied";

/** A hundred results are one page by default. */
const mostPages = 20;

/**
 * What the policies of a user or a role say, service control policies and permission boundaries included. Needs
 * `iam:SimulatePrincipalPolicy`; asks nothing else of AWS and changes nothing.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
 */
export async function simulate(iam: Sender, question: Question): Promise<ReadonlyMap<string, Answer>> {
  const { principalArn, actions, resource, keys } = question;
  const results = await allPages({ what: "simulated actions", mostPages }, async (Marker) => {
    const answer = await iam.send(
      new SimulatePrincipalPolicyCommand({
        PolicySourceArn: principalArn,
        ActionNames: [...actions],
        ...(resource === "*" ? {} : { ResourceArns: [resource] }),
        ContextEntries: Object.entries(keys).map(([ContextKeyName, value]) => ({
          ContextKeyName,
          ContextKeyValues: [value],
          ContextKeyType: "string",
        })),
        ...(Marker && { Marker }),
      }),
    );
    return { items: answer.EvaluationResults, next: answer.IsTruncated === true ? answer.Marker : undefined };
  });
  return new Map(
    results.map(({ EvalActionName = "", EvalDecision }): [string, Answer] => [
      EvalActionName,
      EvalDecision === "allowed" ? "allowed" : EvalDecision === "explicitDeny" ? "denied" : "notAllowed",
    ]),
  );
}
