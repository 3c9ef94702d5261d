import {
  appendFileSync,
  chmodSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import {
  type ArrivedPart,
  type ContentInParts,
  type Laid,
  PART_LIMITS,
  requirePart,
  requirePartBytes,
  requireWhole,
  type Upload,
  UploadGone,
} from "../core/content-in-parts.ts";
import { sha256 } from "../core/json.ts";
import { inVaultWords } from "./folder-errors.ts";
import { flushFolder, makeFolders } from "./folders.ts";
import { MODES } from "./modes.ts";

interface Place {
  /** Where a key's file lies. @throws RangeError when the key leads out of the vault. */
  readonly pathOf: (key: string) => string;
  /** Where files are written before they get their name. */
  readonly incoming: string;
  /** Makes the folder of those files, closed to others. */
  readonly makeIncoming: () => void;
  readonly unlessMissing: <T>(read: () => T) => T | null;
}

const uploadFile = z.strictObject({ key: z.string() });

/**
 * Uploads of a vault in a directory: one file that each part is written into at its place, a list of the parts that are on
 * the disk, and a note of the key. The file gets its name when it is complete.
 *
 * One upload per key: whoever opens a second begins anew.
 */
export function directoryParts(place: Place): ContentInParts {
  const { pathOf, incoming, unlessMissing } = place;
  return {
    limits: PART_LIMITS,
    links: null,
    async open(key, { partBytes }, options) {
      options?.signal?.throwIfAborted();
      pathOf(key);
      requirePartBytes(partBytes);
      const upload = { key, id: sha256(key), partBytes };
      const { note } = filesOf(place, upload);
      inVaultWords(note, () => {
        place.makeIncoming();
        remove(place, upload);
        writeFileSync(note, JSON.stringify({ key }), { flag: "wx", mode: MODES.upload, flush: true });
      });
      return upload;
    },
    async putPart(upload, number, bytes, options) {
      options?.signal?.throwIfAborted();
      requirePart(upload, number, bytes.length);
      const { content, parts } = requireOpen(place, upload);
      inVaultWords(content, () => {
        writeAt(content, bytes, (number - 1) * upload.partBytes);
        appendFileSync(parts, `${number} ${bytes.length}\n`, { mode: MODES.upload, flush: true });
      });
    },
    arrived: async (upload) => arrivedOf(place, upload),
    async complete(upload, count, options) {
      options?.signal?.throwIfAborted();
      return inVaultWords(pathOf(upload.key), () => complete(place, upload, count));
    },
    async abandon(upload) {
      remove(place, upload);
    },
    async unfinished(prefix) {
      const notes = (unlessMissing(() => readdirSync(incoming)) ?? []).filter((name) => name.endsWith(".json"));
      return notes
        .map((name) => ({
          id: name.slice(0, -".json".length),
          key: uploadFile.parse(JSON.parse(readFileSync(join(incoming, name), "utf8"))).key,
        }))
        .filter(({ key }) => key.startsWith(prefix));
    },
  };
}

interface UploadFiles {
  readonly note: string;
  readonly content: string;
  readonly parts: string;
}

function filesOf({ incoming }: Place, { id }: Pick<Upload, "id">): UploadFiles {
  if (!/^[0-9a-f]{64}$/.test(id)) throw new RangeError(`${JSON.stringify(id)} is no upload of this vault`);
  const at = join(incoming, id);
  return { note: `${at}.json`, content: `${at}.content`, parts: `${at}.parts` };
}

function requireOpen(place: Place, upload: Pick<Upload, "id" | "key">): UploadFiles {
  const files = filesOf(place, upload);
  const note = place.unlessMissing(() => readFileSync(files.note, "utf8"));
  if (note === null || uploadFile.parse(JSON.parse(note)).key !== upload.key) throw new UploadGone(upload);
  return files;
}

function arrivedOf(place: Place, upload: Upload): readonly ArrivedPart[] {
  const { parts } = requireOpen(place, upload);
  const lines = place.unlessMissing(() => readFileSync(parts, "utf8")) ?? "";
  // What the last line break does not end, a dying process left half written.
  const whole = lines.slice(0, lines.lastIndexOf("\n") + 1);
  const sizes = new Map([...whole.matchAll(/^(\d+) (\d+)$/gm)].map(([, number, bytes]) => [Number(number), bytes]));
  return [...sizes]
    .map(([number, bytes]) => ({ number, bytes: Number(bytes) }))
    .sort((one, other) => one.number - other.number);
}

function complete(place: Place, upload: Upload, count: number): Laid {
  const { pathOf, unlessMissing } = place;
  const path = pathOf(upload.key);
  const { note, content } = filesOf(place, upload);
  // The name is given before the note is taken away: what lies there without a note is this upload's.
  if (unlessMissing(() => statSync(note)) === null) return unlessMissing(() => laidAt(path)) ?? gone(upload);
  const arrived = arrivedOf(place, upload);
  requireWhole(upload, arrived, count);
  const last = arrived.find(({ number }) => number === count)?.bytes ?? 0;
  closeWhole(content, (count - 1) * upload.partBytes + last);
  makeFolders(dirname(path), MODES.folder);
  giveName(content, path);
  flushFolder(dirname(path));
  remove(place, upload);
  return laidAt(path);
}

/** The note last: without it the rest is never found. */
function remove(place: Place, upload: Pick<Upload, "id">): void {
  const { content, parts, note } = filesOf(place, upload);
  for (const file of [content, parts, note]) rmSync(file, { force: true });
}

function gone(upload: Upload): never {
  throw new UploadGone(upload);
}

function laidAt(path: string): Laid {
  return { location: path, bytes: statSync(path).size, lock: null, version: null };
}

function writeAt(path: string, bytes: Uint8Array, offset: number): void {
  const handle = openSync(path, constants.O_RDWR | constants.O_CREAT, MODES.upload);
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at, bytes.length - at, offset + at);
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** A last part that came again, and smaller, leaves bytes of the first behind it. */
function closeWhole(path: string, bytes: number): void {
  if (statSync(path).size !== bytes) truncateSync(path, bytes);
  const handle = openSync(path, "r"); // A process that died here has taken the right to write away already.
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  chmodSync(path, MODES.file);
}

/** Under its name already, from a process that died right after: the same file. */
function giveName(draft: string, path: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (statSync(path).ino !== statSync(draft).ino)
      throw new Error(`${path} holds other content already`, { cause: error });
  }
}
