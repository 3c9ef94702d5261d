/** How an event that is too long for the journal is made to fit, and what is said about what was left out. */
import type { Check, Survivor } from "./containment.ts";
import type { Happening } from "./journal.ts";

/** The longest body: the rest of an event (hashes, case, actor) takes what is left of the 64 KiB. */
export const MAX_BODY_BYTES = 60_000;

/** From hardly shortened to as short as it gets: how many members of a list, and how many characters of a text are kept. */
const ROUNDS: readonly (readonly [members: number, characters: number])[] = [
  [200, 2000],
  [100, 500],
  [40, 300],
  [20, 200],
  [10, 120],
  [4, 80],
];

export function bytesOf(body: unknown): number {
  return Buffer.byteLength(JSON.stringify(body));
}

/** Whether a body fits into an event. The cheap look comes first: nearly all do. */
export function fits(body: unknown): boolean {
  const { length } = JSON.stringify(body);
  return length * 3 <= MAX_BODY_BYTES || (length <= MAX_BODY_BYTES && bytesOf(body) <= MAX_BODY_BYTES);
}

/** The parts of a plan, each of which fits; one change that is too long by itself stands alone. */
export function partsOfPlan(
  body: Extract<Happening, { type: "step.planned" }>,
): readonly Extract<Happening, { type: "step.planned" }>[] {
  const groups: (typeof body.changes)[number][][] = [[]];
  const frame = bytesOf({ ...body, changes: [] });
  let bytes = frame;
  for (const change of body.changes) {
    const more = bytesOf(change) + 1;
    const last = groups.at(-1);
    if (last && (last.length === 0 || bytes + more <= MAX_BODY_BYTES)) last.push(change);
    else {
      groups.push([change]);
      bytes = frame;
    }
    bytes += more;
  }
  return groups.map((changes, index) =>
    index === 0 ? { ...body, changes } : { ...body, changes, left: [], requests: [], continues: true },
  );
}

/** What the engine acts on is never cut: half of it would be acted on as if it were all. */
const UNCUT: ReadonlySet<string> = new Set(["changes", "outcome", "progress", "decidedBy", "target"]);

/** A body that fits, and what was left out of it; null where it cannot be made to fit without cutting what is acted on. */
export function cutToFit(body: Happening): { readonly body: Happening; readonly cut: string } | null {
  const ordered = inOrderOfWeight(body);
  for (const [members, characters] of ROUNDS) {
    const left = new Map<string, number>();
    const cut = Object.fromEntries(
      Object.entries(ordered).map(([name, value]) => [
        name,
        UNCUT.has(name) ? value : shorter(value, { members, characters, path: name, left }),
      ]),
    ) as unknown as Happening;
    if (bytesOf(cut) <= MAX_BODY_BYTES - 1000) return { body: cut, cut: cutInWords(left) };
  }
  return null;
}

function cutInWords(left: ReadonlyMap<string, number>): string {
  const parts = [...left]
    .slice(0, 10)
    .map(([path, count]) => (count === 0 ? `text of ${path}` : `${count} of ${path}`));
  return parts.join(", ").slice(0, 500);
}

interface Shortening {
  readonly members: number;
  readonly characters: number;
  readonly path: string;
  /** How many members were left out, by path; 0 for shortened texts. */
  readonly left: Map<string, number>;
}

function shorter(value: unknown, how: Shortening): unknown {
  const { members, characters, path, left } = how;
  if (typeof value === "string") {
    if (value.length <= characters) return value;
    if (!left.has(path)) left.set(path, 0);
    return `${value.slice(0, characters).replace(/[\uD800-\uDBFF]$/u, "")} ...`;
  }
  if (Array.isArray(value)) {
    if (value.length > members) left.set(path, (left.get(path) ?? 0) + value.length - members);
    return value.slice(0, members).map((each) => shorter(each, how));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, shorter(each, { ...how, path: `${path}.${name}` })]),
  );
}

/**
 * What decides comes first, so that cutting never makes an answer better than it was: checks that failed, and of the
 * survivors one of every kind and certainty.
 */
function inOrderOfWeight(body: Happening): Happening {
  if (body.type !== "assessment.made") return body;
  return { ...body, checks: failedFirst(body.checks), survivors: eachKindFirst(body.survivors) };
}

function failedFirst(checks: readonly Check[]): readonly Check[] {
  const failed = checks.filter(({ ok }) => !ok);
  const sealed = checks.filter(({ ok, kind }) => ok && kind === "sealed");
  const decides = (kind: Check["kind"]): readonly Check[] => failed.filter((check) => check.kind === kind).slice(0, 1);
  const first = [...decides("sealed"), ...decides("cut"), ...decides("credentials"), ...sealed.slice(0, 1)];
  return [...new Set([...first, ...failed, ...checks])];
}

function eachKindFirst(survivors: readonly Survivor[]): readonly Survivor[] {
  const first = new Map<string, Survivor>();
  for (const survivor of survivors) {
    const key = `${survivor.certainty} ${survivor.kind}`;
    if (!first.has(key)) first.set(key, survivor);
  }
  return [...new Set([...first.values(), ...survivors])];
}
