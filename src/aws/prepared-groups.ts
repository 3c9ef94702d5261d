import { Refusal } from "../core/errors.ts";
import type { IsolationLevel, PreparedGroups } from "../core/step.ts";
import { faultOf, findGroups, type SecurityGroup } from "./security-groups.ts";
import type { Sender } from "./sender.ts";

/** The groups that `setup` recorded, by VPC and level. */
export type KnownGroups = ReadonlyMap<string, { readonly [Level in IsolationLevel]?: string }>;

/**
 * Finds prepared groups in one round trip that needs no VPC, so that it can travel with the caller's own first read.
 *
 * The tag only finds candidates: anybody in the account can write it. What decides are the recorded id and the rules.
 */
export function preparedGroups(sender: Sender, known: KnownGroups): PreparedGroups {
  return {
    async groups(level) {
      const ids = [...known.values()].flatMap((groups) => groups[level] ?? []);
      // Side by side: a recorded group is found even where somebody took its tag away.
      const [tagged, recorded] = await Promise.all([
        findGroups(sender, [{ Name: "tag:cordon:prepared", Values: [level] }]),
        ids.length === 0 ? [] : findGroups(sender, [{ Name: "group-id", Values: ids.slice(0, 200) }]),
      ]);
      const found = [...new Map([...tagged, ...recorded].map((group) => [group.id, group])).values()];
      return (vpcId) =>
        chosen(
          found.filter((group) => group.vpcId === vpcId),
          { level, known: known.get(vpcId)?.[level] },
        );
    },
  };
}

/**
 * The recorded group first, then the lowest id, of those whose rules are right.
 *
 * Only the recorded group's rules are worth a refusal: any other may carry the tag because an intruder put it there to stop
 * the cut, and counts as none, so that a fresh one is made.
 */
function chosen(
  candidates: readonly SecurityGroup[],
  { level, known }: { readonly level: IsolationLevel; readonly known: string | undefined },
): string | null {
  const rank = ({ id }: SecurityGroup): string => (id === known ? "" : id);
  const ordered = [...candidates].sort((left, right) => (rank(left) < rank(right) ? -1 : 1));
  const fit = ordered.find((group) => faultOf(group, level) === null);
  if (fit !== undefined) return fit.id;
  const recorded = ordered.find(({ id }) => id === known);
  if (recorded === undefined) return null;
  throw new Refusal("prepared_group_not_sealed", { resource: recorded.id, observed: faultOf(recorded, level) ?? "" });
}
