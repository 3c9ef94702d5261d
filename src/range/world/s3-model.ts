import type { Resource } from "./model.ts";

export type RetentionMode = "GOVERNANCE" | "COMPLIANCE";

/** How long Object Lock protects what is put without a word about it. */
export interface DefaultRetention {
  readonly mode: RetentionMode;
  readonly days: number | null;
  readonly years: number | null;
}

export interface BucketEncryption {
  readonly algorithm: string;
  readonly kmsKeyId: string | null;
  readonly bucketKeyEnabled: boolean;
}

/** The configuration of a bucket, by name. */
export interface Bucket extends Resource {
  readonly accountId: string;
  readonly regionName: string;
  readonly createdAt: number;
  /** Null: never switched on. */
  versioning: "Enabled" | "Suspended" | null;
  objectLock: { readonly defaultRetention: DefaultRetention | null } | null;
  encryption: BucketEncryption;
  publicAccessBlock: Readonly<Record<string, boolean>> | null;
  /** As it was put. */
  policy: string | null;
}

export interface Retention {
  readonly mode: RetentionMode;
  readonly until: number;
}

/** A checksum that S3 keeps beside an object, in base64. */
export interface StoredChecksum {
  readonly algorithm: string;
  readonly value: string;
  readonly type: "COMPOSITE" | "FULL_OBJECT";
}

/** What a caller says about an object beside its content. */
export interface ObjectDescription {
  readonly metadata: Readonly<Record<string, string>>;
  /** Headers that S3 gives back as they came, by the SDK's names of them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly encryption: BucketEncryption;
  readonly tagging: string | null;
}

/** One version of an object. Its lock moves; nothing else does. */
export interface ObjectVersion {
  readonly kind: "object";
  readonly key: string;
  /** "null" where the bucket does not count versions. */
  readonly versionId: string;
  readonly lastModified: number;
  content: Uint8Array;
  readonly etag: string;
  readonly description: ObjectDescription;
  readonly checksum: StoredChecksum;
  /** Sizes of the parts it came in; null when it came whole. */
  readonly partSizes: readonly number[] | null;
  retention: Retention | null;
  legalHold: boolean;
}

/** Stands on top of an object's versions and says that it is deleted. */
export interface DeleteMarker {
  readonly kind: "marker";
  readonly key: string;
  readonly versionId: string;
  readonly lastModified: number;
}

export type Version = ObjectVersion | DeleteMarker;

export interface UploadedPart {
  readonly content: Uint8Array;
  readonly etag: string;
  readonly checksum: StoredChecksum;
  readonly lastModified: number;
}

/** An upload in parts that is not complete. */
export interface Upload {
  readonly id: string;
  readonly key: string;
  readonly startedAt: number;
  readonly description: ObjectDescription;
  /** Null: the caller named no algorithm. */
  readonly checksum: { readonly algorithm: string; readonly type: StoredChecksum["type"] } | null;
  readonly retention: Retention | null;
  readonly legalHold: boolean;
  readonly parts: Map<number, UploadedPart>;
}

/** What lies in a bucket. S3 reads its objects consistently: there is no stale view of them. */
export interface BucketContents {
  /** By key; the newest version first. */
  readonly versions: Map<string, Version[]>;
  readonly uploads: Map<string, Upload>;
  /** Uploads that were completed, by id, with the version each became: completing again answers the same. */
  readonly completed: Map<string, ObjectVersion>;
}
