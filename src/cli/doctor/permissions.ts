import { AwsCallError } from "../../aws/aws-call-error.ts";
import { dryRun, type Sample } from "../../aws/dry-runs.ts";
import { findSample } from "../../aws/dry-run-sample.ts";
import { type Answer, simulate } from "../../aws/simulation.ts";
import type { TargetClients } from "../../core/step.ts";
import { allowing, type Statement } from "../permissions.ts";
import { scopeOf, type Scope } from "../policy-scopes.ts";
import { type Check, missing, ok, type Place, unknown } from "./check.ts";

/** Whose permissions are looked at. */
export interface Principal {
  readonly account: string;
  /** As GetCallerIdentity gave it. */
  readonly arn: string;
  /** The role that was assumed, where Cordon assumed it. */
  readonly roleArn: string | null;
  readonly aws: TargetClients;
}

export interface Examined {
  readonly checks: readonly Check[];
  /** What adds exactly what is missing; empty where nothing is. */
  readonly statements: readonly Statement[];
}

type Found = Answer | "unknown";

/** Whether the principal may do all of this: by simulation where it may simulate, else by dry runs. */
export async function examinePermissions(
  place: Place,
  principal: Principal,
  actions: readonly string[],
): Promise<Examined> {
  const rooted = ofRoot(place, principal);
  if (rooted !== null) return rooted;
  const simulated = await unlessRefused(() => simulateAll(principal, actions));
  const found = simulated ?? (await dryRunAll(principal, actions));
  const how = simulated ? "simulated" : "by dry runs, as the role may not simulate (iam:SimulatePrincipalPolicy)";
  return {
    checks: checksOf(place, { actions, found, how }),
    statements: allowing(lackingOf(actions, found), principal.account),
  };
}

/** A statement, and a request under it to ask the simulator about. */
export interface Trial {
  readonly statement: Statement;
  readonly resource: string;
  readonly keys: Readonly<Record<string, string>>;
}

/** Whether the principal may do what statements allow, by simulation alone: S3 and KMS have no dry runs. */
export async function examineStatements(
  place: Place,
  principal: Principal,
  trials: readonly Trial[],
): Promise<Examined> {
  const rooted = ofRoot(place, principal);
  if (rooted !== null) return rooted;
  const actions = trials.flatMap(({ statement }) => actionsIn(statement));
  const simulated = await unlessRefused(async () => {
    const answers = trials.map(({ statement, resource, keys }) =>
      simulate(principal.aws.iam, {
        principalArn: principalArn(principal),
        actions: actionsIn(statement),
        resource,
        keys,
      }),
    );
    return new Map<string, Found>((await Promise.all(answers)).flatMap((each) => [...each]));
  });
  const found = new Map(actions.map((action) => [action, simulated?.get(action) ?? "unknown"] as const));
  const lacking = lackingOf(actions, found);
  const statements = trials.map(({ statement }) => ({
    ...statement,
    Action: actionsIn(statement).filter((action) => lacking.includes(action)),
  }));
  return {
    checks: checksOf(place, { actions, found, how: "simulated" }),
    statements: statements.filter(({ Action }) => Action.length > 0),
  };
}

function actionsIn({ Action }: Statement): readonly string[] {
  return [Action].flat();
}

/** An account itself needs no policy; the simulator does not know it. */
function ofRoot(place: Place, { arn }: Principal): Examined | null {
  if (!/^arn:aws[\w-]*:iam::\d{12}:root$/.test(arn)) return null;
  return { checks: [ok(place, "permissions", `all: ${arn} is the account itself`)], statements: [] };
}

interface Answers {
  readonly actions: readonly string[];
  readonly found: ReadonlyMap<string, Found>;
  readonly how: string;
}

function lackingOf(actions: readonly string[], found: Answers["found"]): readonly string[] {
  return actions.filter((action) => found.get(action) === "notAllowed");
}

function checksOf(place: Place, { actions, found, how }: Answers): readonly Check[] {
  const those = (state: Found): readonly string[] => actions.filter((action) => found.get(action) === state);
  const [allowed, lacking, denied, open] = [those("allowed"), those("notAllowed"), those("denied"), those("unknown")];
  return [
    ...(allowed.length === 0
      ? []
      : [ok(place, "permissions", `${allowed.length} of ${actions.length} are given, ${how}`)]),
    ...lacking.map((action) =>
      missing(place, action, { detail: "no policy allows it", remedy: "Add the statement below to the role." }),
    ),
    ...denied.map((action) =>
      missing(place, action, {
        detail: "a policy denies it",
        remedy: "No statement can add it: find the deny in the role's policies, its boundary or the organization's.",
      }),
    ),
    ...(open.length === 0
      ? []
      : [
          unknown(place, "permissions", {
            detail: `${open.length} could not be found out: ${open.join(", ")}`,
            remedy: "Allow the role iam:SimulatePrincipalPolicy on itself, and ask again.",
          }),
        ]),
  ];
}

/** Null where the simulator may not be asked. */
async function unlessRefused<Value>(ask: () => Promise<Value>): Promise<Value | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AwsCallError) return null;
    throw error;
  }
}

async function simulateAll(principal: Principal, actions: readonly string[]): Promise<ReadonlyMap<string, Found>> {
  const { account, aws } = principal;
  const byScope = new Map<Scope, string[]>();
  for (const action of actions) byScope.set(scopeOf(action), [...(byScope.get(scopeOf(action)) ?? []), action]);
  const answers = await Promise.all(
    [...byScope].map(([scope, own]) =>
      simulate(aws.iam, { principalArn: principalArn(principal), actions: own, ...scope.probe(account) }),
    ),
  );
  const all = new Map<string, Found>(answers.flatMap((each) => [...each]));
  return new Map(actions.map((action) => [action, all.get(action) ?? "unknown"]));
}

function principalArn({ roleArn, arn }: Principal): string {
  return roleArn ?? roleOfSession(arn);
}

/** The role of `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`, which does not say the role's path; a user is its own. */
function roleOfSession(arn: string): string {
  const [, partition, account, name] = /^arn:([\w-]+):sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return name === undefined ? arn : `arn:${partition ?? "aws"}:iam::${account ?? ""}:role/${name}`;
}

async function dryRunAll({ aws }: Principal, actions: readonly string[]): Promise<ReadonlyMap<string, Found>> {
  const sample: Sample = await findSample(aws.ec2);
  return new Map(
    await Promise.all(actions.map(async (action) => [action, await dryRun(aws.ec2, action, sample)] as const)),
  );
}
