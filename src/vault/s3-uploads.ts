import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  type ListMultipartUploadsOutput,
  type Part,
} from "@aws-sdk/client-s3";
import { createHash } from "node:crypto";
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
  type VaultLinks,
} from "../core/content-in-parts.ts";
import { headOf, laidIn, locationOf, named, type ArtifactPlace } from "./s3-artifact.ts";
import { codeOf, type S3Access, type S3Sender } from "./s3-calls.ts";
import { uploadIdIn } from "./s3-links.ts";
import { requireSame } from "./s3-parts.ts";
import { protection, type Protection } from "./s3-protection.ts";

interface UploadTools {
  readonly options: Protection & Pick<S3Access, "random">;
  readonly placeOf: (key: string) => ArtifactPlace;
  readonly settled: <T>(act: (s3: S3Sender) => Promise<T>, signal?: AbortSignal) => Promise<T>;
  readonly requireFit: (s3: S3Sender) => Promise<void>;
  readonly root: { readonly bucket: string; readonly owner: string | null; readonly prefix: string };
  readonly links: VaultLinks | null;
}

/** The metadata by which what lies under a key is known as what an upload became. */
const MARK_METADATA = "upload";

/** Pages of a list after which it is given up: 10,000 parts are ten, by a thousand each. */
const MOST_PAGES = 100;

/** Uploads in parts of a vault in a bucket. */
export function s3Uploads({ options, placeOf, settled, requireFit, root, links }: UploadTools): ContentInParts {
  return {
    limits: PART_LIMITS,
    links,
    async open(key, { partBytes, sentBy }, { signal } = {}) {
      requirePartBytes(partBytes);
      const place = placeOf(key);
      const mark = wordOf(options.random);
      return settled(async (s3) => {
        await requireFit(s3);
        const { UploadId } = await s3.send(
          new CreateMultipartUploadCommand({
            ...named(place),
            ...protection(options),
            Metadata: { [MARK_METADATA]: mark },
            ...checksumOf(sentBy),
          }),
        );
        if (UploadId === undefined) throw new TypeError("CreateMultipartUpload answered without an id");
        return { key, id: `${mark}:${UploadId}`, partBytes };
      }, signal);
    },
    async putPart(upload, number, content, { signal } = {}) {
      requirePart(upload, number, content.length);
      const place = placeOf(upload.key);
      const bytes = Uint8Array.from(content); // A copy: a second attempt must send what the first did.
      await settled((s3) => unlessGone(upload, () => sendPart(s3, { upload, place, number, bytes })), signal);
    },
    async arrived(upload) {
      const place = placeOf(upload.key);
      return settled((s3) => unlessGone(upload, async () => (await partsOf(s3, upload, place)).map(arrivedPart)));
    },
    async complete(upload, count, { signal } = {}) {
      const place = placeOf(upload.key);
      return settled((s3) => completeOnce(s3, { upload, place, count }), signal);
    },
    async abandon({ key, id }) {
      const place = placeOf(key);
      const { UploadId } = uploadIdIn(id);
      await settled(async (s3) => {
        try {
          await s3.send(new AbortMultipartUploadCommand({ ...named(place), UploadId }));
        } catch (error) {
          if (codeOf(error) !== "NoSuchUpload") throw error;
        }
      });
    },
    unfinished: (prefix) => settled((s3) => unfinishedUnder(s3, root, prefix)),
  };
}

/**
 * S3 wants each part of a SHA-256 upload with its SHA-256, and a header of AWS that is not signed is refused: what others
 * send through links made before has none. CRC-64/NVME is S3's own, over the whole.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
function checksumOf(sentBy: "us" | "others") {
  if (sentBy === "us") return { ChecksumAlgorithm: "SHA256", ChecksumType: "COMPOSITE" } as const;
  return { ChecksumAlgorithm: "CRC64NVME", ChecksumType: "FULL_OBJECT" } as const;
}

interface Sent {
  readonly upload: Upload;
  readonly place: ArtifactPlace;
  readonly number: number;
  readonly bytes: Uint8Array;
}

async function sendPart(s3: S3Sender, { upload, place, number, bytes }: Sent): Promise<void> {
  const digest = createHash("sha256").update(bytes).digest("base64");
  const { UploadId } = uploadIdIn(upload.id);
  const { ChecksumSHA256 } = await s3.send(
    new UploadPartCommand({ ...named(place), UploadId, PartNumber: number, Body: bytes, ChecksumSHA256: digest }),
  );
  requireSame(ChecksumSHA256, digest, place);
}

async function partsOf(s3: S3Sender, { id }: Upload, place: ArtifactPlace): Promise<readonly Part[]> {
  const { UploadId } = uploadIdIn(id);
  const parts: Part[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await s3.send(
      new ListPartsCommand({
        ...named(place),
        UploadId,
        ...(marker === undefined ? {} : { PartNumberMarker: marker }),
      }),
    );
    parts.push(...(answer.Parts ?? []));
    marker = answer.IsTruncated === true ? answer.NextPartNumberMarker : undefined;
    if (marker === undefined) return parts;
  }
  throw new Error(`more than ${MOST_PAGES} pages of parts of ${locationOf(place)}`);
}

function arrivedPart({ PartNumber = 0, Size = 0 }: Part): ArrivedPart {
  return { number: PartNumber, bytes: Size };
}

/**
 * One attempt. What lies there already is this upload's when it carries its mark: an attempt before had its effect, and
 * its answer was lost, or the process died.
 */
async function completeOnce(
  s3: S3Sender,
  { upload, place, count }: Pick<Sent, "upload" | "place"> & { readonly count: number },
): Promise<Laid> {
  const { UploadId, mark } = uploadIdIn(upload.id);
  const present = await headOf(s3, place);
  if (present) return mustBear(mark, present.Metadata, laidIn(present, place));
  const parts = await unlessGone(upload, () => partsOf(s3, upload, place));
  requireWhole(upload, parts.map(arrivedPart), count);
  try {
    await s3.send(
      new CompleteMultipartUploadCommand({
        ...named(place),
        UploadId,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: parts.slice(0, count).map(namedPart) },
      }),
    );
  } catch (error) {
    if (codeOf(error) !== "PreconditionFailed" && codeOf(error) !== "NoSuchUpload") throw error;
  }
  const head = await headOf(s3, place);
  if (!head) throw new UploadGone(upload);
  return mustBear(mark, head.Metadata, laidIn(head, place));
}

function mustBear(mark: string, metadata: Readonly<Record<string, string>> | undefined, laid: Laid): Laid {
  if (metadata?.[MARK_METADATA] === mark) return laid;
  throw new Error(`${laid.location} holds other content already`);
}

function namedPart({ PartNumber, ETag, ChecksumSHA256 }: Part) {
  return {
    ...(PartNumber === undefined ? {} : { PartNumber }),
    ...(ETag === undefined ? {} : { ETag }),
    ...(ChecksumSHA256 === undefined ? {} : { ChecksumSHA256 }),
  };
}

/** Uploads of whose mark nobody speaks any more: an id without one serves to abandon them. */
async function unfinishedUnder(
  s3: S3Sender,
  { bucket, owner, prefix }: UploadTools["root"],
  wanted: string,
): Promise<readonly Pick<Upload, "key" | "id">[]> {
  const found: Pick<Upload, "key" | "id">[] = [];
  const place = { Bucket: bucket, ...(owner === null ? {} : { ExpectedBucketOwner: owner }), Prefix: prefix + wanted };
  let after: { readonly KeyMarker: string; readonly UploadIdMarker: string } | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: ListMultipartUploadsOutput = await s3.send(new ListMultipartUploadsCommand({ ...place, ...after }));
    for (const { Key = "", UploadId = "" } of answer.Uploads ?? [])
      found.push({ key: Key.slice(prefix.length), id: `unknown:${UploadId}` });
    if (answer.IsTruncated !== true) return found;
    after = { KeyMarker: answer.NextKeyMarker ?? "", UploadIdMarker: answer.NextUploadIdMarker ?? "" };
  }
  throw new Error(`more than ${MOST_PAGES} pages of uploads under ${prefix}${wanted} in ${bucket}`);
}

async function unlessGone<T>(upload: Upload, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (codeOf(error) === "NoSuchUpload") throw new UploadGone(upload, { cause: error });
    throw error;
  }
}

/** Twelve letters and digits that no other upload has. */
function wordOf(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 36).toString(36)).join("");
}
