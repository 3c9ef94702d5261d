import { z } from "zod";
import type { Json } from "../../core/json.ts";

/** The one inline policy that Cordon keeps on a role. */
export const DENY_POLICY = "CordonDenySessions";

/** Sessions of an instance that one policy can deny, so that the document stays within IAM's quota. */
export const MOST_INSTANCES = 120;

/**
 * All inline policies of a role together, white space not counted.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const MOST_INLINE_CHARACTERS = 10_240;

/** No session of a role outlives 12 hours, so no token is older. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use.html */
export const LONGEST_SESSION_MS = 12 * 3_600_000;

/** What a claim on a role asks for. */
export const sessionDeny = z.discriminatedUnion("deny", [
  /** Every session that this instance started, whenever and wherever it is used. */
  z.strictObject({
    deny: z.literal("instance"),
    instanceArn: z.string(),
    /** For so long from when it is written, what the agent of Systems Manager itself calls stays allowed. */
    agentForMs: z.number().exactOptional(),
  }),
  /**
   * Every session of the role that was issued before the policy was written, whoever started it. The instance of the case
   * has none that is younger than `tokensUntil`.
   */
  z.strictObject({ deny: z.literal("role"), instanceArn: z.string(), tokensUntil: z.iso.datetime() }),
  /** After release: what this instance's sessions had got before it. */
  z.strictObject({ deny: z.literal("released"), instanceArn: z.string(), issuedBefore: z.iso.datetime() }),
  /** After release of a role-wide deny: tokens older than the deny stay denied until they are over. */
  z.strictObject({ deny: z.literal("roleReleased"), instanceArn: z.string() }),
]);

export type SessionDeny = z.infer<typeof sessionDeny>;

/**
 * What the agent needs to be there, to take commands and to answer them, and nothing else:
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-setting-up-messageAPIs.html
 */
const AGENT_ACTIONS: readonly string[] = ["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"];

/** Until when the agent of an instance may go on, by the instance's ARN. */
export type AgentTimes = Readonly<Record<string, string>>;

interface Statement {
  readonly [key: string]: Json;
}

/**
 * The policy that carries out these claims, as JSON text without white space; null when there are none.
 *
 * An exception for an agent ends by itself: two statements, one without end that leaves its actions out, and one that denies
 * everything from a time on.
 *
 * `ec2:SourceInstanceArn` stands in every session that an instance started, also in copies used elsewhere:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */
export function denyPolicy(
  denies: readonly SessionDeny[],
  roleWideBefore: string | null,
  agents: AgentTimes = {},
): string | null {
  const statements = [
    ...instanceStatements(denies, agents),
    ...releasedStatements(denies),
    ...roleStatement(denies, roleWideBefore),
  ];
  return statements.length === 0 ? null : JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Whether a policy's text, as read back, really denies what the claim asks for. */
export function policyDenies(document: string | null, wanted: SessionDeny): boolean {
  return statementsOf(document).some((statement) => {
    if (!isDenyOfAll(statement)) return false;
    const condition = conditionOf(statement);
    switch (wanted.deny) {
      case "instance":
        return condition.operators === 1 && condition.instances.includes(wanted.instanceArn);
      case "released":
        return condition.instances.includes(wanted.instanceArn) && condition.issuedBefore === wanted.issuedBefore;
      case "role":
        return isRoleWide(condition) && Date.parse(condition.issuedBefore) >= Date.parse(wanted.tokensUntil);
      case "roleReleased":
        return isRoleWide(condition);
      default:
        return wanted satisfies never;
    }
  });
}

/**
 * From when a policy's text denies everything to an instance of which it lets only the agent go on until then; null where it
 * lets more go on, or does not end it.
 */
export function agentExceptedUntil(document: string | null, instanceArn: string): string | null {
  const ofInstance = statementsOf(document)
    .map((statement) => ({ statement, seen: conditionOf(statement) }))
    .filter(({ statement, seen }) => statement["Effect"] === "Deny" && seen.instances.includes(instanceArn));
  const leavesAgentOnly = ofInstance.some(
    ({ statement, seen }) => seen.operators === 1 && isDenyOfAllButAgent(statement),
  );
  const ends = ofInstance.flatMap(({ statement, seen }) =>
    isDenyOfAll(statement) && seen.operators === 2 && seen.from !== null ? [seen.from] : [],
  );
  return leavesAgentOnly ? (ends.sort()[0] ?? null) : null;
}

function isDenyOfAllButAgent({ Action, NotAction, Resource }: Statement): boolean {
  const left = [NotAction ?? []].flat();
  const isAgentOnly = left.length > 0 && left.every((each) => typeof each === "string" && AGENT_ACTIONS.includes(each));
  return Action === undefined && Resource === "*" && isAgentOnly;
}

/** Up to which token time a policy's text denies every session of the role; null where it does not. */
export function deniesRoleBefore(document: string | null): string | null {
  const times = statementsOf(document).flatMap((statement) => {
    const condition = conditionOf(statement);
    return isDenyOfAll(statement) && isRoleWide(condition) ? [condition.issuedBefore] : [];
  });
  return times.sort().at(-1) ?? null;
}

function isDenyOfAll(statement: Statement): boolean {
  return statement["Effect"] === "Deny" && statement["Action"] === "*" && statement["Resource"] === "*";
}

function isRoleWide(seen: Condition): seen is Condition & { readonly issuedBefore: string } {
  return seen.operators === 1 && seen.issuedBefore !== null;
}

/**
 * The same claims with fewer times of release: those that lie closest share the earlier one. Null where all share one.
 *
 * Nothing that an instance got is let go by that: while it was held, its profile was away and gave it no tokens.
 */
export function withFewerReleases(denies: readonly SessionDeny[]): readonly SessionDeny[] | null {
  const times = unique(denies.flatMap((each) => (each.deny === "released" ? [each.issuedBefore] : [])));
  const gapBefore = (index: number): number => Date.parse(times[index] ?? "") - Date.parse(times[index - 1] ?? "");
  const least = Math.min(...times.slice(1).map((_, index) => gapBefore(index + 1)));
  const shared = new Map<string, string>();
  times.forEach((time, index) => {
    const before = times[index - 1];
    shared.set(time, before !== undefined && gapBefore(index) <= least ? (shared.get(before) ?? before) : time);
  });
  if (times.length < 2) return null;
  return denies.map((each) =>
    each.deny === "released" ? { ...each, issuedBefore: shared.get(each.issuedBefore) ?? each.issuedBefore } : each,
  );
}

/** Length as IAM counts it. */
export function countedLength(document: string): number {
  return document.replaceAll(/\s/g, "").length;
}

function instanceStatements(denies: readonly SessionDeny[], agents: AgentTimes): Statement[] {
  const arns = unique(denies.filter(({ deny }) => deny === "instance").map(({ instanceArn }) => instanceArn));
  const plain = arns.filter((arn) => agents[arn] === undefined);
  const excepted = arns.filter((arn) => agents[arn] !== undefined);
  const times = unique(excepted.flatMap((arn) => agents[arn] ?? []));
  return [
    ...(plain.length === 0 ? [] : [denyAll("CordonDenyInstances", { ArnEquals: { [SOURCE]: plain } })]),
    ...(excepted.length === 0 ? [] : [denyAllButAgent({ ArnEquals: { [SOURCE]: excepted } })]),
    ...times.map((time, index) =>
      denyAll(`CordonDenyCollected${index + 1}`, {
        ArnEquals: { [SOURCE]: excepted.filter((arn) => agents[arn] === time) },
        DateGreaterThanEquals: { [CURRENT_TIME]: time },
      }),
    ),
  ];
}

/** One statement for each time of release: a later time would deny tokens that were issued after an earlier release. */
function releasedStatements(denies: readonly SessionDeny[]): Statement[] {
  const held = new Set(denies.flatMap((each) => (each.deny === "instance" ? [each.instanceArn] : [])));
  const released = denies.flatMap((each) => (each.deny === "released" && !held.has(each.instanceArn) ? [each] : []));
  return unique(released.map(({ issuedBefore }) => issuedBefore)).map((time, index) => {
    const arns = unique(released.filter((each) => each.issuedBefore === time).map(({ instanceArn }) => instanceArn));
    return denyAll(`CordonDenyReleased${index + 1}`, {
      ArnEquals: { "ec2:SourceInstanceArn": arns },
      DateLessThan: { "aws:TokenIssueTime": time },
    });
  });
}

function roleStatement(denies: readonly SessionDeny[], roleWideBefore: string | null): Statement[] {
  const isAsked = denies.some(({ deny }) => deny === "role" || deny === "roleReleased");
  if (!isAsked || roleWideBefore === null) return [];
  return [denyAll("CordonDenyRole", { DateLessThan: { "aws:TokenIssueTime": roleWideBefore } })];
}

const SOURCE = "ec2:SourceInstanceArn";
const CURRENT_TIME = "aws:CurrentTime";

function denyAllButAgent(condition: Json): Statement {
  return {
    Sid: "CordonDenyAllButAgent",
    Effect: "Deny",
    NotAction: AGENT_ACTIONS,
    Resource: "*",
    Condition: condition,
  };
}

function denyAll(sid: string, condition: Json): Statement {
  return { Sid: sid, Effect: "Deny", Action: "*", Resource: "*", Condition: condition };
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

/** The statements of a policy; none where the text is not a policy. */
export function statementsOf(document: string | null): readonly Statement[] {
  if (document === null) return [];
  try {
    const parsed = JSON.parse(document) as { readonly Statement?: Statement | readonly Statement[] };
    return [parsed.Statement ?? []].flat() as readonly Statement[];
  } catch {
    return []; // Not JSON: it is not ours and denies nothing of ours.
  }
}

const condition = z.object({
  ArnEquals: z.object({ "ec2:SourceInstanceArn": z.union([z.string(), z.array(z.string())]) }).optional(),
  DateLessThan: z.object({ "aws:TokenIssueTime": z.string() }).optional(),
  DateGreaterThanEquals: z.object({ "aws:CurrentTime": z.string() }).optional(),
});

interface Condition {
  readonly instances: readonly string[];
  readonly issuedBefore: string | null;
  /** The time from which it holds; null where it always does. */
  readonly from: string | null;
  /** Every operator, also those that we do not know: each narrows the deny. */
  readonly operators: number;
}

/** What a statement's condition says, as far as Cordon writes such conditions. */
export function conditionOf(statement: Statement): Condition {
  const parsed = condition.safeParse(statement["Condition"]);
  if (!parsed.success) return { instances: [], issuedBefore: null, from: null, operators: 0 };
  return {
    instances: [parsed.data.ArnEquals?.["ec2:SourceInstanceArn"] ?? []].flat(),
    issuedBefore: parsed.data.DateLessThan?.["aws:TokenIssueTime"] ?? null,
    from: parsed.data.DateGreaterThanEquals?.["aws:CurrentTime"] ?? null,
    operators: Object.keys(statement["Condition"] as object).length,
  };
}
