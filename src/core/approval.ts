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

/** How many digits of a hash a person must give at least: an intruder who chooses what is asked must not find another with the same. */
const FEWEST_DIGITS = 16;

/** Whether what a person names is the hash, or enough of its beginning. */
export function namesHash(named: string, hash: string): boolean {
  return named.length >= FEWEST_DIGITS && hash.startsWith(named.toLowerCase());
}

/** The most characters that are said about what differs: an error is read on a phone. */
const MOST_SAID = 600;

/** What is asked now that was not asked before, and the other way round, for people. */
export function differencesInWords(before: readonly string[], present: readonly string[]): string {
  const added = beyondApproval(before, present).map(lineInWords);
  const gone = beyondApproval(present, before).map(lineInWords);
  const parts = [
    ...(added.length === 0 ? [] : [`asked besides: ${added.join("; ")}`]),
    ...(gone.length === 0 ? [] : [`no longer asked: ${gone.join("; ")}`]),
  ];
  const said = parts.length === 0 ? "the lines are the same in another order" : parts.join("; ");
  return said.length <= MOST_SAID ? said : `${said.slice(0, MOST_SAID)} ...`;
}

/** One line of an approval for people: the frame, or a change. */
export function lineInWords(line: string): string {
  const { step, resource, attribute, after, playbook, stage, target, steps, blastRadius } = partsOf(line);
  if (typeof step !== "string") {
    if (typeof playbook !== "string") return line;
    const uses = Array.isArray(steps) ? steps.map((each) => partOf(each, "use")).join(", ") : "";
    return `playbook ${playbook}, stage ${String(stage)} on ${partOf(target, "instanceId")}: ${uses}`;
  }
  const of = typeof resource === "string" ? resource : "the instance";
  const hits = isRecord(blastRadius) ? ` (hits ${partOf(blastRadius, "what")})` : "";
  const what = typeof attribute === "string" ? ` ${attribute}` : "";
  return `${step} on ${of}${what}: ${typeof after === "string" ? after : JSON.stringify(after)}${hits}`;
}

function partsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const parts: unknown = JSON.parse(line);
    return isRecord(parts) ? parts : {};
  } catch {
    return {};
  }
}

function partOf(of: unknown, name: string): string {
  const part = isRecord(of) ? of[name] : null;
  return typeof part === "string" ? part : "unknown";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
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
