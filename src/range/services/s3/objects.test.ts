import * as s3 from "@aws-sdk/client-s3";
import { describe, expect, it } from "vitest";
import { bucketAccount as account, codeOf, textOf } from "../../../testing/bucket-account.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const Bucket = "evidence-111122223333";
const SHA256_OF_ABC = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";

describe.each(["in process", "over HTTP"] as const)("an object of the range's S3, %s", (transport) => {
  it("comes back as it was put, with its checksum, metadata and encryption", async () => {
    const { client, close } = await account({ transport });
    const put = await client.send(
      new s3.PutObjectCommand({
        Bucket,
        Key: "cases/a b/ü+%41.json",
        Body: bytes("abc"),
        ContentType: "application/json",
        Metadata: { sha256: "ba78", note: "one two" },
        ChecksumSHA256: SHA256_OF_ABC,
        ServerSideEncryption: "aws:kms",
        SSEKMSKeyId: "arn:aws:kms:eu-central-1:111122223333:key/k-1",
      }),
    );
    expect(put).toMatchObject({
      ChecksumSHA256: SHA256_OF_ABC,
      ChecksumType: "FULL_OBJECT",
      ServerSideEncryption: "aws:kms",
      SSEKMSKeyId: "arn:aws:kms:eu-central-1:111122223333:key/k-1",
    });
    expect(put.VersionId).toMatch(/^[\w.]{32}$/);
    const got = await client.send(
      new s3.GetObjectCommand({ Bucket, Key: "cases/a b/ü+%41.json", ChecksumMode: "ENABLED" }),
    );
    expect(got).toMatchObject({
      ContentLength: 3,
      ContentType: "application/json",
      Metadata: { sha256: "ba78", note: "one two" },
      ChecksumSHA256: SHA256_OF_ABC,
      VersionId: put.VersionId,
      ETag: put.ETag,
      LastModified: new Date("2026-01-15T12:00:00Z"),
    });
    expect(await textOf(got)).toBe("abc");
    await close();
  });

  it("is described to HEAD without a body, and what is not there is NotFound", async () => {
    const { client, close } = await account({ transport });
    await client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes("abc") }));
    const head = await client.send(new s3.HeadObjectCommand({ Bucket, Key: "a" }));
    expect(head).toMatchObject({ ContentLength: 3, ETag: '"900150983cd24fb0d6963f7d28e17f72"' });
    expect(head.ChecksumCRC32).toBeUndefined(); // Nobody asked for it.
    expect(await codeOf(client.send(new s3.HeadObjectCommand({ Bucket, Key: "b" })))).toBe("NotFound 404");
    expect(await codeOf(client.send(new s3.GetObjectCommand({ Bucket, Key: "b" })))).toBe("NoSuchKey 404");
    await close();
  });

  it("is sent in chunks with its checksum at the end when it is a stream", async () => {
    const { client, close, requests } = await account({ transport });
    const { Readable } = await import("node:stream");
    await client.send(
      new s3.PutObjectCommand({
        Bucket,
        Key: "stream",
        Body: Readable.from([Buffer.from("ab"), Buffer.from("c")]),
        ContentLength: 3,
        ChecksumAlgorithm: "SHA256",
      }),
    );
    expect(requests.at(-1)!.headers["content-encoding"]).toBe("aws-chunked");
    const got = await client.send(new s3.GetObjectCommand({ Bucket, Key: "stream", ChecksumMode: "ENABLED" }));
    expect(got.ChecksumSHA256).toBe(SHA256_OF_ABC);
    expect(got.ContentEncoding).toBeUndefined();
    expect(await textOf(got)).toBe("abc");
    await close();
  });
});

describe("putting", () => {
  it("refuses content that its checksum does not fit, in whatever algorithm", async () => {
    const { client } = await account();
    const put = (input: object): Promise<string> =>
      codeOf(client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes("abd"), ...input })));
    expect(await put({ ChecksumSHA256: SHA256_OF_ABC })).toBe("BadDigest 400");
    expect(await put({ ChecksumCRC32: "NSRBwg==" })).toBe("BadDigest 400");
    expect(await put({ ChecksumCRC32C: "NkdtVg==" })).toBe("BadDigest 400");
    expect(await put({ ContentMD5: "kAFQmDzST7DWlj99KOF/cg==" })).toBe("BadDigest 400");
    expect(await put({ ChecksumSHA256: "short" })).toBe("InvalidRequest 400");
    expect(await codeOf(client.send(new s3.HeadObjectCommand({ Bucket, Key: "a" })))).toBe("NotFound 404");
  });

  // The check values that the catalogues of these algorithms give for this text.
  it("takes content that its checksum fits, in whatever algorithm", async () => {
    const { client } = await account();
    for (const checksum of [
      { ChecksumCRC32: "y/Q5Jg==" },
      { ChecksumCRC32C: "4waSgw==" },
      { ChecksumCRC64NVME: "rosUhgp5mIg=" },
      { ChecksumSHA1: "98O8HYCOBHMq32eZZczDTKeuNEE=" },
      { ContentMD5: "JfnnlDI7RTiF9RgfG2JNCw==" },
    ]) {
      const input = { Bucket, Key: "a", Body: bytes("123456789"), ...checksum };
      expect(await codeOf(client.send(new s3.PutObjectCommand(input)))).toBe("none");
    }
  });

  it("puts nothing where something is when told so, and answers 412", async () => {
    const { client } = await account();
    const put = (body: string): Promise<string> =>
      codeOf(client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes(body), IfNoneMatch: "*" })));
    expect(await put("one")).toBe("none");
    expect(await put("two")).toBe("PreconditionFailed 412");
    await client.send(new s3.DeleteObjectCommand({ Bucket, Key: "a" }));
    expect(await put("three")).toBe("none");
  });
});

describe("reading", () => {
  it.each([
    ["bytes=2-4", "cde", "bytes 2-4/10"],
    ["bytes=8-", "ij", "bytes 8-9/10"],
    ["bytes=-3", "hij", "bytes 7-9/10"],
    ["bytes=5-99", "fghij", "bytes 5-9/10"],
  ])("gives %s as 206", async (Range, text, ContentRange) => {
    const { client } = await account();
    await client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes("abcdefghij") }));
    const got = await client.send(new s3.GetObjectCommand({ Bucket, Key: "a", Range, ChecksumMode: "ENABLED" }));
    expect(got.$metadata.httpStatusCode).toBe(206);
    expect(got.ContentRange).toBe(ContentRange);
    expect(await textOf(got)).toBe(text);
  });

  it("refuses a range that begins behind the end", async () => {
    const { client } = await account();
    await client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes("abc") }));
    expect(await codeOf(client.send(new s3.GetObjectCommand({ Bucket, Key: "a", Range: "bytes=3-" })))).toBe(
      "InvalidRange 416",
    );
  });

  it("finds every version by its id, and nothing under a marker", async () => {
    const { client } = await account();
    const put = async (body: string): Promise<string> =>
      (await client.send(new s3.PutObjectCommand({ Bucket, Key: "a", Body: bytes(body) }))).VersionId!;
    const [one, two] = [await put("one"), await put("two")];
    const marker = await client.send(new s3.DeleteObjectCommand({ Bucket, Key: "a" }));
    expect(marker.DeleteMarker).toBe(true);
    const get = (VersionId?: string): Promise<string> =>
      client.send(new s3.GetObjectCommand({ Bucket, Key: "a", VersionId })).then(textOf);
    expect([await get(one), await get(two)]).toEqual(["one", "two"]);
    expect(await codeOf(get())).toBe("NoSuchKey 404");
    expect(await codeOf(get(marker.VersionId))).toBe("MethodNotAllowed 405");
    expect(await codeOf(get("nosuchversion"))).toBe("NoSuchVersion 404");
    const { Versions, DeleteMarkers } = await client.send(new s3.ListObjectVersionsCommand({ Bucket }));
    expect(Versions!.map(({ VersionId, IsLatest }) => [VersionId, IsLatest])).toEqual([
      [two, false],
      [one, false],
    ]);
    expect(DeleteMarkers).toMatchObject([{ Key: "a", VersionId: marker.VersionId, IsLatest: true }]);
    await client.send(new s3.DeleteObjectCommand({ Bucket, Key: "a", VersionId: marker.VersionId }));
    expect(await get()).toBe("two");
  });
});

describe("listing", () => {
  it("pages through keys in the order of their bytes, and rolls up behind a delimiter", async () => {
    const { client } = await account();
    for (const Key of ["b/2", "a", "b/1", "c/x/1", "Ä", "b-"]) {
      await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: bytes(Key) }));
    }
    const pages: (readonly (string | undefined)[])[] = [];
    for await (const page of s3.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket })) {
      pages.push((page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(pages).toEqual([
      ["a", "b-"],
      ["b/1", "b/2"],
      ["c/x/1", "Ä"],
    ]);
    const rolled = await client.send(new s3.ListObjectsV2Command({ Bucket, Delimiter: "/", MaxKeys: 3 }));
    expect(rolled).toMatchObject({ KeyCount: 3, IsTruncated: true, CommonPrefixes: [{ Prefix: "b/" }] });
    const rest = await client.send(
      new s3.ListObjectsV2Command({ Bucket, Delimiter: "/", ContinuationToken: rolled.NextContinuationToken }),
    );
    expect(rest).toMatchObject({ KeyCount: 2, IsTruncated: false, CommonPrefixes: [{ Prefix: "c/" }] });
    expect(rest.Contents!.map(({ Key, Size }) => [Key, Size])).toEqual([["Ä", 2]]);
    const inside = await client.send(new s3.ListObjectsV2Command({ Bucket, Prefix: "b/", StartAfter: "b/1" }));
    expect(inside.Contents!.map(({ Key }) => Key)).toEqual(["b/2"]);
  });

  it("answers the first version of the call, which says where to go on only when it rolls keys up", async () => {
    const { client } = await account();
    for (const Key of ["a", "b/1", "b/2", "c", "d"]) {
      await client.send(new s3.PutObjectCommand({ Bucket, Key, Body: bytes(Key) }));
    }
    const plain = await client.send(new s3.ListObjectsCommand({ Bucket, MaxKeys: 2 }));
    expect(plain).toMatchObject({ IsTruncated: true, Marker: "", Contents: [{ Key: "a" }, { Key: "b/1" }] });
    expect(plain.NextMarker).toBeUndefined();
    expect(plain.Contents![0]!.Owner!.ID).toMatch(/^[0-9a-f]{64}$/);
    const rolled = await client.send(new s3.ListObjectsCommand({ Bucket, Delimiter: "/", MaxKeys: 2 }));
    expect(rolled).toMatchObject({ NextMarker: "b/", CommonPrefixes: [{ Prefix: "b/" }] });
    const rest = await client.send(new s3.ListObjectsCommand({ Bucket, Delimiter: "/", Marker: rolled.NextMarker! }));
    expect(rest.Contents!.map(({ Key }) => Key)).toEqual(["c", "d"]);
    expect(rest.IsTruncated).toBe(false);
  });
});
