import type { Bucket, BucketContents, DefaultRetention, ObjectVersion, Retention } from "./s3-model.ts";
import type { Place, World } from "./world.ts";

/** A bucket in the Region of an account. The caller has made sure that the name is free. */
export function createBucket(
  { world, account, region }: Place,
  options: { readonly name: string; readonly objectLock?: { readonly defaultRetention: DefaultRetention | null } },
): Bucket {
  const { name, objectLock = null } = options;
  region.bucketContents.set(name, { versions: new Map(), uploads: new Map(), completed: new Map() });
  return world.add(region.buckets, {
    id: name,
    tags: [],
    accountId: account.id,
    regionName: region.name,
    createdAt: world.now(),
    // Object Lock switches versioning on: https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
    versioning: objectLock === null ? null : "Enabled",
    objectLock,
    // Both have been the default since 2023: https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
    encryption: { algorithm: "AES256", kmsKeyId: null, bucketKeyEnabled: false },
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/create-bucket-faq.html
    publicAccessBlock: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    },
    policy: null,
  });
}

/** A bucket of that name, whoever owns it. */
export function findBucket(world: World, name: string): Bucket | null {
  for (const { regions } of world.accounts.values()) {
    for (const { buckets } of regions.values()) {
      const bucket = buckets.get(name);
      if (bucket) return bucket;
    }
  }
  return null;
}

/** What lies in a bucket. */
export function contentsOf(world: World, { id, accountId, regionName }: Bucket): BucketContents {
  const contents = world.accounts.get(accountId)?.regions.get(regionName)?.bucketContents.get(id);
  if (!contents) throw new TypeError(`the bucket ${id} has no contents`);
  return contents;
}

/** The version under a key that a caller sees who names none; null when there is none, or it is deleted. */
export function currentVersion(contents: BucketContents, key: string): ObjectVersion | null {
  const [newest] = contents.versions.get(key) ?? [];
  return newest?.kind === "object" ? newest : null;
}

const DAY_MS = 86_400_000;

/** The retention that a bucket gives to what is put now without a retention of its own. */
export function defaultRetention(world: World, { objectLock }: Bucket): Retention | null {
  const given = objectLock?.defaultRetention;
  if (!given) return null;
  const days = given.days ?? (given.years ?? 0) * 365;
  return { mode: given.mode, until: world.now() + days * DAY_MS };
}

/** Keys in the order of their bytes in UTF-8, as S3 lists them. */
export function keysInOrder(contents: BucketContents): readonly string[] {
  return [...contents.versions.keys()].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
}

/** A bucket that is there before the first call. */
export interface EvidenceBucket {
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** What the bucket gives to everything that is put; without it, it has no Object Lock. */
  readonly lock?: { readonly mode: "governance" | "compliance"; readonly days: number } | null;
}

/** Stages a bucket for evidence: versioned, private, and locked by default when `lock` says so. */
export function evidenceBucket(world: World, { account, region, name, lock = null }: EvidenceBucket): Bucket {
  const mode = lock?.mode === "compliance" ? "COMPLIANCE" : "GOVERNANCE";
  const bucket = createBucket(world.place(account, region), {
    name,
    ...(lock === null ? {} : { objectLock: { defaultRetention: { mode, days: lock.days, years: null } } }),
  });
  bucket.versioning = "Enabled";
  return bucket;
}
