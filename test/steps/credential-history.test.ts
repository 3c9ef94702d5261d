import { DescribeRegionsCommand } from "@aws-sdk/client-ec2";
import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { describe, expect, it, onTestFinished } from "vitest";
import { AwsCallError } from "../../src/aws/aws-call-error.ts";
import type { Sender } from "../../src/aws/sender.ts";
import type { StepContext } from "../../src/core/step.ts";
import { confirmation } from "../../src/steps/assess/credential-confirmation.ts";
import type { CredentialCalls } from "../../src/steps/assess/credential-history.ts";
import { readCredentialHistory } from "../../src/steps/assess/credential-reading.ts";
import { mintedWays } from "../../src/steps/assess/credentials-minted.ts";
import type { Denied } from "../../src/steps/assess/credential-deny.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

const MINUTE_MS = 60_000;
const WRITTEN = Date.parse("2026-01-15T12:00:00Z");
const IN_FORCE = WRITTEN + 10 * MINUTE_MS;
const READABLE = IN_FORCE + 15 * MINUTE_MS;
const NOW = READABLE + MINUTE_MS;
const ROLE = "arn:aws:iam::111122223333:role/payroll-worker";
const OTHER_ROLE = "arn:aws:iam::111122223333:role/backup-operator";
const HOME = "eu-central-1";
const ELSEWHERE = "ap-south-1";
const denied: Denied = { kind: "denied", inForceAt: IN_FORCE, firstReadAt: WRITTEN + 1000, page: "hash" };

interface Row {
  readonly region?: string;
  readonly at: number;
  readonly call: string;
  readonly errorCode?: string;
  readonly request?: unknown;
  readonly response?: unknown;
  /** The access key of the session that made the call; the instance's own session when left out. */
  readonly key?: string;
}

/** A row in the form of https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html */
function documentOf({ call, errorCode, request, response, key }: Row): string {
  const [service = "", eventName] = call.split(":");
  const session = key === undefined ? "payroll-worker/i-0abc" : "backup-operator/thief";
  return JSON.stringify({
    eventSource: `${service}.amazonaws.com`,
    eventName,
    userIdentity: { type: "AssumedRole", arn: `arn:aws:sts::111122223333:assumed-role/${session}` },
    ...(errorCode === undefined ? {} : { errorCode }),
    requestParameters: request ?? null,
    responseElements: response ?? null,
  });
}

const asked: string[] = [];

function cloudtrailWith(rows: readonly (Row | string)[], region: string): Sender {
  return {
    send: (command: unknown) => {
      if (!(command instanceof LookupEventsCommand)) throw new TypeError("only lookups are answered");
      const [attribute] = command.input.LookupAttributes ?? [];
      const value = attribute?.AttributeValue;
      asked.push(`${region} ${attribute?.AttributeKey} ${value}`);
      const Events = rows.flatMap((row, index) => {
        if (typeof row === "string")
          return region === HOME && value === "i-0abc"
            ? [{ EventId: "odd", EventTime: new Date(NOW), CloudTrailEvent: row }]
            : [];
        const isHere = (row.region ?? HOME) === region && (row.key ?? "i-0abc") === value;
        return isHere ? [{ EventId: `e${index}`, EventTime: new Date(row.at), CloudTrailEvent: documentOf(row) }] : [];
      });
      return Promise.resolve({ Events }) as never;
    },
  };
}

function ec2With(regions: readonly string[] | null): Sender {
  return {
    send: (command: unknown) => {
      if (!(command instanceof DescribeRegionsCommand)) throw new TypeError("only Regions are described");
      if (regions !== null) return Promise.resolve({ Regions: regions.map((RegionName) => ({ RegionName })) }) as never;
      const failure = { service: "ec2", operation: "DescribeRegions", caller: "c", resource: "r" } as const;
      const refused = { ...failure, awsCode: "UnauthorizedOperation", message: "no", httpStatus: 403, requestId: null };
      return Promise.reject(new AwsCallError(refused)) as never;
    },
  };
}

async function read(
  rows: readonly (Row | string)[],
  {
    now = NOW,
    regions = [HOME, ELSEWHERE],
  }: { readonly now?: number; readonly regions?: readonly string[] | null } = {},
): Promise<CredentialCalls> {
  asked.length = 0;
  const store = openSqlite(":memory:");
  onTestFinished(() => store.close());
  const context = {
    target: { account: "111122223333", region: HOME, instanceId: "i-0abc" },
    aws: { now: () => now, ec2: ec2With(regions), cloudtrailIn: (region: string) => cloudtrailWith(rows, region) },
    eventPages: store,
    now,
    signal: new AbortController().signal,
  } as unknown as StepContext;
  const history = await readCredentialHistory(context, { roleArns: [ROLE], readableAt: READABLE });
  const calls = history(ROLE);
  if (calls === null) throw new TypeError("no history");
  return calls;
}

async function proof(rows: readonly (Row | string)[], options: Parameters<typeof read>[1] = {}) {
  const calls = await read(rows, options);
  return confirmation({ roleArn: ROLE, state: denied, calls, now: options.now ?? NOW });
}

const codes = ({ survivors }: { readonly survivors: readonly { readonly code: string }[] }): readonly string[] =>
  survivors.map(({ code }) => code).filter((code) => code !== "credentials.data-calls");

describe("the deny of a role", () => {
  it("is confirmed by histories of all Regions in which nothing was permitted since", async () => {
    const { closed, survivors } = await proof([
      { at: WRITTEN + MINUTE_MS, call: "s3:ListBuckets" },
      { at: IN_FORCE + MINUTE_MS, call: "ec2:DescribeInstances", errorCode: "Client.UnauthorizedOperation" },
      { at: IN_FORCE + MINUTE_MS, call: "s3:ListBuckets", errorCode: "AccessDenied" },
    ]);
    expect(codes({ survivors })).toEqual([]);
    expect(closed.map(({ ground }) => ground)).toEqual(["denied"]);
    expect([...asked].sort()).toEqual([
      "ap-south-1 Username i-0abc",
      "eu-central-1 Username i-0abc",
      "us-east-1 Username i-0abc",
    ]);
  });

  it.each([HOME, ELSEWHERE, "us-east-1"])("is refuted by a call that was permitted in %s", async (region) => {
    const { closed, survivors } = await proof([{ region, at: IN_FORCE + MINUTE_MS, call: "ec2:DescribeInstances" }]);
    expect(closed).toEqual([]);
    expect(codes({ survivors })).toEqual(["credentials.used"]);
  });

  it("is not refuted by sts:GetCallerIdentity, which no policy can refuse", async () => {
    const { closed } = await proof([{ at: IN_FORCE + MINUTE_MS, call: "sts:GetCallerIdentity" }]);
    expect(closed).toHaveLength(1);
  });

  it("is refuted by a call that failed for another reason: it had passed IAM", async () => {
    const throttled = { at: IN_FORCE + MINUTE_MS, call: "ec2:RunInstances", errorCode: "Client.RequestLimitExceeded" };
    expect(codes(await proof([throttled]))).toEqual(["credentials.used"]);
  });

  it("is due, without a lookup, until CloudTrail can have delivered what confirms it", async () => {
    const { survivors } = await proof([], { now: READABLE - MINUTE_MS });
    expect(survivors[0]).toMatchObject({ code: "credentials.unconfirmed", certainty: "due", dueAt: READABLE });
    expect(asked).toEqual([]);
  });

  it("is known up to 15 minutes before the reading, and no further", async () => {
    const { horizons } = await read([]);
    expect(new Set(horizons.map(({ until }) => until))).toEqual(new Set([NOW - 15 * MINUTE_MS]));
  });

  it("stays unproven where the Regions, or a row, cannot be read", async () => {
    const ofRegions = await proof([], { regions: null });
    expect(ofRegions.survivors[0]?.why).toMatch(/did not say which Regions/);
    const ofRow = await proof(["not JSON"]);
    expect(ofRow.survivors[0]).toMatchObject({ code: "credentials.unconfirmed", certainty: "possible" });
    expect(ofRow.survivors[0]?.why).toMatch(/1 events cannot be read/);
  });
});

describe("sessions that were made with the credentials", () => {
  const taken: Row = {
    region: ELSEWHERE,
    at: WRITTEN - MINUTE_MS,
    call: "sts:AssumeRole",
    request: { roleArn: OTHER_ROLE, roleSessionName: "thief" },
    response: { credentials: { accessKeyId: "ASIACHAINED" } },
  };

  it("are ways of their own, in whatever Region they were made", async () => {
    const { survivors, closed } = mintedWays({ roleArn: ROLE, calls: await read([taken]), denied, now: NOW });
    expect(closed).toEqual([]);
    expect(survivors[0]).toMatchObject({ code: "credentials.chained", certainty: "indicated" });
    expect(survivors[0]?.what).toContain("backup-operator");
  });

  it("are followed: what was made with them is listed", async () => {
    const made: Row = { region: "us-east-1", at: WRITTEN, call: "iam:CreateUser", key: "ASIACHAINED" };
    const { survivors } = await proof([taken, made]);
    expect(codes({ survivors })).toEqual(["credentials.made"]);
    expect(asked).toContain("us-east-1 AccessKeyId ASIACHAINED");
  });

  it("are not there where complete histories show none", async () => {
    const { closed } = mintedWays({ roleArn: ROLE, calls: await read([]), denied, now: NOW });
    expect(closed).toHaveLength(1);
  });
});
