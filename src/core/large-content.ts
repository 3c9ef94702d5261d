import { z } from "zod";
import type { ArrivedPart, Laid, PartLimits, PartLinkWish, Upload, UploadWish } from "./content-in-parts.ts";
import type { VaultLink } from "./content-in-parts.ts";
import { runningHash } from "./running-hash.ts";
import type { Piece, Vault } from "./vault.ts";

/** An upload as the journal keeps it. */
export const uploadShape = z.strictObject({ key: z.string(), id: z.string(), partBytes: z.number() });

/**
 * The vault for a collection of one case whose content is too large to hold.
 *
 * How one survives a crash between any two calls: open, and return the upload as progress before the first part is put; then
 * put a bounded number of parts per call, with the state of the hash and the number of the next part in the progress; a part
 * put again replaces the first. Complete at last: done again, it is the same. What an upload becomes is no artifact until the
 * journal has it. Progress that has the upload as its member `upload` lets the engine abandon it when the act fails.
 */
export interface LargeContent {
  readonly limits: PartLimits;
  /** Null where the vault can be reached by this process only. */
  readonly links: {
    part(upload: Upload, wish: PartLinkWish): Promise<VaultLink>;
    /** To read what an operator laid into the vault, by its key there. */
    content(key: string, wish: { readonly withinMs: number }): Promise<VaultLink>;
  } | null;
  /**
   * Opens an upload under the case's own keys, as `<kind>/<name>` with the number of the attempt in the name. What attempts
   * before left open under the name is abandoned first.
   */
  open(kind: string, name: string, wish: UploadWish): Promise<Upload>;
  putPart(upload: Upload, number: number, content: Uint8Array): Promise<void>;
  /** @throws UploadGone */
  arrived(upload: Upload): Promise<readonly ArrivedPart[]>;
  /** @throws UploadGone */
  complete(upload: Upload, parts: number): Promise<Laid>;
  abandon(upload: Upload): Promise<void>;
  /** A piece of what the upload became; null when it is not there. */
  read(upload: Pick<Upload, "key">, piece: Piece): Promise<Uint8Array | null>;
  /** A running SHA-256 after more bytes, as text for the progress; from the beginning when there is none. */
  extendHash(state: string | null, bytes: Uint8Array): Promise<string>;
  /** The SHA-256 in hex of all that a running one has seen. */
  digest(state: string | null): Promise<string>;
}

interface LargeContentOptions {
  readonly vault: Vault;
  /** Under which everything of the case lies, with the slash at its end. */
  readonly prefix: string;
  /** Which attempt of the act this is: a process that was believed dead writes under another name than its heir. */
  readonly attempt: number;
  readonly signal: AbortSignal;
  /** Holds simulated time while the hash is loaded. */
  readonly hold: () => () => void;
}

/** The part of a vault that belongs to one act of one case. */
export function largeContent({ vault, prefix, attempt, signal, hold }: LargeContentOptions): LargeContent {
  const { parts } = vault;
  const own = <U extends Pick<Upload, "key">>(upload: U): U => {
    if (upload.key.startsWith(prefix)) return upload;
    throw new RangeError(`${upload.key} is no upload of this case`);
  };
  const hashing = async <T>(use: (hash: Awaited<ReturnType<typeof runningHash>>) => T): Promise<T> => {
    const release = hold();
    try {
      return use(await runningHash());
    } finally {
      release();
    }
  };
  const { links } = parts;
  return {
    limits: parts.limits,
    links: links && {
      part: (upload, wish) => links.part(own(upload), wish),
      content: (key, wish) => links.content(key, wish),
    },
    async open(kind, name, wish) {
      const { stem, extension } = split(name);
      const begins = `${prefix}${kind}/${stem}-`;
      for (const left of await parts.unfinished(begins))
        if (isAttempt(left.key, begins, extension)) await parts.abandon(left);
      return parts.open(`${begins}${attempt}${extension}`, wish, { signal });
    },
    putPart: (upload, number, content) => parts.putPart(own(upload), number, content, { signal }),
    arrived: (upload) => parts.arrived(own(upload)),
    complete: (upload, count) => parts.complete(own(upload), count, { signal }),
    abandon: (upload) => parts.abandon(own(upload)),
    read: ({ key }, piece) => vault.read(own({ key }).key, piece),
    extendHash: (state, bytes) => hashing((hash) => hash.extend(state, bytes)),
    digest: (state) => hashing((hash) => hash.digest(state)),
  };
}

function split(name: string): { readonly stem: string; readonly extension: string } {
  const at = name.lastIndexOf(".");
  return at < 0 ? { stem: name, extension: "" } : { stem: name.slice(0, at), extension: name.slice(at) };
}

/** Other names may begin alike: only the number of the attempt stands between. */
function isAttempt(key: string, begins: string, extension: string): boolean {
  return key.endsWith(extension) && /^\d+$/.test(key.slice(begins.length, key.length - extension.length));
}

/** The upload that an act's progress carries as its member `upload`; null where it has none. */
export function uploadIn(progress: unknown): Upload | null {
  const { upload } = (progress ?? {}) as { readonly upload?: unknown };
  const parsed = uploadShape.safeParse(upload);
  return parsed.success ? parsed.data : null;
}
