import {
  CloudWatchLogsClient,
  GetQueryResultsCommand,
  StartQueryCommand,
  StopQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { expect, test } from "vitest";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import { createFlowLog, DEFAULT_FLOW_LOG_FORMAT, plantFlow } from "../../world/build-logging.ts";
import { captureOf } from "../../world/flow-capture.ts";
import { Lab, OPEN } from "../../world/test-lab.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const GROUP = "/vpc/flow-logs";
const PEER = "203.0.113.24";

/** One machine in a VPC that is logged since six days; it was silent but for a flow that ended two days ago. */
function account(format = DEFAULT_FLOW_LOG_FORMAT) {
  const lab = new Lab();
  const { network } = lab.instance([lab.group(...OPEN)], { launchedAt: lab.world.now() - 9 * DAY_MS });
  const now = lab.world.now();
  createFlowLog(lab.place, {
    resourceId: network.id,
    destination: { kind: "cloud-watch-logs", logGroupName: GROUP },
    format,
    maxAggregationSeconds: 60,
    createdAt: now - 6 * DAY_MS,
    recordsFrom: now - 6 * DAY_MS,
  });
  plantFlow(lab.place, network.id, {
    from: now - 4 * DAY_MS,
    to: now - 2 * DAY_MS,
    everyMs: HOUR_MS,
    direction: "egress",
    peer: PEER,
  });
  const { session } = createUser(lab.place, {
    name: "reader",
    inlinePolicies: { all: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } },
  });
  const { handle } = createWire({ requestId: () => "request", perform: createFront({ world: lab.world }) });
  const client = new CloudWatchLogsClient({
    region: "eu-central-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  } as object);
  const start = (queryString: string, more: object = {}) =>
    client.send(
      new StartQueryCommand({
        logGroupName: GROUP,
        startTime: (now - 6 * DAY_MS) / 1000,
        endTime: now / 1000,
        queryString,
        ...more,
      }),
    );
  const results = (queryId: string | undefined) => client.send(new GetQueryResultsCommand({ queryId }));
  const ask = async (queryString: string, more: object = {}) => {
    const { queryId } = await start(queryString, more);
    lab.clock.pass(10);
    const { status, results: rows = [], statistics } = await results(queryId);
    const plain = rows.map((row) =>
      Object.fromEntries(row.filter(({ field }) => field !== "@ptr").map(({ field, value }) => [field, value])),
    );
    return { status, rows: plain, statistics };
  };
  return { lab, network, now, client, start, results, ask };
}

test("a query lists the peers of days that nobody stored row by row", async () => {
  const { ask, now, network } = account();
  const { status, rows } = await ask(
    'filter action = "ACCEPT" | stats count(*) as records, min(@timestamp) as first, max(@timestamp) as last by interfaceId, srcAddr, dstAddr, protocol | sort last desc | limit 10',
  );
  expect(status).toBe("Complete");
  expect(rows).toEqual([
    {
      interfaceId: network.id,
      srcAddr: network.privateIps[0],
      dstAddr: PEER,
      protocol: "6",
      records: "49",
      first: String(now - 4 * DAY_MS),
      last: String(now - 2 * DAY_MS),
    },
  ]);
});

test("each interval has a record: NODATA where it was silent, SKIPDATA where nothing was captured, none where it was lost", async () => {
  const { ask, lab, network, now } = account();
  const seen = captureOf(lab.place.region, network.id);
  for (const minute of [1, 2]) seen.skippedMinutes.add(now - DAY_MS + minute * 60_000);
  for (const minute of [5, 6, 7]) seen.lostMinutes.add(now - DAY_MS + minute * 60_000);
  const { rows } = await ask("stats count(*) as n by logStatus | sort n asc", {
    startTime: (now - 5 * DAY_MS) / 1000,
    endTime: (now - HOUR_MS) / 1000,
  });
  // Five days less an hour are 7,140 minutes; the last begins within the range.
  expect(rows).toEqual([
    { logStatus: "SKIPDATA", n: "2" },
    { logStatus: "OK", n: "49" },
    { logStatus: "NODATA", n: String(7141 - 2 - 49 - 3) },
  ]);
});

test("a query is scheduled, runs, and then is complete; until then it has no results", async () => {
  const { start, results, lab } = account();
  const { queryId } = await start("fields @message");
  const statuses: unknown[] = [];
  for (const seconds of [0.1, 1, 1]) {
    lab.clock.pass(seconds);
    const { status, results: rows } = await results(queryId);
    statuses.push([status, rows!.length]);
  }
  expect(statuses).toEqual([
    ["Scheduled", 0],
    ["Running", 0],
    ["Complete", 8635], // Six days of minutes, of which the last ones are not delivered yet.
  ]);
});

test("of 14,000 results 10,000 are given, and the statistics tell that more matched", async () => {
  const { ask, lab, network } = account();
  createFlowLog(lab.place, {
    resourceId: network.id,
    destination: { kind: "cloud-watch-logs", logGroupName: GROUP },
    maxAggregationSeconds: 60,
    recordsFrom: lab.world.now() - 6 * DAY_MS,
  });
  const { rows, statistics } = await ask("fields @timestamp");
  expect(rows).toHaveLength(10_000);
  expect(statistics?.recordsMatched).toBeGreaterThan(17_000);
});

test("fields of another format are not discovered, and parse finds them", async () => {
  const { ask } = account("${interface-id} ${srcaddr} ${dstaddr} ${action} ${start} ${end} ${log-status}");
  expect((await ask('filter logStatus = "OK" | stats count(*) as n')).rows).toEqual([{ n: "0" }]);
  const parsed = await ask(
    'parse @message "* * * * * * *" as eni, src, dst, act, begin, finish, state | filter state = "OK" | stats count(*) as n by dst',
  );
  expect(parsed.rows).toEqual([{ dst: PEER, n: "49" }]);
});

test.each([
  ['filter dstPort = 443 and protocol in ["6", "17"]', 49],
  ["filter dstPort > 443", 0],
  ['filter dstAddr like "203.0.113" or dstAddr like /^198/', 49],
  ['filter not (action = "REJECT") and logStatus != "NODATA"', 49],
  ["filter ispresent(srcAddr) and bytes >= 84", 49],
])("%s", async (query, count) => {
  expect((await account().ask(`${query} | stats count(*) as n`)).rows).toEqual([{ n: String(count) }]);
});

test.each([
  ["a command that is none", "select *", {}, "MalformedQueryException"],
  ["a filter without its end", "filter action =", {}, "MalformedQueryException"],
  ["more than one group member", "fields @message", { logGroupNames: [GROUP] }, "InvalidParameterException"],
  ["more results than there can be", "fields @message", { limit: 10_001 }, "InvalidParameterException"],
  ["an end before the group was made", "fields @message", { startTime: 1, endTime: 2 }, "MalformedQueryException"],
  ["a group that is not there", "fields @message", { logGroupName: "nothing" }, "ResourceNotFoundException"],
  ["a command that the range does not have", "pattern @message", {}, "NotImplemented"],
])("%s is refused", async (_, query, more, name) => {
  await expect(account().start(query, more)).rejects.toMatchObject({ name });
});

test("thirty queries run at once, and a stopped one makes room", async () => {
  const { start, client, results } = account();
  const started = [];
  for (let number = 0; number < 30; number++)
    started.push((await start(`fields @message | limit ${number + 1}`)).queryId);
  await expect(start("fields @message")).rejects.toMatchObject({ name: "LimitExceededException" });
  await client.send(new StopQueryCommand({ queryId: started[0] }));
  expect((await results(started[0])).status).toBe("Cancelled");
  await expect(client.send(new StopQueryCommand({ queryId: started[0] }))).rejects.toMatchObject({
    name: "InvalidParameterException",
  });
  expect((await start("fields @message")).queryId).toMatch(/^[0-9a-f-]{36}$/);
});

test("a query can fail, and one of more than an hour times out", async () => {
  const { start, results, lab } = account();
  lab.place.region.insights.fate = "Failed";
  const failing = (await start("fields @message")).queryId;
  Object.assign(lab.place.region.insights, { fate: "Complete", durationMs: 2 * HOUR_MS });
  const endless = (await start("fields @timestamp")).queryId;
  lab.clock.pass(3_599);
  expect([(await results(failing)).status, (await results(endless)).status]).toEqual(["Failed", "Running"]);
  lab.clock.pass(1);
  expect((await results(endless)).status).toBe("Timeout");
});
