import { z } from "zod";
import type { EventLookup } from "../../aws/cloudtrail-events.ts";
import type { Sender } from "../../aws/sender.ts";
import type { ArtifactDraft } from "../../core/artifact.ts";
import { expectThat, type Verification } from "../../core/step.ts";
import { type Older, readRecords, type Records } from "./cloudtrail-records.ts";

/** Parts of one look: 20,000 events, and less than four minutes at two calls a second. */
const MOST_PARTS = 10;

const artifact = z.strictObject({
  kind: z.string(),
  location: z.string(),
  sha256: z.string().nullable(),
  bytes: z.number().nullable(),
  readAt: z.number(),
  lineage: z.json(),
  lock: z.strictObject({ mode: z.enum(["governance", "compliance"]), until: z.string() }).nullable(),
});

/** How far a look is. A part that lies in the vault counts once the journal has it here: one that is read again has its place. */
export const lookProgress = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("waiting"), since: z.number() }),
  z.strictObject({
    phase: z.literal("reading"),
    /** Where the next part begins, in milliseconds since 1970, and what of that second is there already. */
    to: z.number(),
    known: z.array(z.string()),
    artifacts: z.array(artifact),
  }),
]);

export type LookProgress = z.infer<typeof lookProgress>;

/** One part of a look. */
export interface Part {
  /** Counted from 1. */
  readonly number: number;
  readonly records: Records;
  /** Where the next part begins; null where this is the last. */
  readonly next: Older | null;
  /** What is in no part, in words; null where nothing is missing. */
  readonly cut: string | null;
}

/** Reads the next part. What comes after the last that is allowed is left out, and so are the oldest events. */
export async function readPart(
  cloudtrail: Sender,
  lookup: EventLookup,
  { number, known }: { readonly number: number; readonly known: readonly string[] },
): Promise<Part> {
  const records = await readRecords(cloudtrail, lookup, known);
  const { bound, older, crowded } = records;
  const next = number < MOST_PARTS ? older : null;
  const reason = older === null ? bound : `there are more than ${MOST_PARTS} parts of them`;
  const cuts = [
    ...(crowded === null ? [] : [`of the second ${new Date(crowded).toISOString()} some are left out: ${bound}`]),
    ...(next !== null || bound === null ? [] : [`the oldest are left out: ${reason}`]),
  ];
  return { number, records, next, cut: cuts.length === 0 ? null : cuts.join("; ") };
}

const lineageWithCut = z.object({ cut: z.string() });

/** Ok when the vault took every part and named its hash; what is in no part is told with it. */
export function expectParts(what: string, artifacts: readonly ArtifactDraft[]): Verification {
  const isStored = artifacts.length > 0 && artifacts.every(({ sha256 }) => sha256 !== null);
  const missing = artifacts.flatMap(({ lineage }) => lineageWithCut.safeParse(lineage).data?.cut ?? []);
  return expectThat(`${what} in the vault`, isStored, {
    expected: artifacts.length > 1 ? `${artifacts.length} parts with their hashes` : "one artifact with its hash",
    observed: [
      ...missing.map((cut) => `NOT WHOLE: ${cut}`),
      ...artifacts.map(({ location, sha256 }) => `${location} sha256 ${sha256 ?? "unknown"}`),
    ],
  });
}
