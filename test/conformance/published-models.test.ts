import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import { run } from "../foreign/processes.ts";
import { missingPythonTools, pythonTool } from "../foreign/python-tools.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { ServedCall } from "../../src/range/front.ts";
import type { Range } from "../../src/range/range.ts";
import type { WireRequest, WireResponse } from "../../src/range/wire/request.ts";
import { inProcessHandler } from "../../src/range/wire/request-handler.ts";
import { HANDLERS } from "../../src/range/services/catalogue.ts";
import { drills } from "./drilled.ts";
import { NOT_DRILLED, operationsNeeded } from "./operations.ts";
import type { Clients } from "./probe.ts";
import { allProbes } from "./probes/all.ts";
import { clientsOf, type Server, startRange } from "./servers.ts";
import { readSnapshotBlocks } from "./snapshot-blocks.ts";
import { surroundingsOf } from "./surroundings.ts";

const missing = missingPythonTools("conformance");
const folder = mkdtempSync(join(tmpdir(), "cordon-models-"));

interface Exchange {
  readonly service: string;
  readonly operation: string;
  /** The parameters of the address, and the headers, where they stand for members of the request. */
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly request: string;
  readonly status: number;
  readonly answeredHeaders?: Readonly<Record<string, string>>;
  readonly response: string;
  /** The code of an error that stands in a header. */
  readonly errorType?: string;
}

/** What test/conformance/model_check.py prints. */
interface Checked {
  readonly found: readonly string[];
  readonly seen: readonly string[];
}

async function check(exchanges: readonly Exchange[]): Promise<Checked> {
  const file = join(folder, "exchanges.jsonl");
  writeFileSync(file, exchanges.map((exchange) => `${JSON.stringify(exchange)}\n`).join(""));
  const script = fileURLToPath(new URL("model_check.py", import.meta.url));
  const { code, stdout, stderr } = await run(pythonTool("conformance", "python"), [script, file], {
    folder,
    settings: {},
  });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Checked;
}

/** Every list that the range has, asked for whole; those that need to be told of what are refused, in a way that is checked too. */
async function describeEverything({ ec2 }: Clients): Promise<void> {
  const lists = Object.keys(HANDLERS["ec2"] ?? {}).filter((operation) => operation.startsWith("Describe"));
  const methods = ec2 as unknown as Readonly<Record<string, (input: object) => Promise<unknown>>>;
  for (const operation of lists) {
    const method = methods[`${operation.charAt(0).toLowerCase()}${operation.slice(1)}`];
    await method?.call(ec2, {}).catch(() => {});
  }
}

/** Operations whose bodies are bytes of evidence, of which the models say nothing. */
const CONTENT: Readonly<Record<string, "sent" | "answered">> = {
  "s3 PutObject": "sent",
  "s3 UploadPart": "sent",
  "s3 GetObject": "answered",
  "ebs GetSnapshotBlock": "answered",
};

/** What went over the wire for a call. */
function exchangeOf(call: ServedCall, request: WireRequest, answer: WireResponse): Exchange {
  const text = new TextDecoder();
  const { service, operation } = call;
  const content = CONTENT[`${service} ${operation}`];
  return {
    service,
    operation,
    query: request.query,
    headers: request.headers,
    request: content === "sent" ? "" : text.decode(request.body),
    status: answer.status,
    answeredHeaders: answer.headers,
    response: content === "answered" && answer.status < 300 ? "" : text.decode(answer.body),
    errorType: answer.headers["x-amzn-errortype"] ?? "",
  };
}

/** Stands before a range's wire and takes down what passes. */
function recordInto(exchanges: Exchange[], range: Range): void {
  const handler = inProcessHandler(async (request) => {
    const answer = await range.handle(request);
    const id = answer.headers["x-amzn-requestid"] ?? answer.headers["x-amz-request-id"];
    const call = range.calls.findLast(({ requestId }) => requestId === id);
    if (call) exchanges.push(exchangeOf(call, request, answer));
    return answer;
  });
  Object.assign(range, { requestHandler: () => handler });
}

/** Where AWS's documentation goes beyond its own model, and the range with it. */
const documentedBeyondTheModel = [
  {
    value: "ec2 DescribeInternetGateways answer.InternetGateways[].Attachments[].State: 'available'",
    page: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_InternetGatewayAttachment.html",
  },
  {
    value: "ec2 DescribeNetworkInterfaces answer.NetworkInterfaces[].InterfaceType: 'nat_gateway'",
    page: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html",
  },
  {
    value: "ec2 DescribeVpcEndpoints answer.VpcEndpoints[].State: 'available'",
    page: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html",
  },
];

/** Drills meet all of them: a proof reads the gateways too. */
const documentedInDrills = documentedBeyondTheModel;

describe.skipIf(missing !== null)("the range beside AWS's published models", () => {
  const exchanges: Exchange[] = [];
  let server: Server;

  beforeAll(async () => {
    server = await startRange((range) => async (request) => {
      const at = range.calls.length;
      const answer = await range.handle(request);
      const call = range.calls[at];
      if (call) exchanges.push(exchangeOf(call, request, answer));
      return answer;
    });
  });

  afterAll(async () => {
    await server.end();
    rmSync(folder, { recursive: true, force: true });
  });

  test("every request and answer of the suite has the members, types and values that the models have", async () => {
    const clients = clientsOf(server.address);
    const asking = { ...clients, surroundings: await surroundingsOf({ name: "range", services: [] }, clients) };
    for (const probe of allProbes) await probe.ask(asking);
    await describeEverything(clients);
    await readSnapshotBlocks(clients);
    const { found, seen } = await check(exchanges);
    process.stdout.write(`the models have ${exchanges.length} exchanges of ${seen.length} operations of the range\n`);
    const values = found.map((each) => each.replace(/ is not one of .*/, ""));
    expect(values).toEqual(documentedBeyondTheModel.map(({ value }) => value));
    expect(seen).toContain("ec2 ModifyNetworkInterfaceAttribute");
    expect(seen).toContain("iam GetRolePolicy");
    expect(seen).toContain("ebs GetSnapshotBlock");
  }, 120_000);

  test("all that Cordon sends in the drills of its playbooks fits the models, and so do the answers", async () => {
    const drilled: Exchange[] = [];
    for (const drill of drills)
      await runDrill({
        ...drill,
        seed: 3,
        release: true,
        prepare(range, clock) {
          recordInto(drilled, range);
          drill.prepare?.(range, clock);
        },
      });
    const { found, seen } = await check(drilled);
    process.stdout.write(`the models have ${drilled.length} exchanges of ${seen.length} operations of drills\n`);
    expect(found.map((each) => each.replace(/ is not one of .*/, ""))).toEqual(
      documentedInDrills.map(({ value }) => value),
    );
    const played = new Set(drills.flatMap(({ playbooks }) => playbooks.map(({ id }) => id)));
    expect(
      shippedPlaybooks()
        .map(({ id }) => id)
        .filter((id) => !played.has(id)),
    ).toEqual([]);
    expect(operationsNeeded().filter((operation) => !seen.includes(operation))).toEqual(Object.keys(NOT_DRILLED));
  }, 300_000);

  test("a wrong type, an unknown member, a missing one and a value out of the list are all found", async () => {
    const answer = (inner: string): string =>
      `<DescribeNetworkInterfacesResponse><requestId>r</requestId><networkInterfaceSet><item>${inner}</item></networkInterfaceSet></DescribeNetworkInterfacesResponse>`;
    const exchange = { service: "ec2", operation: "DescribeNetworkInterfaces", request: "", status: 200 };
    const wrong = ["<status>busy</status>", "<sourceDestCheck>yes</sourceDestCheck>", "<colour>red</colour>"];
    const incomplete = {
      service: "sts",
      operation: "AssumeRole",
      request: "RoleArn=arn:aws:iam::111122223333:role/a",
      status: 200,
    };
    const { found } = await check([
      ...wrong.map((inner) => ({ ...exchange, response: answer(inner) })),
      { ...incomplete, response: "<AssumeRoleResponse><AssumeRoleResult/></AssumeRoleResponse>" },
    ]);
    expect(found).toEqual([
      "ec2 DescribeNetworkInterfaces answer.NetworkInterfaces[].SourceDestCheck: 'yes' is no boolean",
      "ec2 DescribeNetworkInterfaces answer.NetworkInterfaces[].Status: 'busy' is not one of available, associated, attaching, in-use, detaching",
      "ec2 DescribeNetworkInterfaces answer.NetworkInterfaces[].colour: is a member that the model does not have",
      "sts AssumeRole request.RoleSessionName: is required, and missing",
    ]);
  });

  test("so are wrong parameters, headers and bodies of what is called over REST", async () => {
    const part = { service: "s3", operation: "UploadPart", request: "", status: 200, response: "" };
    const completed = "<CompleteMultipartUploadResult><Bucket>b</Bucket></CompleteMultipartUploadResult>";
    const { found } = await check([
      { ...part, query: { partNumber: "one", uploadid2: "u" }, headers: { "x-amz-colour": "red", host: "b" } },
      {
        ...part,
        operation: "CompleteMultipartUpload",
        query: { uploadId: "u" },
        headers: {},
        request: "<CompleteMultipartUpload><Part><Number>1</Number></Part></CompleteMultipartUpload>",
        answeredHeaders: { "x-amz-server-side-encryption": "rot13", "x-amz-request-id": "r" },
        response: completed,
      },
    ]);
    expect(found.map((each) => each.replace(/ is not one of .*/, ""))).toEqual([
      "s3 CompleteMultipartUpload answer.ServerSideEncryption: 'rot13'",
      "s3 CompleteMultipartUpload request.MultipartUpload.Parts.Number: is a member that the model does not have",
      "s3 UploadPart request.PartNumber: 'one' is no integer",
      "s3 UploadPart request.UploadId: is required, and missing",
      "s3 UploadPart request.uploadid2: is a querystring that the model does not have",
      "s3 UploadPart request.x-amz-colour: is a header that the model does not have",
    ]);
  });
});
