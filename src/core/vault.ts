import type { ContentInParts } from "./content-in-parts.ts";

/** What a vault says about an artifact that it holds. */
export interface Stored {
  /** Where it lies, for people and for `keyOf`. */
  readonly location: string;
  /** Of the whole content, in lower-case hex. */
  readonly sha256: string;
  readonly bytes: number;
  /** How long nobody may delete it, where the vault can forbid that; null where it cannot. */
  readonly lock: { readonly mode: "governance" | "compliance"; readonly until: string } | null;
  /** The version under the key, where the vault counts versions. */
  readonly version: string | null;
}

/** Where evidence lies. What was put there is never written again. */
export interface Vault {
  /**
   * Stores content under a key such as `cases/<account>/<region>/<instance>/<case>/assessment/1.json`.
   * Putting the same content again is the same; other content under a known key throws.
   *
   * @throws RangeError when the key leads out of the vault.
   */
  put(key: string, content: Uint8Array, options?: { readonly signal?: AbortSignal }): Promise<Stored>;
  /** What lies under a key; null when nothing does. The caller compares its hash: a vault gives back what it has. */
  get(key: string): Promise<Uint8Array | null>;
  /**
   * A piece of what lies under a key: up to `bytes` of it from an offset on, fewer or none at its end; null when nothing
   * lies there. Nothing is compared: a piece has no hash.
   */
  read(key: string, piece: Piece): Promise<Uint8Array | null>;
  /** Everything whose key begins with the prefix, in the order of the keys. */
  list(prefix: string): Promise<readonly { readonly key: string; readonly bytes: number }[]>;
  /** The key of a location that `put` returned; null when it is not of this vault. */
  keyOf(location: string): string | null;
  /** For what is too large to hold. */
  readonly parts: ContentInParts;
}

/** Which piece of an artifact. */
export interface Piece {
  readonly from: number;
  readonly bytes: number;
}

/** What is held of an artifact at a time, while all of it is read. */
const PIECE_BYTES = 8 * 1024 * 1024;

/** No artifact is longer: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
const MOST_BYTES = 50 * 1024 ** 4;

/**
 * All that lies under a key, piece by piece; null when nothing lies there.
 *
 * A vault gives what it has: the caller compares the hash of the whole.
 */
export async function piecesOf(
  vault: Pick<Vault, "read">,
  key: string,
  pieceBytes = PIECE_BYTES,
): Promise<AsyncIterable<Uint8Array> | null> {
  const first = await vault.read(key, { from: 0, bytes: pieceBytes });
  if (first === null) return null;
  return (async function* () {
    let piece: Uint8Array | null = first;
    for (let from = 0; from < MOST_BYTES && piece !== null && piece.length > 0;) {
      yield piece;
      from += piece.length;
      if (piece.length < pieceBytes) return;
      piece = await vault.read(key, { from, bytes: pieceBytes });
    }
  })();
}

/** The longest key that S3 takes: https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const LONGEST_KEY_BYTES = 1024;

/** Bytes that no file system and no listing carries unharmed. */
const control = /\p{Cc}/u;

/**
 * Holds a key to what every vault takes, so that evidence can move from one kind to another:
 * names parted by single slashes, none of which steps up or stays.
 *
 * @throws RangeError
 */
export function requireVaultKey(key: string): void {
  const names = key.split("/");
  const isPath = names.every((name) => name !== "" && name !== "." && name !== "..");
  if (isPath && !key.includes("\\") && !control.test(key) && Buffer.byteLength(key) <= LONGEST_KEY_BYTES) return;
  throw new RangeError(`the key ${JSON.stringify(key)} leads out of the vault, or is no key`);
}

/** Orders keys as S3 lists them: by their bytes in UTF-8. */
export function byKey(one: { readonly key: string }, other: { readonly key: string }): number {
  return Buffer.compare(Buffer.from(one.key), Buffer.from(other.key));
}
