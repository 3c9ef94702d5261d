import type { PutObjectRequest } from "@aws-sdk/client-s3";
import type { Clock } from "../core/clock.ts";

/** How what is put is kept from being deleted and read. */
export interface Protection {
  readonly clock: Clock;
  /** How long every artifact stays; the bucket's own default when left out. */
  readonly lock?: { readonly mode: "governance" | "compliance"; readonly days: number } | null;
  /** The KMS key that encrypts; the bucket's own default when left out. */
  readonly kmsKeyId?: string | null;
}

/** What a put says about its artifact beside the content. */
export type Description = Pick<
  PutObjectRequest,
  "Metadata" | "ObjectLockMode" | "ObjectLockRetainUntilDate" | "ServerSideEncryption" | "SSEKMSKeyId"
>;

const DAY_MS = 86_400_000;

export function protection({ lock = null, kmsKeyId = null, clock }: Protection): Description {
  // S3 keeps whole seconds.
  const until = lock === null ? null : new Date(Math.ceil((clock.now() + lock.days * DAY_MS) / 1000) * 1000);
  return {
    ...(kmsKeyId === null ? {} : { ServerSideEncryption: "aws:kms", SSEKMSKeyId: kmsKeyId }),
    ...(lock === null || until === null
      ? {}
      : {
          ObjectLockMode: lock.mode === "compliance" ? ("COMPLIANCE" as const) : ("GOVERNANCE" as const),
          ObjectLockRetainUntilDate: until,
        }),
  };
}
