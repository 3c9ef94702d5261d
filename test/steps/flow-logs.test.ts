import type { DescribeLogStreamsCommand, FilterLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import { expect, it } from "vitest";
import { containment } from "../../src/core/containment.ts";
import type { ChangeView, StepContext } from "../../src/core/step.ts";
import { createFlowLog } from "../../src/range/world/build-logging.ts";
import { matcherOf } from "../../src/range/services/logs/filter-patterns.ts";
import { flowLogs } from "../../src/steps/assess/flow-logs.ts";
import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

const MINUTE_MS = 60_000;
const logged = { scenario: "c2-beacon", variants: ["flow-logs"] } as const;
const unnoticed = { scenario: "miner-behind-nat", variants: ["flow-logs", "unnamed-controller"] } as const;

/** Lets the attackers live, seals every interface, and lets some minutes pass. */
async function cut(bench: Bench, minutes: number): Promise<StepContext> {
  const { clock, context, range } = bench;
  range.start(new AbortController().signal);
  await clock.sleep(2 * MINUTE_MS);
  const changes = changesOf(securityGroups, await securityGroups.plan(context, { level: "sealed" }));
  const views: ChangeView[] = [];
  for (const change of changes) {
    const result = await securityGroups.run(context, change, null);
    const outcome = result.kind === "done" ? result.outcome : null;
    views.push({ change, state: "verified", outcome, verifiedAt: clock.now() });
  }
  await clock.sleep(minutes * MINUTE_MS);
  return { ...context, now: clock.now(), outcomes: { [securityGroups.id]: views } };
}

async function observed(context: StepContext): Promise<readonly string[]> {
  const { checks } = await flowLogs.assess(context, {});
  return checks.map(({ ok, observed: said }) => `${ok ? "ok" : "not ok"}: ${said}`);
}

it("without a flow log it says so, and changes nothing", () =>
  onRange({}, async (bench) => {
    const context = await cut(bench, 1);
    const { checks, survivors } = await flowLogs.assess(context, {});
    expect(checks.map(({ kind, ok, observed: said }) => [kind, ok, said])).toEqual([
      ["record", false, "none"],
      ["record", false, "none"],
    ]);
    expect(survivors).toEqual([]);
  }));

it("judges each interface by its own logs: one in a VPC without any has none", () =>
  onRange({ scenario: "miner-behind-nat", variants: ["flow-logs", "two-vpcs"] }, async (bench) => {
    const said = await observed(await cut(bench, 9));
    expect(said).toHaveLength(2);
    expect(said[0]).toMatch(/accepted at .*; records reach /);
    expect(said[1]).toBe("not ok: none");
  }));

it("minutes before the records are there it claims nothing", () =>
  onRange(logged, async (bench) => {
    const said = await observed(await cut(bench, 2));
    expect(said.every((each) => each.endsWith("no records of the time after the cut"))).toBe(true);
  }));

it("names the flow behind the NAT gateway that nobody named, and what was possible is then known", () =>
  onRange(unnoticed, async (bench) => {
    const context = await cut(bench, 9);
    const { survivors } = await flowLogs.assess(context, {});
    const controller = survivors.filter(({ what }) => what.includes("198.51.100.140"));
    expect(controller.map(({ what, certainty, kind }) => [what, certainty, kind])).toEqual([
      [`TCP with 198.51.100.140 port 443 on ${bench.interfaces()[0]?.id}`, "indicated", "tcp"],
    ]);
    const proof = await containmentAssessment.assess(context, { level: "sealed" });
    const checks = proof.checks.filter(({ kind }) => kind === "sealed");
    expect(containment(checks, survivors, context.now).contained).toBe("partial");
    expect(containment(checks, [], context.now).contained).toBe(true);
  }));

it("keeps the records as they were read, for the vault", () =>
  onRange(unnoticed, async (bench) => {
    const context = await cut(bench, 9);
    const { document } = await flowLogs.assess(context, {});
    const { readings } = document as unknown as { readings: readonly { events: readonly { message: string }[] }[] };
    expect(readings[0]?.events.some(({ message }) => / 198\.51\.100\.140 \d+ 443 6 .* ACCEPT OK$/.test(message))).toBe(
      true,
    );
  }));

it.each([
  ["s3", { destination: { kind: "s3", arn: "arn:aws:s3:::flows" } }, "goes to s3 (arn:aws:s3:::flows): not read"],
  ["only rejected packets", { trafficType: "REJECT" }, "records only what was rejected"],
  [
    "a format that does not say what happened",
    { format: "${srcaddr} ${dstaddr}" },
    "has records without protocol, start, end, action: not read",
  ],
  ["a delivery that fails", { deliverError: "Access error" }, "AWS does not deliver fl-"],
] as const)("says why a log proves nothing: %s", (_, options, reason) =>
  onRange({ scenario: "miner-behind-nat" }, async (bench) => {
    const [nic] = bench.interfaces();
    createFlowLog(bench.place, {
      resourceId: nic?.vpcId ?? "",
      destination: { kind: "cloud-watch-logs", logGroupName: "flows" },
      ...options,
    });
    const said = await observed(await cut(bench, 9));
    expect(said[0]).toContain(reason);
    expect(said[0]).toMatch(/^not ok/);
  }),
);

it("a log group that is gone, or that nobody may read, is no clean log", () =>
  onRange(logged, async (bench) => {
    const context = await cut(bench, 9);
    bench.range.faults.inject({ kind: "access-denied", operation: "DescribeLogStreams", times: 9 });
    expect((await observed(context))[0]).toMatch(/^not ok: fl-\S+ goes to log group \S+, which Cordon may not read$/);
  }));

it("reads pages to their end, also those that are empty", () =>
  onRange({ ...logged }, async (bench) => {
    const context = await cut(bench, 9);
    bench.operations();
    await flowLogs.assess(context, {});
    expect(bench.operations().filter((operation) => operation === "FilterLogEvents")).toHaveLength(4);
  }));

interface Seen {
  readonly peer: string;
  readonly action: "ACCEPT" | "REJECT";
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly count?: number;
}

/**
 * The same account, whose log group has these records of the first interface: one second long, from ports of their own. What
 * AWS does with times, pages and patterns the range's own tests show; a group as large as these takes it minutes.
 */
function withRecords(bench: Bench, context: StepContext, seen: readonly Seen[]): StepContext {
  const [nic] = bench.interfaces();
  const events = seen
    .flatMap(({ peer, action, at, count = 1 }) =>
      Array.from({ length: count }, (_, index) => {
        const second = Math.floor(at / 1000);
        const ports = `${1024 + (index % 60_000)} 443 6`;
        return {
          logStreamName: `${nic?.id}-all`,
          timestamp: second * 1000,
          message: `2 111122223333 ${nic?.id} ${peer} ${nic?.privateIps[0]} ${ports} 1 40 ${second} ${second + 1} ${action} OK`,
        };
      }),
    )
    .toSorted((one, other) => one.timestamp - other.timestamp);
  const answer = ({ input }: FilterLogEventsCommand | DescribeLogStreamsCommand) => {
    if ("logStreamNamePrefix" in input && !("startTime" in input))
      return { logStreams: events.length > 0 ? [{ logStreamName: `${input.logStreamNamePrefix}all` }] : [] };
    const search = input as FilterLogEventsCommand["input"];
    const { startTime = 0, endTime = Infinity, filterPattern = "", startFromHead = true } = search;
    const matches = matcherOf(filterPattern);
    const found = events.filter(
      ({ logStreamName, timestamp, message }) =>
        search.logStreamNames?.includes(logStreamName) === true &&
        timestamp >= startTime &&
        timestamp <= endTime &&
        matches(message),
    );
    const from = Number(search.nextToken ?? 0);
    const page = (startFromHead ? found : found.toReversed()).slice(from, from + 10_000);
    return { events: page, nextToken: from + 10_000 < found.length ? String(from + 10_000) : undefined };
  };
  const logs = { send: (command: unknown) => Promise.resolve(answer(command as FilterLogEventsCommand)) };
  return { ...context, aws: { ec2: context.aws.ec2, logs } as unknown as StepContext["aws"] };
}

const SCANNER = "203.0.113.66";
const QUIET = "203.0.113.77";

/** When the first interface was sealed. */
function cutAt({ outcomes }: StepContext): number {
  return Math.min(...(outcomes[securityGroups.id] ?? []).map(({ verifiedAt }) => verifiedAt ?? 0));
}

const survivorsOf = async (context: StepContext) =>
  (await flowLogs.assess(context, {})).survivors.map(({ what }) => what).join("; ");

const REACHING = 70_000;

it("whoever scans before the cut hides nothing that comes after it, and the check says what was not read", () =>
  onRange(unnoticed, async (bench) => {
    const sealed = await cut(bench, 9);
    const at = cutAt(sealed);
    const context = withRecords(bench, sealed, [
      { peer: SCANNER, action: "ACCEPT", at: at - 90_000, count: 20_001 },
      { peer: QUIET, action: "ACCEPT", at: at + REACHING },
    ]);
    expect(await survivorsOf(context)).toContain(QUIET);
    expect((await observed(context))[0]).toMatch(
      /^not ok: .*only the last 5000 records before the cut were read, none of [\d:]{8}Z to [\d:]{8}Z$/,
    );
  }));

it("packets that were rejected in any number hide none that was accepted later", () =>
  onRange(unnoticed, async (bench) => {
    const sealed = await cut(bench, 9);
    const at = cutAt(sealed);
    const context = withRecords(bench, sealed, [
      { peer: SCANNER, action: "REJECT", at: at + REACHING, count: 20_001 },
      { peer: QUIET, action: "ACCEPT", at: at + 2 * REACHING },
    ]);
    expect(await survivorsOf(context)).toContain(QUIET);
    expect((await observed(context))[0]).toMatch(
      /of fl-\S+ more than 20000 records follow the cut: from [\d:]{8}Z on none of rejected packets was read$/,
    );
  }));

it("where too many were accepted it says from when on nothing was read, and claims nothing for that time", () =>
  onRange(unnoticed, async (bench) => {
    const sealed = await cut(bench, 9);
    const at = cutAt(sealed) + 30_000;
    const context = withRecords(bench, sealed, [
      { peer: SCANNER, action: "ACCEPT", at, count: 45_000 },
      { peer: QUIET, action: "ACCEPT", at: at + REACHING },
    ]);
    expect(await survivorsOf(context)).not.toContain(QUIET);
    const until = `${new Date(at).toISOString().slice(11, 19)}Z`;
    const [said] = await observed(context);
    expect(said).toContain(`nothing was read that began after ${until}: there are too many records`);
    expect(said).toContain(`records reach ${until};`);
    expect(said).toMatch(/^not ok/);
  }));
