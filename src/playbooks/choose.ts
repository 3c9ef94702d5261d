import { CordonError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { matchesPattern } from "../core/pattern.ts";
import type { Playbook } from "../core/playbook.ts";

/**
 * Refuses playbooks that cannot be told apart: the same id twice, or the same pattern in two.
 *
 * Of two patterns that match a type and are equally long, neither is the better one, so that is asked about at load and
 * not on the night of a finding.
 *
 * @throws CordonError `playbook_invalid`
 */
export function assertDistinct(playbooks: readonly Playbook[]): void {
  const claims = new Map<string, string>();
  const ids = new Set<string>();
  for (const { id, answers } of playbooks) {
    if (ids.has(id)) throw new CordonError("playbook_invalid", { file: id, problems: `there are two playbooks ${id}` });
    ids.add(id);
    for (const pattern of new Set(answers)) {
      const other = claims.get(pattern);
      if (other !== undefined) {
        throw new CordonError("playbook_invalid", { file: id, problems: `${other} answers ${pattern} too` });
      }
      claims.set(pattern, id);
    }
  }
}

/**
 * The playbook with the longest pattern that matches the finding's type; null where none does.
 *
 * @throws CordonError `playbook_invalid` when two different patterns of one length match, which names both playbooks
 */
export function choosePlaybook(playbooks: readonly Playbook[], { type }: Pick<Finding, "type">): Playbook | null {
  const matches = playbooks.flatMap((playbook) =>
    playbook.answers.filter((pattern) => matchesPattern(pattern, type)).map(({ length }) => ({ playbook, length })),
  );
  const longest = Math.max(0, ...matches.map(({ length }) => length));
  const [best, ...rest] = new Set(matches.filter(({ length }) => length === longest).map(({ playbook }) => playbook));
  if (best === undefined) return null;
  const [tied] = rest;
  if (tied !== undefined) {
    throw new CordonError("playbook_invalid", { file: best.id, problems: `${tied.id} answers ${type} just as well` });
  }
  return best;
}
