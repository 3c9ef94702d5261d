import { CloudTrailClient, LookupEventsCommand, type LookupEventsRequest } from "@aws-sdk/client-cloudtrail";
import { CreateTagsCommand, DescribeInstancesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { GetObjectCommand, ListBucketsCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS, type Range, type RangeOptions } from "../../range.ts";
import { instanceCredentials } from "../../world/build-identity.ts";
import type { Session } from "../../world/identity.ts";

const REGION = "eu-central-1";
const QUARTER_OF_AN_HOUR_MS = 900_000;
const SETTLED_MS = 960_000;

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

interface Lab {
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly instanceId: string;
  readonly stolen: Session;
  as(keys: Keys, region?: string): ReturnType<typeof clientsOf>;
  look(input: LookupEventsRequest, region?: string): ReturnType<typeof lookUp>;
}

function clientsOf(range: Range, { accessKeyId, secretAccessKey, sessionToken }: Keys, region: string) {
  const configuration = {
    region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken === null ? {} : { sessionToken }) },
    requestHandler: range.requestHandler(),
    maxAttempts: 1,
  };
  return {
    cloudtrail: new CloudTrailClient(configuration),
    ec2: new EC2Client(configuration),
    iam: new IAMClient(configuration),
    s3: new S3Client(configuration),
    sts: new STSClient(configuration),
  };
}

async function lookUp(cloudtrail: CloudTrailClient, input: LookupEventsRequest) {
  const { Events = [], NextToken } = await cloudtrail.send(new LookupEventsCommand(input));
  const records = Events.map(({ CloudTrailEvent = "" }) => JSON.parse(CloudTrailEvent) as Record<string, unknown>);
  return { events: Events, records, token: NextToken };
}

function inLab<T>(test: (lab: Lab) => Promise<T>, options: Partial<RangeOptions> = {}): Promise<T> {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "c2-beacon", seed: 3, clock, ...options });
  const [target] = range.scenario.targets;
  const place = range.world.place(target!.account, target!.region);
  const stolen = instanceCredentials(place, target!.instanceId)!;
  const as: Lab["as"] = (keys, region = REGION) => clientsOf(range, keys, region);
  return clock.run(() =>
    test({
      clock,
      range,
      instanceId: target!.instanceId,
      stolen,
      as,
      look: (input, region = REGION) => lookUp(as(range.responder, region).cloudtrail, input),
    }),
  );
}

const by = (AttributeKey: "AccessKeyId" | "EventName" | "ResourceName" | "Username", AttributeValue: string) => ({
  LookupAttributes: [{ AttributeKey, AttributeValue }],
});

describe("an event", () => {
  it("comes a while after the call, and no later than a quarter of an hour in the range", () =>
    inLab(async ({ as, stolen, clock, look }) => {
      await as(stolen).sts.send(new GetCallerIdentityCommand({}));
      const seenAfter = async (ms: number) => {
        await clock.sleep(ms);
        return (await look(by("EventName", "GetCallerIdentity"))).events.length;
      };
      expect(await seenAfter(0)).toBe(0);
      expect(await seenAfter(50_000)).toBe(0);
      expect(await seenAfter(QUARTER_OF_AN_HOUR_MS)).toBe(1);
    }));

  it("looks as CloudTrail writes it: whose session it was, from which instance, from where, refused or not", () =>
    inLab(async ({ as, stolen, clock, look, instanceId }) => {
      const refused = as(stolen).ec2.send(new DescribeInstancesCommand({}));
      await expect(refused).rejects.toMatchObject({ name: "UnauthorizedOperation" });
      await clock.sleep(SETTLED_MS);
      const { events, records } = await look(by("EventName", "DescribeInstances"));
      expect(events[0]).toMatchObject({
        EventName: "DescribeInstances",
        EventSource: "ec2.amazonaws.com",
        ReadOnly: "true",
        Username: instanceId,
        AccessKeyId: stolen.accessKeyId,
        Resources: [],
      });
      expect(records[0]).toMatchObject({
        eventVersion: "1.11",
        eventTime: "2026-01-15T12:00:00Z",
        eventSource: "ec2.amazonaws.com",
        eventName: "DescribeInstances",
        awsRegion: REGION,
        sourceIPAddress: "192.0.2.250",
        userAgent: expect.stringContaining("aws-sdk-js"),
        errorCode: "Client.UnauthorizedOperation",
        errorMessage: expect.stringContaining("You are not authorized to perform this operation."),
        requestParameters: null,
        responseElements: null,
        requestID: expect.stringMatching(/^[0-9a-f-]{36}$/),
        eventID: events[0]?.EventId,
        readOnly: true,
        eventType: "AwsApiCall",
        managementEvent: true,
        recipientAccountId: "111122223333",
        eventCategory: "Management",
        userIdentity: {
          type: "AssumedRole",
          principalId: expect.stringMatching(new RegExp(`^AROA\\w+:${instanceId}$`)),
          arn: `arn:aws:sts::111122223333:assumed-role/payroll-worker/${instanceId}`,
          accountId: "111122223333",
          accessKeyId: stolen.accessKeyId,
          sessionContext: {
            sessionIssuer: {
              type: "Role",
              principalId: expect.stringMatching(/^AROA/),
              arn: "arn:aws:iam::111122223333:role/payroll-worker",
              accountId: "111122223333",
              userName: "payroll-worker",
            },
            attributes: { creationDate: "2026-01-15T12:00:00Z", mfaAuthenticated: "false" },
            ec2RoleDelivery: "2.0",
          },
          inScopeOf: {
            issuerType: "AWS::EC2::Instance",
            credentialsIssuedTo: `arn:aws:ec2:${REGION}:111122223333:instance/${instanceId}`,
          },
        },
      });
    }));

  it("is found by what the call was made on, by the role's name or its ARN as the call named it", () =>
    inLab(async ({ as, range, clock, look, instanceId }) => {
      const { ec2, iam, sts } = as(range.responder);
      const roleArn = range.responder.roleArn;
      await ec2.send(new CreateTagsCommand({ Resources: [instanceId], Tags: [{ Key: "a", Value: "b" }] }));
      await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instanceId] }));
      await iam.send(
        new PutRolePolicyCommand({
          RoleName: "payroll-worker",
          PolicyName: "p",
          PolicyDocument: '{"Version":"2012-10-17","Statement":[]}',
        }),
      );
      const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName: "again" }));
      await clock.sleep(SETTLED_MS);
      const names = async (value: string, region?: string) => {
        await clock.sleep(1000); // Two lookups a second.
        return (await look(by("ResourceName", value), region)).events.map(({ EventName }) => EventName);
      };
      expect(await names(instanceId)).toEqual(["CreateTags", "AttachNetworkInterface", "RunInstances"]);
      expect(await names("payroll-worker", "us-east-1")).toEqual(["PutRolePolicy"]);
      expect(await names("payroll-worker")).toEqual([]);
      expect(await names(roleArn)).toEqual(["AssumeRole"]);
      expect(await names(Credentials?.AccessKeyId ?? "")).toEqual(["AssumeRole"]);
      await clock.sleep(1000);
      const { records } = await look(by("ResourceName", roleArn));
      expect(records[0]?.["responseElements"]).toMatchObject({
        credentials: { accessKeyId: Credentials?.AccessKeyId },
      });
      expect(JSON.stringify(records)).not.toContain(Credentials?.SecretAccessKey);
    }));

  it("says that EC2 took the role for the instance", () =>
    inLab(async ({ clock, look, instanceId, stolen }) => {
      await clock.sleep(SETTLED_MS);
      const { records } = await look(by("ResourceName", stolen.accessKeyId));
      expect(records).toMatchObject([
        {
          eventName: "AssumeRole",
          sourceIPAddress: "ec2.amazonaws.com",
          userIdentity: { type: "AWSService", invokedBy: "ec2.amazonaws.com" },
          requestParameters: { roleSessionName: instanceId },
        },
      ]);
    }));
});

describe("the history", () => {
  it("has no data events: what was done with objects is not in it", () =>
    inLab(async ({ as, stolen, clock, look }) => {
      const { s3 } = as(stolen);
      await s3.send(new GetObjectCommand({ Bucket: "nowhere", Key: "k" })).catch(() => {});
      await s3.send(new ListBucketsCommand({})).catch(() => {});
      await clock.sleep(SETTLED_MS);
      const { events } = await look(by("Username", stolen.sessionName!));
      expect(events.map(({ EventName }) => EventName)).not.toContain("GetObject");
    }));

  it("gives pages of at most 50, the newest first, none twice and none left out", () =>
    inLab(async ({ as, stolen, clock, look, instanceId }) => {
      for (let call = 0; call < 120; call++) {
        await as(stolen).sts.send(new GetCallerIdentityCommand({}));
        await clock.sleep(700);
      }
      await clock.sleep(SETTLED_MS);
      const lookup = { ...by("Username", instanceId), StartTime: new Date(START_OF_SIMULATED_TIME_MS) };
      const pages = [];
      let token: string | undefined;
      do {
        const page = await look({ ...lookup, ...(token === undefined ? {} : { NextToken: token }) });
        pages.push(page.events);
        token = page.token;
        await clock.sleep(1000);
      } while (token !== undefined && pages.length < 9);
      const all = pages.flat().filter(({ EventName }) => EventName === "GetCallerIdentity");
      expect(pages.map((each) => each.length).slice(0, 2)).toEqual([50, 50]);
      expect(all).toHaveLength(120);
      expect(new Set(all.map(({ EventId }) => EventId)).size).toBe(120);
      const times = all.map(({ EventTime }) => EventTime!.getTime());
      expect(times).toEqual([...times].sort((one, other) => other - one));
    }));

  it("of a Region has the calls made there, and no others", () =>
    inLab(async ({ as, stolen, clock, look }) => {
      await as(stolen, "eu-west-1").sts.send(new GetCallerIdentityCommand({}));
      await clock.sleep(SETTLED_MS);
      const made = async (region: string) => (await look(by("EventName", "GetCallerIdentity"), region)).events.length;
      expect([await made("eu-west-1"), await made(REGION), await made("us-east-1")]).toEqual([1, 0, 0]);
    }));

  it("forgets after ninety days", () =>
    inLab(async ({ as, stolen, clock, range, look }) => {
      await as(stolen).sts.send(new GetCallerIdentityCommand({}));
      range.world.account("111122223333").sessions.set(range.responder.accessKeyId, {
        ...range.world.account("111122223333").sessions.get(range.responder.accessKeyId)!,
        expiresAt: null,
      });
      await clock.sleep(89 * 86_400_000);
      expect((await look(by("EventName", "GetCallerIdentity"))).events).toHaveLength(1);
      await clock.sleep(86_400_001);
      expect((await look(by("EventName", "GetCallerIdentity"))).events).toHaveLength(0);
    }));

  it("is the same for the same calls", async () => {
    const once = () =>
      inLab(async ({ as, stolen, clock, look }) => {
        await as(stolen).sts.send(new GetCallerIdentityCommand({}));
        await clock.sleep(SETTLED_MS);
        return (await look(by("Username", stolen.sessionName!))).events.map(({ EventId }) => EventId);
      });
    expect(await once()).toEqual(await once());
  });
});

describe("a lookup", () => {
  it.each<[string, LookupEventsRequest]>([
    [
      "InvalidLookupAttributesException",
      { LookupAttributes: [...by("Username", "a").LookupAttributes, ...by("EventName", "b").LookupAttributes] },
    ],
    ["InvalidMaxResultsException", { MaxResults: 51 }],
    ["InvalidTimeRangeException", { StartTime: new Date(2000), EndTime: new Date(1000) }],
    ["InvalidNextTokenException", { NextToken: "made up" }],
  ])("is refused with %s", (name, input) =>
    inLab(async ({ look }) => expect(look(input)).rejects.toMatchObject({ name })),
  );

  it("takes a token with the arguments of the page before, and with no others", () =>
    inLab(async ({ as, stolen, clock, look, instanceId }) => {
      for (let call = 0; call < 3; call++) await as(stolen).sts.send(new GetCallerIdentityCommand({}));
      await clock.sleep(SETTLED_MS);
      const { token } = await look({ ...by("Username", instanceId), MaxResults: 2 });
      const other = look({ ...by("EventName", "GetCallerIdentity"), MaxResults: 2, NextToken: token });
      await expect(other).rejects.toMatchObject({ name: "InvalidNextTokenException" });
    }));

  it("is answered twice a second, and then with throttling", () =>
    inLab(async ({ look, clock }) => {
      const ask = () =>
        look({}).then(
          () => "answered",
          (error: Error) => error.name,
        );
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(["answered", "answered", "ThrottlingException"]);
      await clock.sleep(1000);
      expect(await Promise.all([ask(), ask(), ask()])).toEqual(["answered", "answered", "ThrottlingException"]);
    }));

  it("of a caller who may not is refused", () =>
    inLab(async ({ as, stolen }) => {
      const refused = as(stolen).cloudtrail.send(new LookupEventsCommand({}));
      await expect(refused).rejects.toMatchObject({ name: "AccessDeniedException" });
    }));
});
