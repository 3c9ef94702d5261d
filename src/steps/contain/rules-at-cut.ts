import { z } from "zod";
import { ifReadable } from "../../aws/if-readable.ts";
import { rulesOfGroups, type PresentRule } from "../../aws/network-state.ts";
import type { TargetClients } from "../../core/step.ts";
import type { Json } from "../../core/json.ts";
import type { GroupRule } from "../../reachability/described.ts";

/** What the groups of an interface let through when it was sealed, as the outcome of its seal keeps it. */
export type RulesAtCut =
  { readonly rules: readonly string[]; readonly unknown: null } | { readonly rules: null; readonly unknown: string };

/** So many lines fit an outcome; AWS's own limit is 1,000 rules on one interface. */
const MOST_RULES = 250;

const recorded = z.union([
  z.strictObject({ rules: z.array(z.string()), unknown: z.null() }),
  z.strictObject({ rules: z.null(), unknown: z.string() }),
]);

/** Reads the rules of some groups. Never fails because of them: the seal that it travels with must not. */
export async function readRulesAtCut({ ec2 }: TargetClients, groupIds: readonly string[]): Promise<RulesAtCut> {
  const rules = await ifReadable(rulesOfGroups(ec2, groupIds));
  if (rules === null) return unknownRules(`the rules of ${groupIds.join(", ")} could not be read when it was sealed`);
  const lines = [...new Set(rules.map(toLine))];
  if (lines.length > MOST_RULES)
    return unknownRules(`${groupIds.join(", ")} had ${lines.length} rules, more than a journal takes`);
  return { rules: lines, unknown: null };
}

export function unknownRules(reason: string): RulesAtCut {
  return { rules: null, unknown: reason };
}

/** What a seal recorded; null where it has not run yet. */
export function rulesAtCutOf(outcome: Json): RulesAtCut | null {
  return recorded.safeParse(outcome).data ?? null;
}

function toLine({ direction, protocol, fromPort, toPort, peer }: PresentRule): string {
  return `${direction} ${protocol} ${fromPort ?? ""}-${toPort ?? ""} ${peer}`;
}

/** Reads a recorded line back. ICMP types may be negative. */
export function fromLine(line: string): GroupRule {
  const match = /^(egress|ingress) (\S+) (-?\d+)?-(-?\d+)? (\S+)$/.exec(line);
  if (match === null) throw new TypeError(`${line} is not a recorded rule`);
  const [, direction, protocol = "-1", from, to, peer = ""] = match;
  return {
    direction: direction === "ingress" ? "ingress" : "egress",
    protocol,
    fromPort: from === undefined ? null : Number(from),
    toPort: to === undefined ? null : Number(to),
    peer,
  };
}
