import type { Finding, Judgement } from "../core/finding.ts";
import { triageTable } from "./triage-table.ts";

/**
 * What a finding means for the instances it names.
 *
 * A type that the table does not know is suspected, so that a person is asked: GuardDuty's list grows, and since
 * custom detection rules it has no end.
 */
export function judge(finding: Finding): Judgement {
  if (finding.sample) return { verdict: "sample", reason: "a sample finding: nothing happened" };
  if (finding.archived) return { verdict: "archived", reason: "archived in GuardDuty: somebody has dealt with it" };
  if (finding.source === "manual") return { verdict: "compromised", reason: finding.title };

  const meaning = triageTable.get(finding.type);
  if (meaning === undefined) return judgeUnknown(finding);
  const judgement = typeof meaning === "function" ? meaning(finding) : meaning;
  const acts = judgement.verdict === "compromised" || judgement.verdict === "suspected";
  return acts && finding.instances.length === 0
    ? { verdict: "suspected", reason: `${judgement.reason}; the finding names no instance, so a person must say which` }
    : judgement;
}

function judgeUnknown({ type, instances }: Finding): Judgement {
  return instances.length === 0
    ? { verdict: "unrelated", reason: `${type} names no instance` }
    : { verdict: "suspected", reason: `${type} is not a type that Cordon knows: a person must say what it means` };
}
