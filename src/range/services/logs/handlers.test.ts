import {
  CloudWatchLogsClient,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { DescribeFlowLogsCommand, EC2Client } from "@aws-sdk/client-ec2";
import { expect, test } from "vitest";
import { createFront, type FrontOptions } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import { createFlowLog } from "../../world/build-logging.ts";
import { Lab, OPEN, OUTSIDE } from "../../world/test-lab.ts";

const GROUP = "/vpc/flow-logs";
const EVERYTHING = [{ Effect: "Allow", Action: "*", Resource: "*" }];

/** Two machines of a logged VPC that talked for three minutes; their records have been delivered. */
function account(options: Partial<FrontOptions> = {}, statement: readonly object[] = EVERYTHING) {
  const lab = new Lab();
  const log = createFlowLog(lab.place, {
    resourceId: lab.vpcId,
    destination: { kind: "cloud-watch-logs", logGroupName: GROUP },
  });
  const machines = [lab.instance([lab.group(...OPEN)]), lab.instance([lab.group(...OPEN)])];
  for (let minute = 0; minute < 3; minute++) {
    for (const machine of machines) machine.send(OUTSIDE, { tcp: "syn" });
    lab.clock.pass(60);
  }
  lab.clock.pass(1200);
  const { session } = createUser(lab.place, {
    name: "reader",
    inlinePolicies: { all: { Version: "2012-10-17", Statement: statement } },
  });
  let requests = 0;
  const { handle } = createWire({
    requestId: () => `request-${++requests}`,
    perform: createFront({ world: lab.world, ...options }),
  });
  const settings = {
    region: "eu-central-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  };
  const ids = machines.map(({ network }) => network.id);
  return { lab, log, ids, ec2: new EC2Client(settings as object), logs: new CloudWatchLogsClient(settings as object) };
}

test("flow logs are found by the resource that they look at, with format, destination and how delivery goes", async () => {
  const { lab, log, ec2 } = account();
  const { FlowLogs } = await ec2.send(
    new DescribeFlowLogsCommand({ Filter: [{ Name: "resource-id", Values: [lab.vpcId, "eni-0"] }] }),
  );
  expect(FlowLogs).toEqual([
    expect.objectContaining({
      FlowLogId: log.id,
      ResourceId: lab.vpcId,
      TrafficType: "ALL",
      LogDestinationType: "cloud-watch-logs",
      LogDestination: `arn:aws:logs:eu-central-1:111111111111:log-group:${GROUP}`,
      LogGroupName: GROUP,
      MaxAggregationInterval: 600,
      DeliverLogsStatus: "SUCCESS",
      FlowLogStatus: "ACTIVE",
    }),
  ]);
  const none = await ec2.send(new DescribeFlowLogsCommand({ Filter: [{ Name: "resource-id", Values: ["vpc-0"] }] }));
  expect(none.FlowLogs ?? []).toEqual([]);
  await expect(ec2.send(new DescribeFlowLogsCommand({ FlowLogIds: ["fl-0"] }))).rejects.toMatchObject({
    name: "InvalidFlowLogId.NotFound",
  });
});

test("each interface has a stream of its own, by name", async () => {
  const { ids, logs } = account();
  const { logStreams = [] } = await logs.send(
    new DescribeLogStreamsCommand({ logGroupName: GROUP, logStreamNamePrefix: `${ids[0]}-` }),
  );
  expect(logStreams.map(({ logStreamName }) => logStreamName)).toEqual([`${ids[0]}-all`]);
});

test("events come oldest first, a page at a time, of which one may be empty though more follow", async () => {
  const { ids, logs } = account();
  const search = { logGroupName: GROUP, logStreamNames: ids.map((id) => `${id}-all`), limit: 2 };
  const first = await logs.send(new FilterLogEventsCommand(search));
  expect([first.events, typeof first.nextToken]).toEqual([[], "string"]);
  const times: number[] = [];
  for (let token = first.nextToken; token !== undefined && times.length < 6;) {
    const page = await logs.send(new FilterLogEventsCommand({ ...search, nextToken: token }));
    expect(page.events!.length).toBeLessThanOrEqual(2);
    times.push(...page.events!.map(({ timestamp }) => timestamp!));
    token = page.nextToken;
  }
  expect(times).toEqual([...times].sort((one, other) => one - other));
  expect(times).toHaveLength(6);
});

test("a range of time takes its beginning and its end in", async () => {
  const { ids, logs, lab } = account();
  const begin = Date.UTC(2026, 0, 1);
  const { events = [] } = await logs.send(
    new FilterLogEventsCommand({
      logGroupName: GROUP,
      logStreamNames: [`${ids[0]}-all`],
      startTime: begin + 60_000,
      endTime: begin + 120_000,
    }),
  );
  expect(events.map(({ timestamp }) => timestamp! - begin)).toEqual([60_000, 120_000]);
  expect(events.every(({ ingestionTime }) => ingestionTime! <= lab.clock.now())).toBe(true);
  expect(events[0]?.eventId).toMatch(/^\d{56}$/);
});

test.each([
  ["a group that is not there", { logGroupName: "nothing" }, "ResourceNotFoundException"],
  ["a stream that is not there", { logGroupName: GROUP, logStreamNames: ["eni-0-all"] }, "ResourceNotFoundException"],
  ["no group", {}, "InvalidParameterException"],
  [
    "names beside a prefix",
    { logGroupName: GROUP, logStreamNames: ["a"], logStreamNamePrefix: "b" },
    "InvalidParameterException",
  ],
  [
    "a pattern, which the range does not know",
    { logGroupName: GROUP, filterPattern: "REJECT" },
    "InvalidParameterException",
  ],
  ["a token of somebody else's", { logGroupName: GROUP, nextToken: "x" }, "InvalidParameterException"],
])("%s is refused", async (_, input, name) => {
  const { logs } = account();
  await expect(logs.send(new FilterLogEventsCommand(input as never))).rejects.toMatchObject({ name });
});

test("reading is allowed by log group, and by no other", async () => {
  const arn = `arn:aws:logs:eu-central-1:111111111111:log-group:${GROUP}:*`;
  const { logs, ids, lab } = account({}, [{ Effect: "Allow", Action: "logs:FilterLogEvents", Resource: arn }]);
  const search = new FilterLogEventsCommand({ logGroupName: GROUP, logStreamNames: [`${ids[0]}-all`] });
  expect((await logs.send(search)).events!.length).toBeGreaterThan(2);
  createFlowLog(lab.place, {
    resourceId: lab.vpcId,
    destination: { kind: "cloud-watch-logs", logGroupName: "another" },
  });
  await expect(logs.send(new FilterLogEventsCommand({ logGroupName: "another" }))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
  await expect(logs.send(new DescribeLogStreamsCommand({ logGroupName: GROUP }))).rejects.toMatchObject({
    name: "AccessDeniedException",
  });
});
