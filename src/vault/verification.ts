import { createHash } from "node:crypto";
import { type Anchor, anchorFile, anchorPrefix, type Artifact, evidencePrefix } from "../core/artifact.ts";
import { caseOf, type CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import { type JournalEvent, verifyJournal } from "../core/journal.ts";
import { piecesOf, requireVaultKey, type Vault } from "../core/vault.ts";

/** What became of one piece of evidence. */
export interface ArtifactVerdict {
  readonly id: string;
  readonly kind: string;
  readonly location: string;
  /** `kept by AWS`: it has no content here, and no hash; only AWS can say whether it is still there. */
  readonly is: "whole" | "missing" | "altered" | "kept by AWS";
  readonly expected: string | null;
  readonly observed: string | null;
}

/** What the vault and the journal say of each other. */
export interface EvidenceVerdict {
  readonly case: string;
  readonly ok: boolean;
  /** Each in one sentence; empty when everything is as it was. */
  readonly faults: readonly string[];
  readonly events: number;
  readonly anchors: number;
  /** How many events the vault does not vouch for yet. */
  readonly afterLastAnchor: number;
  readonly artifacts: readonly ArtifactVerdict[];
  /** Files under the case's prefix that no event speaks of: left by a process that died between storing and journalling, or put there. */
  readonly unspokenOf: readonly string[];
}

/**
 * Holds a journal against its own hashes, against the heads that lie in the vault, and the vault's content against the hashes
 * that the journal has. Needs no AWS but the vault itself.
 */
export async function verifyEvidence(vault: Vault, events: readonly JournalEvent[]): Promise<EvidenceVerdict> {
  const state = readable(events);
  if (!state) return unreadable(events);
  const { anchors, faults: strange } = await readAnchors(vault, state);
  const artifacts: ArtifactVerdict[] = [];
  // One after another: each has a piece in memory while it is read.
  for (const artifact of state.artifacts) artifacts.push(await verifyArtifact(vault, artifact));
  const chain = verifyJournal(events);
  const faults = [
    ...(chain.ok ? [] : [`event ${chain.sequence} of the journal: ${chain.reason}`]),
    ...strange,
    ...anchors.flatMap((anchor) => anchorFault(events, anchor)),
    ...artifacts.flatMap(artifactFault),
  ];
  const last = Math.max(0, ...anchors.map(({ sequence }) => sequence));
  return {
    case: state.id,
    ok: faults.length === 0,
    faults,
    events: events.length,
    anchors: anchors.length,
    afterLastAnchor: Math.max(0, events.length - last),
    artifacts,
    unspokenOf: await unspokenOf(vault, state),
  };
}

/** Cases that the vault has heads of and the store knows nothing of: their journals are gone. */
export async function casesWithoutJournal(vault: Vault, known: ReadonlySet<string>): Promise<readonly string[]> {
  const files = await vault.list("cases/");
  const ids = files.flatMap(({ key }) => /^cases\/[^/]+\/[^/]+\/[^/]+\/([^/]+)\/journal\//.exec(key)?.[1] ?? []);
  return [...new Set(ids)].filter((id) => !known.has(id));
}

/** A journal that was tampered with may tell no story any more. */
function readable(events: readonly JournalEvent[]): CaseState | null {
  try {
    return caseOf(events);
  } catch {
    return null;
  }
}

function unreadable(events: readonly JournalEvent[]): EvidenceVerdict {
  const chain = verifyJournal(events);
  const reason = chain.ok ? "its events do not follow from one another" : `event ${chain.sequence}: ${chain.reason}`;
  return {
    case: events[0]?.case ?? "unknown",
    ok: false,
    faults: [`the journal cannot be read as the story of a case: ${reason}`],
    events: events.length,
    anchors: 0,
    afterLastAnchor: events.length,
    artifacts: [],
    unspokenOf: [],
  };
}

async function readAnchors(
  vault: Vault,
  { id, target }: CaseState,
): Promise<{ readonly anchors: readonly Anchor[]; readonly faults: readonly string[] }> {
  const files = await vault.list(anchorPrefix(id, target));
  const read = await Promise.all(files.map(async ({ key }) => ({ key, anchor: anchorIn(await vault.get(key), id) })));
  return {
    anchors: read.flatMap(({ anchor }) => anchor ?? []),
    faults: read.flatMap(({ key, anchor }) => (anchor ? [] : [`${key} in the vault is no head of this journal`])),
  };
}

function anchorIn(content: Uint8Array | null, caseId: string): Anchor | null {
  if (content === null) return null;
  try {
    const parsed = anchorFile.safeParse(JSON.parse(new TextDecoder().decode(content)));
    return parsed.success && parsed.data.case === caseId ? parsed.data : null;
  } catch {
    return null;
  }
}

function anchorFault(events: readonly JournalEvent[], { sequence, head, anchoredAt }: Anchor): readonly string[] {
  const event = events[sequence - 1];
  if (!event)
    return [
      `the journal ends at event ${events.length}; the vault has the head of event ${sequence}, from ${anchoredAt}`,
    ];
  return event.hash === head
    ? []
    : [`event ${sequence} of the journal is not the one whose head the vault has, from ${anchoredAt}`];
}

async function verifyArtifact(vault: Vault, artifact: Artifact): Promise<ArtifactVerdict> {
  const { id, kind, location, sha256: expected } = artifact;
  const key = vault.keyOf(location);
  if (key === null || expected === null) return { id, kind, location, is: "kept by AWS", expected, observed: null };
  const observed = await hashAt(vault, key);
  if (observed === "damaged") return { id, kind, location, is: "altered", expected, observed: null };
  if (observed === null) return { id, kind, location, is: "missing", expected, observed: null };
  return { id, kind, location, is: observed === expected ? "whole" : "altered", expected, observed };
}

/**
 * The SHA-256 of what lies under a key, read a piece at a time: a memory image is larger than this process may be.
 * Nothing lies under a key that leads out of the vault, as a location that somebody wrote into the journal can.
 */
async function hashAt(vault: Vault, key: string): Promise<string | null> {
  try {
    requireVaultKey(key);
  } catch {
    return null;
  }
  try {
    const pieces = await piecesOf(vault, key);
    if (pieces === null) return null;
    const hash = createHash("sha256");
    for await (const piece of pieces) hash.update(piece);
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof CordonError && error.code === "evidence_damaged") return "damaged";
    throw error;
  }
}

function artifactFault({ id, location, is, expected, observed }: ArtifactVerdict): readonly string[] {
  if (is === "missing") return [`${id} is missing: there is nothing at ${location}`];
  if (is === "altered" && observed === null)
    return [`${id} at ${location} is not what was put there, as its vault says`];
  if (is === "altered") return [`${id} at ${location} has the SHA-256 ${observed}; the journal says ${expected}`];
  if (is === "kept by AWS" && expected !== null) return [`${id} lies at ${location}, which is not in this vault`];
  return [];
}

async function unspokenOf(vault: Vault, { id, target, artifacts }: CaseState): Promise<readonly string[]> {
  const known = new Set(artifacts.map(({ location }) => vault.keyOf(location)));
  const prefix = evidencePrefix(id, target);
  const files = await vault.list(prefix);
  const ours = [anchorPrefix(id, target), `${prefix}manifest`];
  return files.map(({ key }) => key).filter((key) => !known.has(key) && !ours.some((start) => key.startsWith(start)));
}
