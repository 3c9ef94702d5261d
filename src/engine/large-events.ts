/** Puts what is too long for the journal into the vault by its hash, and leaves what the case needs in the event. */
import { evidencePrefix } from "../core/artifact.ts";
import { bytesOf, cutToFit, fits, MAX_BODY_BYTES, partsOfPlan } from "../core/event-length.ts";
import type { Happening } from "../core/journal.ts";
import { sha256 } from "../core/json.ts";
import type { Target } from "../core/step.ts";
import type { Vault } from "../core/vault.ts";

export interface LargeEvents {
  readonly vault: Pick<Vault, "put">;
  readonly caseId: string;
  /** Of the case; asked only when something is too long. */
  target(): Promise<Target>;
  readonly now: number;
}

/** The same happenings, each short enough for the journal. Never throws because of their length. */
export async function fitted(happenings: readonly Happening[], tools: LargeEvents): Promise<readonly Happening[]> {
  if (happenings.every(fits)) return happenings;
  const all: Happening[] = [];
  for (const body of happenings) all.push(...(fits(body) ? [body] : await fittedOne(body, tools)));
  return all;
}

async function fittedOne(body: Happening, tools: LargeEvents): Promise<readonly Happening[]> {
  if (body.type === "case.opened" && body.decidedBy && "playbook" in body.decidedBy) {
    const { target } = body;
    const kept = await keep(JSON.stringify(body.decidedBy), "decided-by", { ...tools, target: async () => target });
    const { decidedBy: _decidedBy, ...rest } = body;
    const known = "stored" in kept ? { decidedBy: { location: kept.location, sha256: kept.sha256 } } : {};
    const opened = await fittedOne({ ...rest, ...known }, { ...tools, target: async () => target });
    return "stored" in kept ? [...opened, kept.stored] : opened;
  }
  if (fits(body)) return [body];
  if (body.type === "step.planned" && body.changes.length > 1) {
    const parts = await Promise.all(partsOfPlan(body).map(async (part) => (fits(part) ? [part] : cut(part, tools))));
    return parts.flat();
  }
  return cut(body, tools);
}

async function cut(body: Happening, tools: LargeEvents): Promise<readonly Happening[]> {
  const short = cutToFit(body);
  if (short === null) return [instead(body)];
  const kept = await keep(JSON.stringify(body), body.type, tools);
  const { sha256: hash, bytes } = kept;
  if (!("stored" in kept))
    return [
      {
        ...short.body,
        whole: { artifact: null, sha256: hash, bytes, cut: `${short.cut}; the vault did not take it: ${kept.reason}` },
      },
    ];
  return [
    kept.stored,
    { ...short.body, whole: { artifact: kept.stored.artifact, sha256: hash, bytes, cut: short.cut } },
  ];
}

type Kept = {
  readonly sha256: string;
  readonly bytes: number;
} & (
  | { readonly location: string; readonly stored: Extract<Happening, { type: "artifact.stored" }> }
  | { readonly reason: string }
);

async function keep(text: string, name: string, { vault, caseId, target, now }: LargeEvents): Promise<Kept> {
  const content = new TextEncoder().encode(text);
  const hash = sha256(content);
  const artifact = `journal-event/${hash.slice(0, 16)}`;
  try {
    const key = `${evidencePrefix(caseId, await target())}journal-event/${name}-${hash.slice(0, 12)}.json`;
    const { location, bytes, lock } = await vault.put(key, content);
    const stored = {
      type: "artifact.stored",
      artifact,
      kind: "journal-event",
      item: null,
      location,
      sha256: hash,
      bytes,
      readAt: new Date(now).toISOString(),
      changesSent: [],
      lineage: { event: name },
      lock,
    } as const;
    return { sha256: hash, bytes, location, stored };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).slice(0, 300);
    return { sha256: hash, bytes: content.length, reason };
  }
}

/** For what cannot be cut: the step or the change fails by name, and the case goes on. */
function instead(body: Happening): Happening {
  const length = `${body.type} is ${bytesOf(body)} bytes long, and the journal takes ${MAX_BODY_BYTES}`;
  const code = "event_too_long";
  switch (body.type) {
    case "step.planned": {
      const remedy = "Carry this change out by hand, or give the step a narrower input.";
      const message = `${length}: it was not carried out.`;
      return { type: "step.failed", stage: body.stage, step: body.step, refused: true, code, message, remedy };
    }
    case "change.progressed":
    case "change.applied": {
      const message = `${length}: what was done stays, and a release looks at it.`;
      return { type: "change.failed", change: body.change, verb: "run", code, message, requests: [] };
    }
    default: {
      const until = new Date(0).toISOString();
      return { type: "act.postponed", subject: body.type, verb: "journal", code, message: length, until, requests: [] };
    }
  }
}
