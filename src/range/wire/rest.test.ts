import { NormalizedSchema } from "@smithy/core/schema";
import { describe, expect, it } from "vitest";
import { InputFault } from "./input-fault.ts";
import { AwsError } from "./operation.ts";
import { wireError } from "./protocols/protocol.ts";
import { restJson } from "./protocols/rest-json.ts";
import { restXml } from "./protocols/rest-xml.ts";
import type { WireRequest } from "./request.ts";
import { findOperation } from "./rest/routes.ts";
import { matchPath, parseTemplate } from "./rest/template.ts";
import { services, type Operation, type Service } from "./services.ts";
import { unpackChunks } from "./s3/aws-chunked.ts";
import { parseS3Host, toPathStyle } from "./s3/address.ts";
import { parseXml } from "./xml-parser.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

function request(method: string, address: string, more: Partial<WireRequest> = {}): WireRequest {
  const [path = "", query = ""] = address.split("?");
  return {
    method,
    path,
    query: Object.fromEntries(new URLSearchParams(query)),
    headers: {},
    body: new Uint8Array(),
    ...more,
  };
}

const s3 = services.find(({ name }) => name === "s3")!;

describe("routes of S3, without the name that the SDK adds", () => {
  it.each([
    ["PUT", "/b", "CreateBucket"],
    ["HEAD", "/b", "HeadBucket"],
    ["GET", "/", "ListBuckets"],
    ["GET", "/b?list-type=2&prefix=a", "ListObjectsV2"],
    ["GET", "/b", "ListObjects"],
    ["GET", "/b?versions", "ListObjectVersions"],
    ["GET", "/b?versioning", "GetBucketVersioning"],
    ["PUT", "/b?object-lock", "PutObjectLockConfiguration"],
    ["PUT", "/b/a/b/c", "PutObject"],
    ["PUT", "/b/a?partNumber=1&uploadId=u", "UploadPart"],
    ["PUT", "/b/a?retention&versionId=v", "PutObjectRetention"],
    ["POST", "/b/a?uploads", "CreateMultipartUpload"],
    ["POST", "/b/a?uploadId=u", "CompleteMultipartUpload"],
    ["POST", "/b?delete", "DeleteObjects"],
    ["GET", "/b/a", "GetObject"],
    ["GET", "/b/a?uploadId=u", "ListParts"],
    ["GET", "/b/a?attributes", "GetObjectAttributes"],
    ["DELETE", "/b/a", "DeleteObject"],
    ["DELETE", "/b/a?uploadId=u", "AbortMultipartUpload"],
  ])("%s %s is %s", (method, address, name) => {
    expect(findOperation(s3, request(method, address))?.operation.name).toBe(name);
  });

  it("takes a copy for one by its header", () => {
    const copy = request("PUT", "/b/a", { headers: { "x-amz-copy-source": "/c/d" } });
    expect(findOperation(s3, copy)?.operation.name).toBe("CopyObject");
  });

  it("says what an operation misses when no other is left", () => {
    const part = request("PUT", "/b/a?uploadId=u&partNumber=one");
    expect(() => restXml.decode(s3, s3.operations.get("UploadPart")!, part)).toThrow(InputFault);
    const complete = request("POST", "/b/a");
    expect(restXml.operationOf(s3, complete)).toBe("CompleteMultipartUpload");
    expect(() => restXml.decode(s3, s3.operations.get("CompleteMultipartUpload")!, complete)).toThrow(
      "missing: UploadId",
    );
  });
});

describe("templates", () => {
  it("give a greedy label everything between its neighbours, decoded", () => {
    const template = parseTemplate("/{Bucket}/{Key+}?uploads");
    expect(matchPath(template, "/b/a//c%20d/%2525+")).toEqual({ Bucket: "b", Key: "a//c d/%25+" });
    expect(matchPath(template, "/b")).toBeNull();
    expect(matchPath(template, "/b/")).toBeNull();
    expect(matchPath(parseTemplate("/a/{Key+}/end"), "/a/b/c/end")).toEqual({ Key: "b/c" });
  });
});

describe("addresses of S3", () => {
  it.each([
    ["bucket.s3.eu-central-1.amazonaws.com", "bucket", "eu-central-1"],
    ["my.dotted.bucket.s3.amazonaws.com", "my.dotted.bucket", null],
    ["s3.eu-central-1.amazonaws.com", null, "eu-central-1"],
    ["s3.dualstack.eu-west-1.amazonaws.com:443", null, "eu-west-1"],
  ])("%s", (host, bucket, region) => {
    expect(parseS3Host(host)).toEqual({ bucket, region });
  });

  it("of other services are none", () => {
    expect(parseS3Host("ec2.eu-central-1.amazonaws.com")).toBeNull();
  });

  it("become those of path style", () => {
    const at = (host: string, path: string): string => toPathStyle(request("GET", path, { headers: { host } })).path;
    expect(at("bucket.s3.eu-central-1.amazonaws.com", "/a/b")).toBe("/bucket/a/b");
    expect(at("bucket.s3.eu-central-1.amazonaws.com", "/")).toBe("/bucket");
    expect(at("bucket.localhost:4566", "/a/")).toBe("/bucket/a/");
    expect(at("127.0.0.1:4566", "/bucket/")).toBe("/bucket");
  });
});

describe("a body in chunks", () => {
  const chunked = (body: string, headers: Record<string, string> = {}): WireRequest =>
    request("PUT", "/b/a", {
      headers: {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "5",
        "content-encoding": "aws-chunked,gzip",
        ...headers,
      },
      body: bytes(body),
    });

  it("is put together, signed chunks too, and its trailer becomes a header", () => {
    const signature = `;chunk-signature=${"0a".repeat(32)}`;
    const body = `3${signature}\r\nabc\r\n2\r\nde\r\n0\r\nx-amz-checksum-crc32:hYfYUQ==\r\n\r\n`;
    const { headers, body: content } = unpackChunks(chunked(body, { "x-amz-trailer": "x-amz-checksum-crc32" }));
    expect(new TextDecoder().decode(content)).toBe("abcde");
    expect(headers).toMatchObject({
      "x-amz-checksum-crc32": "hYfYUQ==",
      "content-length": "5",
      "content-encoding": "gzip",
    });
  });

  it.each([
    ["is cut off", "5\r\nabcde\r\n"],
    ["lies about a size", "4\r\nabcde\r\n0\r\n\r\n"],
    ["is shorter than announced", "4\r\nabcd\r\n0\r\n\r\n"],
    ["is not in chunks", "abcde"],
  ])("is refused when it %s", (_, body) => {
    expect(() => unpackChunks(chunked(body))).toThrow(expect.objectContaining({ code: "IncompleteBody" }));
  });

  it("is refused when an announced trailer is missing, or another comes", () => {
    const malformed = expect.objectContaining({ code: "MalformedTrailerError" });
    const without = chunked("5\r\nabcde\r\n0\r\n\r\n", { "x-amz-trailer": "x-amz-checksum-crc32" });
    expect(() => unpackChunks(without)).toThrow(malformed);
    expect(() => unpackChunks(chunked("5\r\nabcde\r\n0\r\nx-amz-acl:public-read\r\n\r\n"))).toThrow(malformed);
  });
});

describe("XML", () => {
  it("is read with attributes, prefixes, character data and references", () => {
    const xml = `<?xml version="1.0"?><!-- - --><a:A xmlns:a="u" xsi:type='x&amp;y'><B>1 &lt; 2</B><B><![CDATA[<]]>]]&#x41;&#66;</B><C/></a:A>`;
    expect(parseXml(bytes(xml))).toMatchObject({
      name: "A",
      attributes: { "xsi:type": "x&y" },
      children: [
        { name: "B", text: "1 < 2" },
        { name: "B", text: "<]]AB" },
        { name: "C", text: "" },
      ],
    });
  });

  it.each([
    "",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<a/>text",
    "<a b=c/>",
    "<a>&unknown;</a>",
    "<a>&</a>",
    '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
    "<a>".repeat(70) + "</a>".repeat(70),
  ])("that is not well-formed is refused: %s", (xml) => {
    expect(() => parseXml(bytes(xml))).toThrow(InputFault);
  });

  it("with an element that the model does not have is refused", () => {
    const body = bytes("<VersioningConfiguration><Statsu>Enabled</Statsu></VersioningConfiguration>");
    const put = request("PUT", "/b?versioning", { body });
    expect(() => restXml.decode(s3, s3.operations.get("PutBucketVersioning")!, put)).toThrow("unknown: Statsu");
  });
});

// A service of the test's own, in the form in which the SDK's clients carry their models.
const TEXT = 0;
const NUMBER = 1;
const list = [1, "test", "Texts", 0, TEXT];
const input = [
  3,
  "test",
  "Input",
  0,
  ["name", "tag", "etag", "meta", "others", "count", "labels"],
  [
    [TEXT, 1],
    [TEXT, { httpQuery: "tag" }],
    [TEXT, { httpHeader: "If-Match" }],
    [128, { httpPrefixHeaders: "x-meta-" }],
    [128, { httpQueryParams: 1 }],
    [NUMBER, { jsonName: "Count" }],
    list,
  ],
  1,
];
const output = [
  3,
  "test",
  "Output",
  0,
  ["code", "etag", "list", "count"],
  [
    [NUMBER, 32],
    [TEXT, { httpHeader: "ETag" }],
    [list, { httpHeader: "X-List" }],
    [NUMBER, { jsonName: "Count" }],
  ],
];
const failure = [
  -3,
  "test",
  "Busy",
  { error: "client", httpError: 429 },
  ["after", "message"],
  [[TEXT, { httpHeader: "Retry-After" }], TEXT],
];

const operation: Operation = {
  name: "Update",
  http: { method: "POST", path: "/things/{name}", status: 202 },
  input: NormalizedSchema.of(input as never),
  output: NormalizedSchema.of(output as never),
};
const things: Service = {
  ...s3,
  protocol: "restJson1",
  operations: new Map([["Update", operation]]),
  errors: new Map([
    ["Busy", { name: "Busy", code: "Busy", status: 429, schema: NormalizedSchema.of(failure as never) }],
  ]),
};

describe("REST with JSON", () => {
  it("reads label, query, headers and body", () => {
    const sent = request("POST", "/things/a%2Fb?tag=x&other=y", {
      headers: { "if-match": "e", "x-meta-one": "1", "x-unknown": "2" },
      body: bytes('{"Count":3,"labels":["p","q"]}'),
    });
    expect(restJson.operationOf(things, sent)).toBe("Update");
    expect(restJson.decode(things, operation, sent)).toEqual({
      name: "a/b",
      tag: "x",
      etag: "e",
      meta: { one: "1" },
      others: { other: "y" },
      count: 3,
      labels: ["p", "q"],
    });
    const misspelt = request("POST", "/things/a", { body: bytes('{"Cuont":3}') });
    expect(() => restJson.decode(things, operation, misspelt)).toThrow("unknown: Cuont");
    expect(restJson.operationOf(things, request("PUT", "/things/a"))).toBeNull();
  });

  it("writes status, headers and body", () => {
    const answer = restJson.encode(things, operation, { code: 203, etag: "e", list: ["a", "b,c"], count: 4 }, "r");
    expect(answer).toMatchObject({
      status: 203,
      headers: { etag: "e", "x-list": 'a, "b,c"', "x-amzn-requestid": "r" },
    });
    expect(new TextDecoder().decode(answer.body)).toBe('{"Count":4}');
  });

  it("writes an error's name into a header, and its members where the model says", () => {
    const error = wireError(things, new AwsError("Busy", "Try later", { members: { after: "5" } }));
    const answer = restJson.encodeError(things, error, "r");
    expect(answer).toMatchObject({ status: 429, headers: { "x-amzn-errortype": "Busy", "retry-after": "5" } });
    expect(JSON.parse(new TextDecoder().decode(answer.body))).toEqual({ message: "Try later" });
  });
});
