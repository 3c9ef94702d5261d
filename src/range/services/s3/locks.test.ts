import * as s3 from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { ACCOUNT, BUCKET as Bucket, bucketAccount as account, codeOf } from "../../../testing/bucket-account.ts";

const Key = "cases/1.json";
const Body = new TextEncoder().encode("abc");
const DAY_MS = 86_400_000;
const inDays = (days: number): Date => new Date(Date.parse("2026-01-15T12:00:00Z") + days * DAY_MS);

async function lockedObject(mode: "GOVERNANCE" | "COMPLIANCE") {
  const found = await account({ lock: { mode: "governance", days: 1 } });
  const lock = { ObjectLockMode: mode, ObjectLockRetainUntilDate: inDays(30) };
  const { VersionId } = await found.client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...lock }));
  const { client } = found;
  return {
    ...found,
    remove: (input: object = {}) =>
      codeOf(client.send(new s3.DeleteObjectCommand({ Bucket, Key, VersionId, ...input }))),
    retain: (Mode: "GOVERNANCE" | "COMPLIANCE", days: number, input: object = {}) =>
      codeOf(
        client.send(
          new s3.PutObjectRetentionCommand({
            Bucket,
            Key,
            Retention: { Mode, RetainUntilDate: inDays(days) },
            ...input,
          }),
        ),
      ),
  };
}

describe("an object locked in compliance", () => {
  it("cannot be deleted, shortened or weakened by anybody, and can be kept longer", async () => {
    const { remove, retain, client } = await lockedObject("COMPLIANCE");
    const bypass = { BypassGovernanceRetention: true };
    expect(await remove(bypass)).toBe("AccessDenied 403");
    expect(await retain("COMPLIANCE", 29, bypass)).toBe("AccessDenied 403");
    expect(await retain("GOVERNANCE", 60, bypass)).toBe("AccessDenied 403");
    expect(await retain("COMPLIANCE", 31)).toBe("none");
    const { Retention } = await client.send(new s3.GetObjectRetentionCommand({ Bucket, Key }));
    expect(Retention).toEqual({ Mode: "COMPLIANCE", RetainUntilDate: inDays(31) });
  });

  it("can be deleted once its time is over", async () => {
    const administratorsByAnyKey = { account: ACCOUNT };
    const { clientFor, pass } = await account({
      lock: { mode: "compliance", days: 30 },
      front: { administratorsByAnyKey },
    });
    const client = clientFor({ accessKeyId: "AKIAADMINISTRATOR", secretAccessKey: "any" });
    const { VersionId } = await client.send(new s3.PutObjectCommand({ Bucket, Key, Body }));
    const remove = (): Promise<string> => codeOf(client.send(new s3.DeleteObjectCommand({ Bucket, Key, VersionId })));
    pass(30 * DAY_MS - 1000);
    expect(await remove()).toBe("AccessDenied 403");
    pass(1000);
    expect(await remove()).toBe("none");
  });

  it("disappears under a delete marker like any other, and stays underneath", async () => {
    const { client } = await lockedObject("COMPLIANCE");
    await client.send(new s3.DeleteObjectCommand({ Bucket, Key }));
    const { Versions } = await client.send(new s3.ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toHaveLength(1);
  });
});

describe("an object locked in governance", () => {
  it("gives way only to who says so", async () => {
    const { remove, retain } = await lockedObject("GOVERNANCE");
    expect(await remove()).toBe("AccessDenied 403");
    expect(await retain("GOVERNANCE", 2)).toBe("AccessDenied 403");
    expect(await retain("GOVERNANCE", 2, { BypassGovernanceRetention: true })).toBe("none");
    expect(await remove({ BypassGovernanceRetention: true })).toBe("none");
  });

  it("does not give way to who says so without the permission", async () => {
    const { remove, responder, calls } = await lockedObject("GOVERNANCE");
    responder.setResponderPolicy({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "s3:*", Resource: "*" },
        { Effect: "Deny", Action: "s3:BypassGovernanceRetention", Resource: "*" },
      ],
    });
    expect(await remove({ BypassGovernanceRetention: true })).toBe("AccessDenied 403");
    expect(calls.at(-1)!.actions.map(({ action }) => action)).toEqual([
      "s3:DeleteObjectVersion",
      "s3:BypassGovernanceRetention",
    ]);
  });
});

describe("locks", () => {
  it("come from the bucket where the put says nothing", async () => {
    const { client } = await account({ lock: { mode: "compliance", days: 30 } });
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body }));
    expect(await client.send(new s3.HeadObjectCommand({ Bucket, Key }))).toMatchObject({
      ObjectLockMode: "COMPLIANCE",
      ObjectLockRetainUntilDate: inDays(30),
    });
  });

  it("hold without end under a legal hold, whoever bypasses", async () => {
    const { client } = await account({ lock: { mode: "governance", days: 1 } });
    const { VersionId } = await client.send(
      new s3.PutObjectCommand({ Bucket, Key, Body, ObjectLockLegalHoldStatus: "ON" }),
    );
    const remove = (): Promise<string> =>
      codeOf(client.send(new s3.DeleteObjectCommand({ Bucket, Key, VersionId, BypassGovernanceRetention: true })));
    expect(await remove()).toBe("AccessDenied 403");
    await client.send(new s3.PutObjectLegalHoldCommand({ Bucket, Key, LegalHold: { Status: "OFF" } }));
    const { LegalHold } = await client.send(new s3.GetObjectLegalHoldCommand({ Bucket, Key }));
    expect(LegalHold).toEqual({ Status: "OFF" });
    expect(await remove()).toBe("none");
  });

  it("need a bucket with Object Lock, a date to come, and both mode and date", async () => {
    const put = async (lock: "governance" | null, input: object): Promise<string> => {
      const { client } = await account({ lock: lock && { mode: lock, days: 1 } });
      return codeOf(client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...input })));
    };
    const whole = { ObjectLockMode: "GOVERNANCE", ObjectLockRetainUntilDate: inDays(1) };
    expect(await put(null, whole)).toBe("InvalidRequest 400");
    expect(await put("governance", { ...whole, ObjectLockRetainUntilDate: inDays(-1) })).toBe("InvalidArgument 400");
    expect(await put("governance", { ObjectLockMode: "GOVERNANCE" })).toBe("InvalidArgument 400");
    expect(await put("governance", { ...whole, ObjectLockMode: "FOREVER" })).toBe("InvalidArgument 400");
  });

  it("ask for permissions of their own when they are put", async () => {
    const { client, calls } = await account({ lock: { mode: "governance", days: 1 } });
    const lock = {
      ObjectLockMode: "COMPLIANCE",
      ObjectLockRetainUntilDate: inDays(2),
      ObjectLockLegalHoldStatus: "ON",
    } as const;
    const key = { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "k-1", Tagging: "a=b" } as const;
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body, ...lock, ...key }));
    expect(calls.at(-1)!.actions.map(({ action, resource }) => [action, resource])).toEqual([
      ["s3:PutObject", `arn:aws:s3:::${Bucket}/${Key}`],
      ["s3:PutObjectRetention", `arn:aws:s3:::${Bucket}/${Key}`],
      ["s3:PutObjectLegalHold", `arn:aws:s3:::${Bucket}/${Key}`],
      ["s3:PutObjectTagging", `arn:aws:s3:::${Bucket}/${Key}`],
      ["kms:GenerateDataKey", `arn:aws:kms:eu-central-1:${ACCOUNT}:key/k-1`],
    ]);
    await client.send(new s3.GetObjectCommand({ Bucket, Key }));
    expect(calls.at(-1)!.actions.map(({ action }) => action)).toEqual(["s3:GetObject", "kms:Decrypt"]);
  });
});

describe("a bucket", () => {
  it("takes Object Lock only with versions, and keeps them then", async () => {
    const { client } = await account({ withoutBucket: true });
    const CreateBucketConfiguration = { LocationConstraint: "eu-central-1" } as const;
    await client.send(new s3.CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
    const lock = new s3.PutObjectLockConfigurationCommand({
      Bucket,
      ObjectLockConfiguration: {
        ObjectLockEnabled: "Enabled",
        Rule: { DefaultRetention: { Mode: "COMPLIANCE", Years: 1 } },
      },
    });
    expect(await codeOf(client.send(new s3.GetObjectLockConfigurationCommand({ Bucket })))).toBe(
      "ObjectLockConfigurationNotFoundError 404",
    );
    expect(await codeOf(client.send(lock))).toBe("InvalidBucketState 409");
    const version = (Status: "Enabled" | "Suspended"): Promise<string> =>
      codeOf(client.send(new s3.PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status } })));
    expect(await version("Enabled")).toBe("none");
    expect(await codeOf(client.send(lock))).toBe("none");
    expect(await version("Suspended")).toBe("InvalidBucketState 409");
    const { ObjectLockConfiguration } = await client.send(new s3.GetObjectLockConfigurationCommand({ Bucket }));
    expect(ObjectLockConfiguration).toEqual({
      ObjectLockEnabled: "Enabled",
      Rule: { DefaultRetention: { Mode: "COMPLIANCE", Years: 1 } },
    });
  });

  it("keeps its encryption, its block of public access and its policy, and says when it has none", async () => {
    const { client, calls } = await account();
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms", KMSMasterKeyID: "k-1" } } as const;
    const ServerSideEncryptionConfiguration = { Rules: [{ ...rule, BucketKeyEnabled: true }] };
    await client.send(new s3.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }));
    expect(await client.send(new s3.GetBucketEncryptionCommand({ Bucket }))).toMatchObject({
      ServerSideEncryptionConfiguration,
    });
    expect(await client.send(new s3.PutObjectCommand({ Bucket, Key, Body }))).toMatchObject({ SSEKMSKeyId: "k-1" });
    const block = {
      BlockPublicAcls: true,
      IgnorePublicAcls: false,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    };
    await client.send(new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: block }));
    const { PublicAccessBlockConfiguration } = await client.send(new s3.GetPublicAccessBlockCommand({ Bucket }));
    expect(PublicAccessBlockConfiguration).toEqual(block);
    expect(await codeOf(client.send(new s3.GetBucketPolicyCommand({ Bucket })))).toBe("NoSuchBucketPolicy 404");
    expect(await codeOf(client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy: "no" })))).toBe(
      "MalformedPolicy 400",
    );
    expect(calls.at(-1)!.actions.map(({ action }) => action)).toEqual(["s3:PutBucketPolicy"]);
  });

  it("is found by HEAD with its Region, and its name is taken for everybody", async () => {
    const { client } = await account();
    expect(await client.send(new s3.HeadBucketCommand({ Bucket }))).toMatchObject({ BucketRegion: "eu-central-1" });
    expect(await codeOf(client.send(new s3.HeadBucketCommand({ Bucket: "other-bucket" })))).toBe("NotFound 404");
    const again = { Bucket, CreateBucketConfiguration: { LocationConstraint: "eu-central-1" } } as const;
    expect(await codeOf(client.send(new s3.CreateBucketCommand(again)))).toBe("BucketAlreadyOwnedByYou 409");
  });

  it("is judged by its own policy after the caller's: a deny ends it", async () => {
    const { client } = await account();
    const policy = {
      Version: "2012-10-17",
      Statement: {
        Effect: "Deny",
        Principal: "*",
        Action: "s3:PutObject",
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { Null: { "s3:if-none-match": "true" } },
      },
    };
    await client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }));
    expect((await client.send(new s3.GetBucketPolicyCommand({ Bucket }))).Policy).toBe(JSON.stringify(policy));
    expect(await codeOf(client.send(new s3.PutObjectCommand({ Bucket, Key, Body })))).toBe("AccessDenied 403");
    expect(await codeOf(client.send(new s3.PutObjectCommand({ Bucket, Key, Body, IfNoneMatch: "*" })))).toBe("none");
  });

  it("does not tell who may not list it that something is not there", async () => {
    const { client, responder } = await account();
    const get = (): Promise<string> => codeOf(client.send(new s3.GetObjectCommand({ Bucket, Key })));
    expect(await get()).toBe("NoSuchKey 404");
    responder.setResponderPolicy({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "s3:GetObject", Resource: "*" },
    });
    expect(await get()).toBe("AccessDenied 403");
  });
});
