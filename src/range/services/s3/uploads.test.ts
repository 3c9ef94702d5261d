import * as s3 from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BUCKET as Bucket, bucketAccount as account, codeOf } from "../../../testing/bucket-account.ts";

const Key = "memory/image";
const MIB = 1024 * 1024;
const sha = (content: Uint8Array): Buffer => createHash("sha256").update(content).digest();
const first = new Uint8Array(5 * MIB).fill(1);
const second = new Uint8Array(3).fill(2);

async function started(input: object = { ChecksumAlgorithm: "SHA256" }) {
  const found = await account();
  const { client } = found;
  const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key, ...input }));
  const upload = async (PartNumber: number, Body: Uint8Array, checked = true): Promise<s3.CompletedPart> => {
    const checksum = checked ? { ChecksumSHA256: sha(Body).toString("base64") } : {};
    const sent = { Bucket, Key, UploadId, PartNumber, Body, ...checksum };
    const { ETag, ChecksumSHA256 } = await client.send(new s3.UploadPartCommand(sent));
    return { PartNumber, ETag: ETag!, ...(checked && { ChecksumSHA256: ChecksumSHA256! }) };
  };
  const complete = (Parts: s3.CompletedPart[], more: object = {}) =>
    client.send(new s3.CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts }, ...more }));
  return { ...found, UploadId, upload, complete };
}

describe("an upload in parts", () => {
  it("becomes one object, whose SHA-256 is one of the parts' and not of the whole", async () => {
    const { client, upload, complete } = await started();
    const parts = [await upload(1, first), await upload(2, second)];
    const composite = `${sha(Buffer.concat([sha(first), sha(second)])).toString("base64")}-2`;
    const done = await complete(parts);
    expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: "COMPOSITE" });
    expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/);
    const head = await client.send(new s3.HeadObjectCommand({ Bucket, Key, ChecksumMode: "ENABLED" }));
    expect(head).toMatchObject({ ContentLength: 5 * MIB + 3, ChecksumSHA256: composite, ChecksumType: "COMPOSITE" });
    const end = await client.send(new s3.GetObjectCommand({ Bucket, Key, Range: "bytes=-4" }));
    expect([...(await end.Body!.transformToByteArray())]).toEqual([1, 2, 2, 2]);
  });

  it("lists its parts a page at a time, and a part sent again replaces the first", async () => {
    const { client, upload, UploadId } = await started();
    await upload(2, second);
    await upload(1, second);
    await upload(1, first);
    const page = await client.send(new s3.ListPartsCommand({ Bucket, Key, UploadId, MaxParts: 1 }));
    expect(page).toMatchObject({ IsTruncated: true, Parts: [{ PartNumber: 1, Size: 5 * MIB }] });
    const PartNumberMarker = page.NextPartNumberMarker;
    const rest = await client.send(new s3.ListPartsCommand({ Bucket, Key, UploadId, PartNumberMarker }));
    expect(rest).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 2, Size: 3 }] });
  });

  it("refuses small parts before the last, parts out of order, and parts that are not there", async () => {
    const { upload, complete } = await started();
    const [one, two, three] = [await upload(1, second), await upload(2, first), await upload(3, second)];
    expect(await codeOf(complete([one, two]))).toBe("EntityTooSmall 400");
    expect(await codeOf(complete([three, two]))).toBe("InvalidPartOrder 400");
    expect(await codeOf(complete([{ ...two, PartNumber: 4 }]))).toBe("InvalidPart 400");
    expect(await codeOf(complete([{ ...two, ETag: three.ETag! }]))).toBe("InvalidPart 400");
    expect(await codeOf(complete([two, three], { ChecksumSHA256: sha(first).toString("base64") }))).toBe(
      "BadDigest 400",
    );
    expect(await codeOf(complete([two, three]))).toBe("none");
  });

  it("refuses a part without the checksum that was announced, and SHA-256 of the whole", async () => {
    const { client, upload } = await started();
    expect(await codeOf(upload(1, first, false))).toBe("InvalidRequest 400");
    const whole = { Bucket, Key, ChecksumAlgorithm: "SHA256", ChecksumType: "FULL_OBJECT" } as const;
    expect(await codeOf(client.send(new s3.CreateMultipartUploadCommand(whole)))).toBe("InvalidRequest 400");
  });

  it("puts nothing where something is when told so, and is gone when aborted", async () => {
    const { client, upload, complete, UploadId } = await started();
    await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: second }));
    expect(await codeOf(complete([await upload(1, second)], { IfNoneMatch: "*" }))).toBe("PreconditionFailed 412");
    await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    expect(await codeOf(upload(1, second))).toBe("NoSuchUpload 404");
  });

  it("completes once more with the same answer when the first one was lost", async () => {
    const { client, upload, complete } = await started();
    const parts = [await upload(1, second)];
    const { VersionId } = await complete(parts);
    expect((await complete(parts)).VersionId).toBe(VersionId);
    const { Versions } = await client.send(new s3.ListObjectVersionsCommand({ Bucket }));
    expect(Versions).toHaveLength(1);
  });
});

describe("a signed address", () => {
  const at = new Date("2026-01-15T12:00:00Z");

  it("puts and gets without further credentials until it expires by the range's clock", async () => {
    const { responder, handle, pass } = await account();
    const request = async (method: string, url: string, body = ""): Promise<{ status: number; text: string }> => {
      const { pathname, searchParams, host } = new URL(url);
      const response = await handle({
        method,
        path: pathname,
        query: Object.fromEntries(searchParams),
        headers: { host },
        body: new TextEncoder().encode(body),
      });
      return { status: response.status, text: new TextDecoder().decode(response.body) };
    };
    const options = { expiresIn: 60, signingDate: at };
    const plain = new s3.S3Client({
      region: "eu-central-1",
      credentials: responder,
      requestChecksumCalculation: "WHEN_REQUIRED",
    });
    const put = await getSignedUrl(plain, new s3.PutObjectCommand({ Bucket, Key }), options);
    const get = await getSignedUrl(plain, new s3.GetObjectCommand({ Bucket, Key }), options);
    expect((await request("PUT", put, "abc")).status).toBe(200);
    expect(await request("GET", get)).toEqual({ status: 200, text: "abc" });
    pass(61_000);
    const late = await request("GET", get);
    expect(late.status).toBe(403);
    expect(late.text).toContain("<Code>AccessDenied</Code><Message>Request has expired</Message>");
  });
});

describe("an operation that the range's S3 does not have", () => {
  it("answers 501 and names itself", async () => {
    const { client } = await account();
    const call = client.send(new s3.GetObjectTaggingCommand({ Bucket, Key }));
    await expect(call).rejects.toThrow("The range does not implement s3:GetObjectTagging.");
    expect(await codeOf(client.send(new s3.ListBucketsCommand({})))).toBe("NotImplemented 501");
  });
});

describe("uploads that are under way", () => {
  it("are listed by key, a page at a time, until they are complete or aborted", async () => {
    const { client, upload, complete, UploadId } = await started();
    const other = await client.send(new s3.CreateMultipartUploadCommand({ Bucket, Key: "disk/image" }));
    const page = await client.send(new s3.ListMultipartUploadsCommand({ Bucket, MaxUploads: 1 }));
    expect(page).toMatchObject({ IsTruncated: true, Uploads: [{ Key: "disk/image", UploadId: other.UploadId }] });
    const { NextKeyMarker: KeyMarker, NextUploadIdMarker: UploadIdMarker } = page;
    const rest = await client.send(new s3.ListMultipartUploadsCommand({ Bucket, KeyMarker, UploadIdMarker }));
    expect(rest).toMatchObject({ IsTruncated: false, Uploads: [{ Key, UploadId }] });
    const begun = await client.send(new s3.ListMultipartUploadsCommand({ Bucket, Prefix: "memory/" }));
    expect(begun.Uploads?.map((each) => each.Key)).toEqual([Key]);
    await complete([await upload(1, second)]);
    await client.send(new s3.AbortMultipartUploadCommand({ Bucket, Key: "disk/image", UploadId: other.UploadId }));
    expect((await client.send(new s3.ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([]);
  });
});
