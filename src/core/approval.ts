import type { Change } from "./change.ts";
import { canonicalJson, sha256 } from "./json.ts";
import type { Stage } from "./playbook.ts";
import type { Target } from "./step.ts";

export interface ApprovalSubject {
  readonly playbook: string;
  readonly stage: Stage;
  readonly target: Target;
  readonly changes: readonly Change[];
}

/**
 * What people agree to, as sorted lines of canonical JSON: one for the frame, one for each distinct change.
 *
 * A change stands with its `after` and blast radius, and with its resource only where that is not part of the target; never
 * with `before`. So an intruder who attaches an interface, and thereby adds one more change of the same kind, voids nothing.
 */
export function approvalLines({ playbook, stage, target, changes }: ApprovalSubject): readonly string[] {
  const frame = {
    playbook,
    stage: stage.id,
    target: { ...target },
    steps: [...(stage.around ? [stage.around] : []), ...stage.steps].map(({ use, with: input }) => ({
      use,
      with: input,
    })),
  };
  const lines = changes.map((change) =>
    canonicalJson({
      step: change.step,
      attribute: change.attribute ?? null,
      after: change.approves ?? change.after,
      blastRadius: change.blastRadius
        ? { what: change.blastRadius.what, resources: change.blastRadius.resources }
        : null,
      resource: change.ofTarget === true ? null : change.resource,
    }),
  );
  return [canonicalJson(frame), ...[...new Set(lines)].sort()];
}

/** The hash that an approval is bound to. */
export function approvalHash(lines: readonly string[]): string {
  return sha256(lines.join("\n"));
}

/**
 * What the present plan has that was not agreed to. Empty means that the approval holds: a plan with fewer lines is part of
 * what people agreed to.
 */
export function beyondApproval(agreed: readonly string[], present: readonly string[]): readonly string[] {
  const known = new Set(agreed);
  return present.filter((line) => !known.has(line));
}

/**
 * Whether a decision answers another question too: every change asked about there was asked about here, word for word, and
 * none is about the target itself. So whoever agrees to deny a role is not asked again by each case that needs the same.
 */
export function answersToo(decided: readonly string[], asked: readonly string[]): boolean {
  const known = new Set(decided.slice(1));
  const others = asked.slice(1);
  return others.length > 0 && others.every((line) => known.has(line) && isOfOthers(line));
}

function isOfOthers(line: string): boolean {
  const { resource } = JSON.parse(line) as { readonly resource: string | null };
  return resource !== null;
}
