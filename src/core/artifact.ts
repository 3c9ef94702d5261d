import { z } from "zod";
import { PART_LIMITS } from "./content-in-parts.ts";
import type { Json } from "./json.ts";
import type { LargeContent } from "./large-content.ts";
import type { Target } from "./step.ts";
import type { Stored } from "./vault.ts";

/** One piece of evidence, as a collection hands it over. */
export interface ArtifactDraft {
  /** `console-screenshot`, `volume-snapshot` ... */
  readonly kind: string;
  /** Where it lies: what the vault returned, or the ARN of what AWS keeps. */
  readonly location: string;
  /** Null for what has no content hash of its own: an EBS snapshot has none. */
  readonly sha256: string | null;
  /** Null where nobody can say. */
  readonly bytes: number | null;
  /** When it was read, or requested, in milliseconds since 1970. */
  readonly readAt: number;
  /** Where it comes from and how: volume, device, key, command, exit code. */
  readonly lineage: Json;
  /** Until when nobody can delete it; null where nothing locks it. */
  readonly lock: Stored["lock"];
}

/** One piece of evidence, as the journal keeps it. */
export interface Artifact extends ArtifactDraft {
  /** `preserve.console-screenshot/i-0abc/1`: the item it came from, and its number. */
  readonly id: string;
  /** The item's id; null for what an assessment wrote. */
  readonly item: string | null;
  /** Ids of the changes that had been sent to AWS when it was read: what it may already show. */
  readonly changesSent: readonly string[];
}

/** Where a collection puts content. */
export interface CaseVault {
  /**
   * Stores content under the case's own keys, as `<kind>/<name>`, with the first half of its hash in the name: a process
   * that died between storing and journalling leaves a file that nothing speaks of, and never one that is in the way.
   */
  put(kind: string, name: string, content: Uint8Array): Promise<Stored>;
  /** For content that is too large to hold. */
  readonly large: LargeContent;
}

/** The vault of who keeps no evidence. */
export function noVault(reason: string): CaseVault {
  const refuse = (): Promise<never> => Promise.reject(new TypeError(reason));
  const large: LargeContent = {
    limits: PART_LIMITS,
    links: null,
    open: refuse,
    putPart: refuse,
    arrived: refuse,
    complete: refuse,
    abandon: refuse,
    read: refuse,
    extendHash: refuse,
    digest: refuse,
  };
  return { put: refuse, large };
}

/** An artifact of content that the vault took. */
export function stored(
  kind: string,
  { location, sha256, bytes, lock }: Stored,
  of: { readonly readAt: number; readonly lineage: Json },
): ArtifactDraft {
  return { kind, location, sha256, bytes, lock, ...of };
}

/** Under which all that the vault has of a case lies. */
export function evidencePrefix(caseId: string, { account, region, instanceId }: Target): string {
  return `cases/${account}/${region}/${instanceId}/${caseId}/`;
}

/** Under which the heads of a case's journal lie. */
export function anchorPrefix(caseId: string, target: Target): string {
  return `${evidencePrefix(caseId, target)}journal/`;
}

/** What lies in the vault of a journal: whoever cuts the journal off before it, or rewrites it, is found out. */
export const anchorFile = z.strictObject({
  case: z.string(),
  sequence: z.int().min(1),
  head: z.string().regex(/^[0-9a-f]{64}$/),
  anchoredAt: z.string(),
});

export type Anchor = z.infer<typeof anchorFile>;
