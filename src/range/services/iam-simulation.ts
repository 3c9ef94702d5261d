import type { SimulatePolicyResponse, SimulatePrincipalPolicyRequest } from "@aws-sdk/client-iam";
import { evaluate } from "../iam/evaluate.ts";
import { inForce } from "../iam/propagation.ts";
import { AwsError, notImplemented } from "../wire/operation.ts";
import { handler } from "./handler.ts";

const SIMULATE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html";

const DECISIONS = {
  allowed: "allowed",
  "explicitly-denied": "explicitDeny",
  "implicitly-denied": "implicitDeny",
} as const;

/** What the policies of a user or a role say of each action on each resource. Nothing is called. */
const simulatePrincipalPolicy = handler((context, input: SimulatePrincipalPolicyRequest): SimulatePolicyResponse => {
  const { account, world } = context;
  const { PolicySourceArn: arn = "", ActionNames: actions = [], ResourceArns: resources = ["*"] } = input;
  if (input.PolicyInputList !== undefined || input.ResourcePolicy !== undefined || input.CallerArn !== undefined)
    throw notImplemented("iam", "SimulatePrincipalPolicy with policies or callers of its own");
  if (!/^arn:aws:iam::\d{12}:(user|role|group)\//.test(arn))
    throw new AwsError("InvalidInput", `Invalid Entity Arn: ${arn} does not clearly define entity type and name.`, {
      status: 400,
      documentation: SIMULATE,
    });
  const principal = [...account.roles.values(), ...account.users.values()].find((each) => each.arn === arn);
  const effective = principal && inForce(world, principal);
  if (!effective)
    throw new AwsError("NoSuchEntity", `The entity ${arn} cannot be found.`, { status: 404, documentation: SIMULATE });
  const policies = [
    ...[...effective.inlinePolicies.values()].map(({ document }) => document),
    ...effective.attachedPolicies.map(({ document }) => document),
  ];
  const keys = Object.fromEntries(
    (input.ContextEntries ?? []).map(({ ContextKeyName = "", ContextKeyValues = [] }) => [
      ContextKeyName,
      ContextKeyValues,
    ]),
  );
  return {
    EvaluationResults: actions.flatMap((action) =>
      resources.map((resource) => ({
        EvalActionName: action,
        EvalResourceName: resource,
        EvalDecision: DECISIONS[evaluate(policies, { action, resource, keys })],
        MatchedStatements: [],
        MissingContextValues: [],
      })),
    ),
    IsTruncated: false,
  };
});

export const simulationHandlers = { SimulatePrincipalPolicy: simulatePrincipalPolicy };
