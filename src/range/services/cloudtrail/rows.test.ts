import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { HistoryEntry } from "../../world/event-history.ts";
import { newWorld } from "../../world/test-lab.ts";
import { eventOf, recordOf } from "./event.ts";

const FOLDER = "test/fixtures/cloudtrail";

interface Fixture {
  readonly call: { readonly input: Record<string, unknown>; readonly output: Record<string, unknown> | null };
  readonly event: {
    readonly EventName: string;
    readonly Resources: readonly object[];
    readonly CloudTrailEvent: Readonly<Record<string, unknown>>;
  };
}

const fixtures = readdirSync(FOLDER)
  .filter((name) => name.endsWith(".json"))
  .map((name): [string, Fixture] => [name, JSON.parse(readFileSync(`${FOLDER}/${name}`, "utf8")) as Fixture]);

function entryOf({ call, event }: Fixture): HistoryEntry {
  const { CloudTrailEvent: record } = event;
  return {
    accountId: "111122223333",
    region: "eu-central-1",
    service: "ec2",
    operation: event.EventName,
    input: call.input,
    output: call.output,
    requestId: record["requestID"] as string,
    at: Date.parse(record["eventTime"] as string),
    error: null,
    caller: {
      arn: "arn:aws:iam::111122223333:user/network-engineer",
      userId: "AIDA0A1B2C3D4E5F6001",
      service: null,
      session: {
        accessKeyId: "AKIA0A1B2C3D4E5F6001",
        secretAccessKey: "",
        sessionToken: null,
        kind: "user",
        accountId: "111122223333",
        principalArn: "arn:aws:iam::111122223333:user/network-engineer",
        roleArn: null,
        roleName: null,
        sessionName: null,
        issuedAt: 0,
        expiresAt: null,
        sourceInstanceArn: null,
      },
    },
    sourceIp: "192.0.2.15",
    userAgent: "aws-cli/2.31.0",
    issued: null,
    eventId: record["eventID"] as string,
    deliveredAt: 0,
    isWithoutResources: null,
  };
}

describe("an event of the range", () => {
  it.each(fixtures)("looks like %s", (_, fixture) => {
    const { world } = newWorld();
    const entry = entryOf(fixture);
    expect(recordOf(world, entry)).toEqual(fixture.event.CloudTrailEvent);
    expect(eventOf(world, entry).Resources).toEqual(fixture.event.Resources);
  });

  it("exists for every change that the history of a cut needs", () => {
    const names = fixtures.map(([, { event }]) => event.EventName);
    expect(names).toEqual(
      expect.arrayContaining(["RunInstances", "ModifyNetworkInterfaceAttribute", "ModifySecurityGroupRules"]),
    );
    expect(names).toHaveLength(25);
  });
});
