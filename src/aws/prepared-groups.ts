import type { IsolationLevel, PreparedGroups, SpoiledGroup } from "../core/step.ts";
import { rulesOfLevel } from "./level-rules.ts";
import { faultOf, findGroups, type SecurityGroup } from "./security-groups.ts";
import type { Sender } from "./sender.ts";

/** The groups that `setup` recorded, by VPC and level. */
export type KnownGroups = ReadonlyMap<string, { readonly [Level in IsolationLevel]?: string }>;

/**
 * Finds prepared groups in one round trip that needs no VPC, so that it can travel with the caller's own first read.
 *
 * The tag only finds candidates: anybody in the account can write it. What decides are the recorded id and the rules.
 * A group whose rules are wrong counts as none, recorded or not, so that a fresh one is made and nobody can stop the cut.
 */
export function preparedGroups(sender: Sender, known: KnownGroups): PreparedGroups {
  const prepared: PreparedGroups = {
    async groups(level) {
      const ids = [...known.values()].flatMap((groups) => groups[level] ?? []);
      // Side by side: a recorded group is found even where somebody took its tag away.
      const [tagged, recorded, rulesOf] = await Promise.all([
        findGroups(sender, [{ Name: "tag:cordon:prepared", Values: [level] }]),
        ids.length === 0 ? [] : findGroups(sender, [{ Name: "group-id", Values: ids.slice(0, 200) }]),
        rulesOfLevel(sender, level, () => prepared.groups("workstation")),
      ]);
      const fault = (group: SecurityGroup): string | null => faultOf(group, level, rulesOf(group.vpcId));
      const found = [...new Map([...tagged, ...recorded].map((group) => [group.id, group])).values()];
      const chosen = (vpcId: string): string | null => {
        const own = known.get(vpcId)?.[level];
        return fittest(
          found.filter((group) => group.vpcId === vpcId && fault(group) === null),
          own,
        );
      };
      return Object.assign(chosen, {
        spoiled: found.flatMap((group) => spoiledBy(group, { fault: fault(group), level, recorded: ids })),
      });
    },
  };
  return prepared;
}

/** The recorded group first, then the lowest id. */
function fittest(candidates: readonly SecurityGroup[], known: string | undefined): string | null {
  const ids = candidates.map(({ id }) => id).toSorted();
  return ids.find((id) => id === known) ?? ids[0] ?? null;
}

/** Only a recorded group is worth a word: any other may carry the tag because an intruder put it there to stop the cut. */
function spoiledBy(
  group: SecurityGroup,
  {
    fault,
    level,
    recorded,
  }: { readonly fault: string | null; readonly level: IsolationLevel; readonly recorded: readonly string[] },
): readonly SpoiledGroup[] {
  if (fault === null || !recorded.includes(group.id)) return [];
  return [
    {
      id: group.id,
      name: group.name,
      vpcId: group.vpcId,
      fault: level === "sealed" ? `it lets through ${fault}` : fault,
    },
  ];
}
