import { type AgentTimes, conditionOf, denyPolicy, type SessionDeny, statementsOf } from "./deny-sessions-policy.ts";

/**
 * Whether a policy's text is, as a whole, one that Cordon writes: not a statement, condition or field more or less.
 *
 * A deny that stands in the text proves little by itself: an intruder may have loosened its condition, or put a statement beside
 * it. So what the text claims is read out of it, written again by the same function, and compared character by character.
 */
export function isWrittenByCordon(document: string | null): document is string {
  if (document === null) return false;
  const read = claimsIn(document);
  return denyPolicy(read.denies, read.roleWide, read.agents) === document;
}

interface ReadClaims {
  readonly denies: readonly SessionDeny[];
  readonly roleWide: string | null;
  readonly agents: AgentTimes;
}

function claimsIn(document: string): ReadClaims {
  const denies: SessionDeny[] = [];
  const agents: Record<string, string> = {};
  let roleWide: string | null = null;
  for (const statement of statementsOf(document)) {
    const sid = typeof statement["Sid"] === "string" ? statement["Sid"].replace(/\d+$/, "") : "";
    const { instances, issuedBefore, from } = conditionOf(statement);
    if (sid === "CordonDenyInstances" || sid === "CordonDenyAllButAgent")
      denies.push(...instances.map((instanceArn): SessionDeny => ({ deny: "instance", instanceArn })));
    else if (sid === "CordonDenyCollected" && from !== null) for (const arn of instances) agents[arn] = from;
    else if (sid === "CordonDenyReleased" && issuedBefore !== null)
      denies.push(...instances.map((instanceArn): SessionDeny => ({ deny: "released", instanceArn, issuedBefore })));
    else if (sid === "CordonDenyRole" && issuedBefore !== null) {
      roleWide = issuedBefore;
      denies.push({ deny: "roleReleased", instanceArn: "" });
    }
  }
  return { denies, roleWide, agents };
}
