/**
 * An upload that was opened. It outlives the process: whoever has it, such as the journal as an act's progress, goes on
 * with it. It is no secret: by itself it lets nobody write.
 */
export interface Upload {
  readonly key: string;
  /** By which the vault knows it. */
  readonly id: string;
  /** The size of every part but the last, which may be smaller. */
  readonly partBytes: number;
}

/** How an upload is opened. */
export interface UploadWish {
  readonly partBytes: number;
  /**
   * `us`: by this process, each part with its SHA-256. `others`: through links, with no SHA-256 known before; the vault
   * then keeps a checksum of its own kind of the whole.
   */
  readonly sentBy: "us" | "others";
}

/** A part that arrived. */
export interface ArrivedPart {
  /** Counted from 1. */
  readonly number: number;
  readonly bytes: number;
}

/** What became of an upload: content under its key, of which nobody has said a SHA-256 yet. */
export interface Laid {
  readonly location: string;
  readonly bytes: number;
  readonly lock: { readonly mode: "governance" | "compliance"; readonly until: string } | null;
  readonly version: string | null;
}

/** An address by which whoever has it may do one thing for a while, and the headers that must be sent with it. */
export interface VaultLink {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970: never later than the credentials that signed it end. */
  readonly until: number;
}

/** What a link to one part lets through. */
export interface PartLinkWish {
  readonly number: number;
  /** Bound by the signature where it is known: content of another length is refused. */
  readonly bytes?: number;
  /** Of the part, in hex. Bound by the signature where it is known; only for an upload that is `sentBy: "us"`. */
  readonly sha256?: string;
  readonly withinMs: number;
  /**
   * When it is signed, in milliseconds since 1970; now when left out. Links to parts of one upload that are signed at one
   * time with the same credentials differ in nothing but their number and their signature.
   */
  readonly signedAt?: number;
}

/** Gives away, for a while, what only the vault's own identity may do. */
export interface VaultLinks {
  /** Lets somebody else PUT one part. */
  part(upload: Upload, wish: PartLinkWish): Promise<VaultLink>;
  /** Lets somebody else GET what lies under a key. */
  content(key: string, wish: { readonly withinMs: number }): Promise<VaultLink>;
}

export interface PartLimits {
  readonly smallestPartBytes: number;
  readonly largestPartBytes: number;
  readonly mostParts: number;
}

/**
 * Content that is too large to hold: it comes part by part, and lies under its key only when it is complete.
 *
 * A part that is put again replaces the first. Every call may be made again after a crash, also by another process.
 */
export interface ContentInParts {
  readonly limits: PartLimits;
  /** Null where nobody but this process can reach the vault. */
  readonly links: VaultLinks | null;
  /** @throws RangeError when the key leads out of the vault, or the parts are too small or too large. */
  open(key: string, wish: UploadWish, options?: { readonly signal?: AbortSignal }): Promise<Upload>;
  /** @throws UploadGone */
  putPart(
    upload: Upload,
    number: number,
    content: Uint8Array,
    options?: { readonly signal?: AbortSignal },
  ): Promise<void>;
  /** What arrived, by number. @throws UploadGone when it was abandoned, or is complete. */
  arrived(upload: Upload): Promise<readonly ArrivedPart[]>;
  /**
   * Lays parts 1 to `parts` under the key as one artifact, locked as the vault locks. Done again, it is the same.
   *
   * @throws UploadGone when it was abandoned; Error when a part is missing, or something else lies under the key.
   */
  complete(upload: Upload, parts: number, options?: { readonly signal?: AbortSignal }): Promise<Laid>;
  /** Throws the parts away. Nothing happens where that was done before, nor to what is complete. */
  abandon(upload: Pick<Upload, "key" | "id">): Promise<void>;
  /** Uploads under a prefix that are neither complete nor abandoned. */
  unfinished(prefix: string): Promise<readonly Pick<Upload, "key" | "id">[]>;
}

/** There is no such upload any more: it was abandoned, here or by a rule of the bucket. */
export class UploadGone extends Error {
  constructor({ key }: Pick<Upload, "key">, options?: ErrorOptions) {
    super(`the upload of ${key} is gone`, options);
  }
}

const MIB = 1024 * 1024;

/** What S3 takes, and therefore every vault: https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const PART_LIMITS: PartLimits = {
  smallestPartBytes: 5 * MIB,
  largestPartBytes: 5 * 1024 * MIB,
  mostParts: 10_000,
};

/** @throws RangeError */
export function requirePartBytes(partBytes: number): void {
  const { smallestPartBytes, largestPartBytes } = PART_LIMITS;
  if (Number.isInteger(partBytes) && partBytes >= smallestPartBytes && partBytes <= largestPartBytes) return;
  throw new RangeError(`parts of ${partBytes} bytes: they have between ${smallestPartBytes} and ${largestPartBytes}`);
}

/** @throws RangeError for what is no part of the upload: only the last part may be smaller than the others. */
export function requirePart({ partBytes }: Upload, number: number, bytes: number): void {
  const isNumber = Number.isInteger(number) && number >= 1 && number <= PART_LIMITS.mostParts;
  if (isNumber && bytes >= 1 && bytes <= partBytes) return;
  throw new RangeError(`part ${number} of ${bytes} bytes: parts are numbered from 1 and have up to ${partBytes} bytes`);
}

/** @throws Error unless parts 1 to `count` are there, each but the last of full size. */
export function requireWhole({ key, partBytes }: Upload, arrived: readonly ArrivedPart[], count: number): void {
  const sizes = new Map(arrived.map(({ number, bytes }) => [number, bytes]));
  for (let number = 1; number <= count; number++) {
    const bytes = sizes.get(number);
    if (bytes === undefined) throw new Error(`part ${number} of ${key} never arrived`);
    if (number < count && bytes !== partBytes)
      throw new Error(`part ${number} of ${key} has ${bytes} bytes, not ${partBytes}`);
  }
  if (count < 1) throw new Error(`${key} has no part`);
}
