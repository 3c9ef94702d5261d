import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { Lanes } from "../../src/aws/lanes.ts";
import { localLimiter } from "../../src/aws/limiter.ts";
import type { ArtifactDraft } from "../../src/core/artifact.ts";
import type { Json } from "../../src/core/json.ts";
import type { Item, StepContext } from "../../src/core/step.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { cloudtrailActivity } from "../../src/steps/preserve/cloudtrail-activity.ts";
import { summaryOf } from "../../src/steps/preserve/cloudtrail-summary.ts";
import { onRange, type Bench, type BenchOptions } from "./bench.ts";
import { instanceOf, itemsOf, openVault } from "./evidence.ts";

type Details = Parameters<typeof cloudtrailActivity.collect>[1]["details"];
type Input = Parameters<typeof cloudtrailActivity.plan>[1];

const MINUTE_MS = 60_000;
const THIEF = "198.51.100.23";
const once: Input = { lookBack: "1d", again: "never" };

function onStolen<T>(
  test: (bench: Bench, vault: ReturnType<typeof openVault>) => Promise<T>,
  options: BenchOptions = {},
): Promise<T> {
  const vault = openVault();
  return onRange({ scenario: "stolen-credentials", ...options }, (bench) => {
    const { findings } = readGuardDuty(JSON.stringify(bench.range.events()[0]), { file: "event" });
    const life = new AbortController();
    bench.range.start(life.signal);
    return test({ ...bench, context: { ...bench.context, findings, vault } }, vault).finally(() =>
      life.abort(new Error("the test is over")),
    );
  });
}

async function planned({ context }: Bench, input: Input = once): Promise<readonly Item<Details>[]> {
  return itemsOf(cloudtrailActivity, await cloudtrailActivity.plan(context, input));
}

function itemOf(items: readonly Item<Details>[], attribute: string): Item<Details> {
  const found = items.find((each) => each.attribute === attribute);
  if (!found) throw new Error(`${attribute} is not planned: ${items.map((each) => each.attribute).join()}`);
  return found;
}

/** Collects as the engine does: again when it is due, with what was journalled. */
async function collect(bench: Bench, item: Item<Details>): Promise<ArtifactDraft> {
  let progress: Json = null;
  for (let turn = 0; turn < 9; turn++) {
    const context: StepContext = { ...bench.context, now: bench.clock.now() };
    const result = await cloudtrailActivity.collect(context, item, progress);
    if (result.kind === "collected") return result.artifacts[0]!;
    progress = result.progress;
    await bench.clock.sleep(result.afterMs);
  }
  throw new Error("it never ended");
}

interface Lineage {
  readonly [member: string]: Json;
  readonly calls: readonly { readonly what: string; readonly count: number; readonly refused?: number }[];
  readonly elsewhere: readonly { readonly what: string; readonly count: number }[];
}

const lineageOf = ({ lineage }: ArtifactDraft): Lineage => lineage as unknown as Lineage;

function recordsIn(vault: ReturnType<typeof openVault>): readonly Record<string, unknown>[] {
  const [content] = [...vault.contents.values()];
  const lines = Buffer.from(content!).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("where it looks", () => {
  it("is under every name that the instance and its role have, in their Region and in IAM's", () =>
    onStolen(async (bench) => {
      const { instanceId } = bench.target;
      const key = bench.context.findings[0]?.accessKeyId;
      const ways = (await planned(bench)).map(({ resource, attribute }) => [attribute, resource]);
      expect(key).toMatch(/^ASIA/);
      expect(ways).toEqual([
        ["Username-eu-central-1", instanceId],
        ["Username-us-east-1", instanceId],
        ["ResourceName-eu-central-1", instanceId],
        ["ResourceName-us-east-1", "payroll-worker"],
        ["ResourceName-eu-central-1", "arn:aws:iam::111122223333:role/payroll-worker"],
        ["ResourceName-us-east-1", "arn:aws:iam::111122223333:role/payroll-worker"],
        ["AccessKeyId-eu-central-1", key],
        ["AccessKeyId-us-east-1", key],
      ]);
    }));

  it("begins the wanted time before the first finding, and never before what AWS remembers", () =>
    onStolen(async (bench) => {
      const fromWith = async (lookBack: string, firstSeen: string) => {
        const findings = bench.context.findings.map((each) => ({ ...each, firstSeen }));
        const items = await planned(
          { ...bench, context: { ...bench.context, findings } },
          { lookBack, again: "never" },
        );
        return new Date(items[0]!.details.from).toISOString();
      };
      expect(await fromWith("12h", "2026-01-15T10:00:00.000Z")).toBe("2026-01-14T22:00:00.000Z");
      expect(await fromWith("30d", "2025-11-01T00:00:00.000Z")).toBe("2025-10-17T12:00:00.000Z");
      expect(await fromWith("1d", "2031-01-01T00:00:00.000Z")).toBe("2026-01-14T12:00:00.000Z");
    }));

  it("names the role of a profile that the case took away", () =>
    onStolen(async (bench) => {
      bench.range.world.change(instanceOf(bench), (instance) => (instance.profileAssociation = null));
      const [before, after] = [{ arn: "a", name: "payroll-worker" }, null];
      const change = { id: "c", step: "contain.instance-profile", resource: "r", before, after };
      const outcomes = {
        "contain.instance-profile": [{ change, state: "verified", outcome: null, verifiedAt: 0 }],
      };
      const items = await planned({ ...bench, context: { ...bench.context, outcomes } });
      expect(items.map(({ resource }) => resource)).toContain("arn:aws:iam::111122223333:role/payroll-worker");
    }));

  it("is under all the rest when the profile is gone for good, and says what it could not learn", () =>
    onStolen(async (bench) => {
      bench.place.account.instanceProfiles.clear();
      const { items, left } = await cloudtrailActivity.plan(bench.context, once);
      expect(items.map(({ resource }) => resource)).toContain(bench.target.instanceId);
      expect(items.map(({ resource }) => resource)).toContain("payroll-worker"); // The finding names it.
      expect(left.map(({ resource }) => resource)).toEqual([bench.target.instanceId, "payroll-worker"]);
    }));

  it("is said to leave out data events and other Regions", () =>
    onStolen(async (bench) => {
      const { left } = await cloudtrailActivity.plan(bench.context, once);
      expect(left.map(({ reason }) => reason).join()).toMatch(
        /objects and other data.*eu-central-1 and us-east-1 only/,
      );
    }));
});

describe("what it saves", () => {
  it("are the thief's calls from his address, refused ones too, each event once and in order of time", () =>
    onStolen(async (bench, vault) => {
      await bench.clock.sleep(30 * MINUTE_MS);
      const item = itemOf(await planned(bench), "Username-eu-central-1");
      const lineage = lineageOf(await collect(bench, item));
      const records = recordsIn(vault);
      expect(records.every(({ sourceIPAddress }) => sourceIPAddress === THIEF)).toBe(true);
      const names = new Set(records.map(({ eventName }) => eventName));
      expect(names).toEqual(
        new Set(["DescribeInstanceInformation", "DescribeInstances", "DescribeSecurityGroups", "GetCallerIdentity"]),
      );
      expect(new Set(records.map(({ eventID }) => eventID)).size).toBe(records.length);
      const times = records.map(({ eventTime }) => String(eventTime));
      expect(times).toEqual(times.toSorted());
      expect(records.length).toBeGreaterThan(100); // More than two pages.
      expect(lineage).toMatchObject({
        events: records.length,
        cut: null,
        look: "first",
        elsewhere: [{ what: THIEF, count: records.length }],
      });
      const refused = lineage.calls.find(({ what }) => what === "ec2.amazonaws.com DescribeInstances");
      expect(refused?.refused).toBe(refused?.count);
    }));

  it("does not take the instance's own calls, nor AWS's, for somebody else's", () =>
    onStolen(async (bench) => {
      const calledFrom = (sourceIPAddress: string, principalId: string, at: number) => ({
        id: `${at}`,
        at,
        document: JSON.stringify({ eventName: "A", sourceIPAddress, userIdentity: { principalId } }),
      });
      const { instanceId } = bench.target;
      const events = [
        calledFrom("192.0.2.60", `AROA:${instanceId}`, 1),
        calledFrom("ec2.amazonaws.com", `AROA:${instanceId}`, 2),
        calledFrom("203.0.113.5", "AROA:cordon", 3),
        calledFrom("203.0.113.6", `AROA:${instanceId}`, 4),
      ];
      const { elsewhere } = summaryOf(events, { instanceId, addresses: ["192.0.2.60"] }) as unknown as Lineage;
      expect(elsewhere.map(({ what }) => what)).toEqual(["203.0.113.6"]);
    }));

  it("is what CloudTrail gave, and a second look has what came late", () =>
    onStolen(async (bench) => {
      const items = await planned(bench, { lookBack: "1d", again: "15m" });
      const begun = bench.clock.now();
      const first = lineageOf(await collect(bench, itemOf(items, "Username-eu-central-1")));
      const again = lineageOf(await collect(bench, itemOf(items, "Username-eu-central-1-again")));
      expect(first).toMatchObject({ events: 0, look: "first" });
      expect(again).toMatchObject({ look: "again" });
      expect(again["events"]).toBeGreaterThan(50);
      expect(bench.clock.now() - begun).toBeGreaterThanOrEqual(15 * MINUTE_MS);
    }));

  it("ends where a list has no end, and says that older events are missing", () =>
    onStolen(
      async (bench) => {
        await bench.clock.sleep(30 * MINUTE_MS);
        const before = bench.range.calls.length;
        const { instanceId } = bench.target;
        const item: Item<Details> = {
          id: "preserve.cloudtrail-activity/endless",
          resource: instanceId,
          attribute: "Username-eu-central-1",
          details: {
            attribute: "Username",
            value: instanceId,
            region: "eu-central-1",
            shows: "what was called",
            from: bench.clock.now() - 60 * MINUTE_MS,
            addresses: [],
            waitMs: 0,
          },
        };
        const lineage = lineageOf(await collect(bench, item));
        expect(lineage).toMatchObject({
          pages: 40,
          cut: "the oldest are left out: there are more than 40 pages of them",
        });
        expect(lineage["events"]).toBeLessThan(5); // The same page again and again, and each event once.
        expect(bench.range.calls.length - before).toBeLessThan(200);
      },
      { isEndless: true },
    ));
});

describe("its pace", () => {
  it(
    "keeps any number of cases within two calls a second of an account and Region, and AWS refuses none",
    () =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 3_000 }), (cases, apartMs) =>
          onStolen(async (bench) => {
            await bench.clock.sleep(20 * MINUTE_MS);
            const { responder } = bench.range;
            const limits = { limiter: localLimiter(bench.clock), lanes: new Lanes(), account: bench.target.account };
            const clients = createClients({
              region: bench.target.region,
              credentials: responder,
              requestHandler: bench.range.requestHandler(),
              clock: bench.clock,
              random: seededRandom(1),
              limits,
            });
            const aws = clients.observed(() => {}, new AbortController().signal, "evidence");
            const throttled: Bench = { ...bench, context: { ...bench.context, aws } };
            const items = await planned(throttled);
            const from = bench.range.calls.length;
            const each = async (index: number) => {
              await bench.clock.sleep(index * apartMs);
              await Promise.all(items.map((item) => collect(throttled, item)));
            };
            await Promise.all(Array.from({ length: cases }, (_, index) => each(index)));
            const looks = bench.range.calls.slice(from).filter(({ operation }) => operation === "LookupEvents");
            for (const region of ["eu-central-1", "us-east-1"]) {
              const times = looks.filter((call) => call.region === region).map(({ at }) => at);
              const most = Math.max(
                ...times.map((at) => times.filter((other) => other >= at && other < at + 1000).length),
              );
              expect(most).toBeLessThanOrEqual(4); // The burst of two, and what comes in within the second.
              const spanS = (Math.max(...times) - Math.min(...times)) / 1000;
              expect(times.length).toBeLessThanOrEqual(2 + 2 * spanS + 1);
            }
            expect(looks.filter(({ error }) => error !== null)).toEqual([]);
          }),
        ),
        { numRuns: 4, seed: 5 },
      ),
    60_000,
  );
});
