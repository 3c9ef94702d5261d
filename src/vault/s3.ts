import { ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { sha256 } from "../core/json.ts";
import { byKey, requireVaultKey, type Stored, type Vault } from "../core/vault.ts";
import {
  HASH_METADATA,
  locationOf,
  named,
  readObject,
  readPiece,
  storedAt,
  type ArtifactPlace,
} from "./s3-artifact.ts";
import { requireFitBucket } from "./s3-bucket.ts";
import { codeOf, untilSettled, type S3Access, type S3Sender } from "./s3-calls.ts";
import { s3Links, type S3Presigner } from "./s3-links.ts";
import { putInParts, requireSame, USUAL_SIZES, type PartSizes } from "./s3-parts.ts";
import { protection, type Description, type Protection } from "./s3-protection.ts";
import { s3Uploads } from "./s3-uploads.ts";

export interface S3VaultOptions extends S3Access, Protection {
  readonly bucket: string;
  /** Stands before every key, for example `cordon/`; nothing when left out. */
  readonly prefix?: string;
  /** The account that the bucket must belong to: a bucket that somebody else took under its name is refused. */
  readonly owner?: string;
  /** What counts as large; above 16 MiB, in parts of 8 MiB, when left out. */
  readonly sizes?: PartSizes;
  /** Signs addresses for somebody else; without it the vault gives no links. */
  readonly presigner?: S3Presigner;
}

/** Pages of a listing after which it is given up: a million artifacts. */
const MOST_PAGES = 1000;

/**
 * A vault in a bucket of S3.
 *
 * Writes once: a put is refused by S3 itself when something lies there, and then counts as the same artifact if its
 * SHA-256 is. Content is sent with its SHA-256, which S3 compares before it stores, and its answer is compared again.
 *
 * Needs versioning and, where artifacts are locked, Object Lock; needs `s3:ListBucket` to tell an artifact that is not
 * there from one that may not be read. Reads the newest version of an artifact: whoever may write to the bucket by other
 * means can lay another on top, which the hash of the artifact tells, and the version that was put stays.
 */
export function s3Vault(options: S3VaultOptions): Vault {
  const { bucket, prefix = "", owner = null, clock } = options;
  const root = locationOf({ bucket, objectKey: prefix });
  const placeOf = (key: string): ArtifactPlace => {
    requireVaultKey(key);
    requireVaultKey(prefix + key);
    return { bucket, objectKey: prefix + key, owner };
  };
  let fit: Promise<void> | null = null;
  const requireFit = async (s3: S3Sender): Promise<void> => {
    fit ??= requireFitBucket(s3, { bucket, owner, isLocked: (options.lock ?? null) !== null });
    try {
      await fit;
    } catch (error) {
      fit = null; // Somebody may repair it.
      throw error;
    }
  };
  const settled = <T>(act: (s3: S3Sender, signal: AbortSignal) => Promise<T>, given?: AbortSignal): Promise<T> => {
    const signal = given ?? new AbortController().signal;
    return untilSettled(() => act(options.sender(signal), signal), { ...options, signal });
  };
  return {
    async put(key, content, { signal: given } = {}) {
      const place = placeOf(key);
      const bytes = Uint8Array.from(content); // A copy: a second attempt must send what the first did.
      return settled(async (s3, signal) => {
        await requireFit(s3);
        return putOnce(options, { s3, signal, place }, bytes);
      }, given);
    },
    async get(key) {
      const place = placeOf(key);
      return settled((s3) => readObject(s3, place, clock));
    },
    async read(key, piece) {
      const place = placeOf(key);
      return settled((s3) => readPiece(s3, { place, piece }, clock));
    },
    list: (wanted) => settled((s3) => listObjects(s3, { bucket, owner, prefix, wanted })),
    keyOf(location) {
      if (!location.startsWith(root)) return null;
      const key = location.slice(root.length);
      try {
        requireVaultKey(key);
        return key;
      } catch {
        return null;
      }
    },
    parts: s3Uploads({
      options,
      placeOf,
      settled,
      requireFit,
      root: { bucket, owner, prefix },
      links: options.presigner === undefined ? null : s3Links(options.presigner, placeOf),
    }),
  };
}

interface PutTools {
  readonly s3: S3Sender;
  readonly signal: AbortSignal;
  readonly place: ArtifactPlace;
}

/** One attempt: what lies there already, from an attempt before or from another process, is compared. */
async function putOnce(options: S3VaultOptions, { s3, signal, place }: PutTools, content: Uint8Array): Promise<Stored> {
  const hash = sha256(content);
  const description: Description = { Metadata: { [HASH_METADATA]: hash }, ...protection(options) };
  try {
    const { VersionId } =
      content.length > (options.sizes ?? USUAL_SIZES).aboveBytes
        ? await putLarge(options, { s3, signal, place }, content, description)
        : await putWhole(s3, place, content, description);
    const until = description.ObjectLockRetainUntilDate;
    // Without a wish of ours the bucket's default holds, which only a look can tell.
    if (until === undefined || VersionId === undefined)
      return mustBe(await storedAt(s3, place, options.clock), hash, place);
    const lock = { mode: options.lock?.mode ?? "governance", until: until.toISOString() } as const;
    return { location: locationOf(place), sha256: hash, bytes: content.length, lock, version: VersionId };
  } catch (error) {
    if (codeOf(error) !== "PreconditionFailed") throw error;
    return mustBe(await storedAt(s3, place, options.clock), hash, place);
  }
}

async function putWhole(
  s3: S3Sender,
  place: ArtifactPlace,
  content: Uint8Array,
  description: Description,
): Promise<{ readonly VersionId?: string | undefined }> {
  const digest = Buffer.from(description.Metadata?.[HASH_METADATA] ?? "", "hex").toString("base64");
  const answer = await s3.send(
    new PutObjectCommand({
      ...named(place),
      ...description,
      Body: content,
      ContentLength: content.length,
      IfNoneMatch: "*",
      ChecksumSHA256: digest,
    }),
  );
  requireSame(answer.ChecksumSHA256, digest, place);
  return answer;
}

/** Looks first: what lies there need not be sent again. */
async function putLarge(
  { clock, random, sizes = USUAL_SIZES }: S3VaultOptions,
  { s3, signal, place }: PutTools,
  content: Uint8Array,
  description: Description,
): Promise<{ readonly VersionId?: string | undefined }> {
  const present = await storedAt(s3, place, clock);
  if (present) throw Object.assign(new Error("something lies there"), { awsCode: "PreconditionFailed" });
  return putInParts({ s3, signal, place, clock, random, partBytes: sizes.partBytes }, content, description);
}

/** What lies there must be what was to be put. */
function mustBe(stored: Stored | null, hash: string, place: ArtifactPlace): Stored {
  if (!stored) throw new Error(`${locationOf(place)} was deleted while it was put`);
  if (stored.sha256 === hash) return stored;
  throw new Error(`${stored.location} holds other content already: SHA-256 ${stored.sha256}, not ${hash}`);
}

async function listObjects(
  s3: S3Sender,
  { bucket, owner, prefix, wanted }: { readonly bucket: string; readonly owner: string | null } & Listing,
): Promise<readonly { readonly key: string; readonly bytes: number }[]> {
  const found: { readonly key: string; readonly bytes: number }[] = [];
  const place = { Bucket: bucket, ...(owner === null ? {} : { ExpectedBucketOwner: owner }), Prefix: prefix + wanted };
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await s3.send(
      new ListObjectsV2Command({ ...place, ...(token === undefined ? {} : { ContinuationToken: token }) }),
    );
    for (const { Key = "", Size = 0 } of answer.Contents ?? [])
      found.push({ key: Key.slice(prefix.length), bytes: Size });
    token = answer.IsTruncated === true ? answer.NextContinuationToken : undefined;
    if (token === undefined) return found.sort(byKey);
  }
  throw new Error(`more than ${MOST_PAGES} pages of artifacts under ${prefix}${wanted} in ${bucket}`);
}

interface Listing {
  readonly prefix: string;
  readonly wanted: string;
}
