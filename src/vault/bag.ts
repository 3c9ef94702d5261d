import { createHash } from "node:crypto";
import { evidencePrefix } from "../core/artifact.ts";
import { caseOf } from "../core/case.ts";
import type { JournalEvent } from "../core/journal.ts";
import { sha256 } from "../core/json.ts";
import { piecesOf, type Vault } from "../core/vault.ts";
import { csv, type Tell, timelineCsv, timelineJsonLines, timelineOf } from "./timeline.ts";

/** A file of a bag, by its path in it. */
export interface BagFile {
  readonly path: string;
  /** Piece by piece: an artifact may be larger than memory. */
  readonly content: AsyncIterable<Uint8Array>;
}

export interface BagOptions {
  readonly events: readonly JournalEvent[];
  readonly tell: Tell;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly version: string;
  /** Who takes it out. */
  readonly by: string;
}

/** Nothing here: S3, or somebody, lost it. The bag is written without it and says so. */
export interface Bag {
  readonly files: number;
  readonly bytes: number;
  readonly missing: readonly string[];
}

/**
 * Writes a case as a BagIt bag (RFC 8493): the evidence as the vault has it, the journal, the custody log and the timeline.
 * One piece of one artifact is in memory at a time. `sha256sum -c manifest-sha256.txt` in the bag's folder checks it without Cordon.
 */
export async function writeBag(
  vault: Vault,
  { events, tell, now, version, by }: BagOptions,
  write: (file: BagFile) => Promise<void>,
): Promise<Bag> {
  const state = caseOf(events);
  const prefix = evidencePrefix(state.id, state.target);
  const payload = new Map<string, { readonly sha256: string; readonly bytes: number }>();
  const put = async (path: string, content: AsyncIterable<Uint8Array>): Promise<void> => {
    const sum = summed(content);
    await write({ path, content: sum.content });
    payload.set(path, sum.end());
  };
  const missing: string[] = [];
  for (const { key } of await vault.list(prefix)) {
    const content = await piecesOf(vault, key);
    if (content === null) missing.push(key);
    else await put(`data/evidence/${key.slice(prefix.length)}`, content);
  }
  const rows = timelineOf(events, tell);
  await put("data/journal.jsonl", whole(encode(events.map((event) => `${JSON.stringify(event)}\n`).join(""))));
  await put("data/custody.csv", whole(encode(custodyLog(events))));
  await put("data/timeline.jsonl", whole(encode(timelineJsonLines(rows))));
  await put("data/timeline.csv", whole(encode(timelineCsv(rows))));
  const bytes = [...payload.values()].reduce((sum, each) => sum + each.bytes, 0);
  const tags = [
    { path: "bagit.txt", content: encode("BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n") },
    {
      path: "bag-info.txt",
      content: encode(
        [
          `External-Identifier: ${state.id}`,
          `External-Description: ${state.target.instanceId} in account ${state.target.account}, ${state.target.region}`,
          `Bagging-Date: ${new Date(now).toISOString().slice(0, 10)}`,
          `Bag-Software-Agent: cordon ${version}`,
          `Contact-Name: ${oneLine(by)}`,
          `Payload-Oxum: ${bytes}.${payload.size}`,
          "",
        ].join("\n"),
      ),
    },
    {
      path: "manifest-sha256.txt",
      content: encode([...payload].map(([path, file]) => `${file.sha256}  ${path}\n`).join("")),
    },
  ];
  for (const { path, content } of tags) await write({ path, content: whole(content) });
  const sums = tags.map(({ path, content }) => `${sha256(content)}  ${path}\n`).join("");
  await write({ path: "tagmanifest-sha256.txt", content: whole(encode(sums)) });
  return { files: payload.size, bytes, missing };
}

/** Content that is counted and hashed while somebody else takes it, to its end. */
function summed(content: AsyncIterable<Uint8Array>): {
  readonly content: AsyncIterable<Uint8Array>;
  readonly end: () => { readonly sha256: string; readonly bytes: number };
} {
  const hash = createHash("sha256");
  let bytes = 0;
  const through = async function* (): AsyncGenerator<Uint8Array> {
    for await (const piece of content) {
      hash.update(piece);
      bytes += piece.length;
      yield piece;
    }
  };
  return { content: through(), end: () => ({ sha256: hash.digest("hex"), bytes }) };
}

async function* whole(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content;
}

/** Who did what to which piece of evidence, when: the chain of custody as the journal has it. */
function custodyLog(events: readonly JournalEvent[]): string {
  const rows = events.flatMap(({ time, actor, body, sequence, hash }): readonly (readonly string[])[] => {
    const by = `${actor.kind} ${actor.id} (${actor.channel})`;
    if (body.type === "artifact.stored") {
      const { artifact, kind, location, sha256: sum, bytes, readAt, lock } = body;
      const locked = lock === null ? "" : `${lock.mode} until ${lock.until}`;
      return [
        [
          time,
          by,
          "stored",
          artifact,
          kind,
          location,
          sum ?? "",
          bytes === null ? "" : String(bytes),
          readAt,
          locked,
          String(sequence),
          hash,
        ],
      ];
    }
    if (body.type === "evidence.exported")
      return [[time, by, "exported", "", "", body.to, "", String(body.bytes), "", "", String(sequence), hash]];
    return [];
  });
  return csv([
    ["time", "by", "what", "artifact", "kind", "location", "sha256", "bytes", "readAt", "lock", "event", "eventHash"],
    ...rows,
  ]);
}

/** A name that somebody chose must not begin a line of its own. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, " ");
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
