import type { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { expect, it } from "vitest";
import type { Sender } from "../../src/aws/sender.ts";
import type { ArtifactDraft } from "../../src/core/artifact.ts";
import type { Json } from "../../src/core/json.ts";
import { noVault } from "../../src/core/artifact.ts";
import type { CollectResult, Item, StepContext } from "../../src/core/step.ts";
import { cloudtrailActivity } from "../../src/steps/preserve/cloudtrail-activity.ts";
import { openVault } from "./evidence.ts";

type Details = Parameters<typeof cloudtrailActivity.collect>[1]["details"];

const NOW = Date.UTC(2026, 0, 15, 12);
const ATTACK = "PutRolePolicy";

interface Recorded {
  readonly id: string;
  /** Milliseconds since 1970; an event shows it to the second. */
  readonly at: number;
  readonly name: string;
}

/** Cheap calls, the newest a minute ago, and one that counts an hour before. */
function cheapCalls(count: number, apartMs: number): readonly Recorded[] {
  const cheap = Array.from({ length: count }, (_, index) => ({
    id: `cheap-${index}`,
    at: NOW - 60_000 - index * apartMs,
    name: "GetCallerIdentity",
  }));
  return [...cheap, { id: "attack", at: NOW - 60_000 - count * apartMs - 3_600_000, name: ATTACK }];
}

/** A history, the newest first, 50 on a page; what AWS does with times and tokens the range's own tests show. */
function historyOf(events: readonly Recorded[]): Sender {
  const answer = ({ input }: LookupEventsCommand) => {
    const [from, to] = [input.StartTime?.getTime() ?? 0, input.EndTime?.getTime() ?? 0];
    const found = events.filter(({ at }) => at >= from && at <= to);
    const start = Number(input.NextToken ?? 0);
    return {
      Events: found.slice(start, start + 50).map(({ id, at, name }) => ({
        EventId: id,
        EventTime: new Date(Math.floor(at / 1000) * 1000),
        CloudTrailEvent: JSON.stringify({ eventID: id, eventName: name }),
      })),
      NextToken: start + 50 < found.length ? String(start + 50) : undefined,
    };
  };
  return { send: (command: unknown) => Promise.resolve(answer(command as LookupEventsCommand)) } as unknown as Sender;
}

const item: Item<Details> = {
  id: "preserve.cloudtrail-activity/i-0/Username-eu-central-1",
  resource: "i-0",
  attribute: "Username-eu-central-1",
  details: {
    attribute: "Username",
    value: "i-0",
    region: "eu-central-1",
    shows: "what was called",
    from: NOW - 86_400_000,
    addresses: [],
    waitMs: 0,
  },
};

interface Saved {
  readonly artifacts: readonly ArtifactDraft[];
  /** Ids of the events that the artifacts have, file after file. */
  readonly ids: readonly string[];
  readonly cuts: readonly (string | null)[];
  readonly calls: number;
}

/** Collects as the engine does. `dies` lets the process die between a part and the journal, each time. */
async function save(events: readonly Recorded[], { dies = false } = {}): Promise<Saved> {
  const vault = openVault();
  const context = {
    target: { account: "111122223333", region: "eu-central-1", instanceId: "i-0" },
    aws: { cloudtrailIn: () => historyOf(events) },
    vault: { ...noVault("replaced"), ...vault },
    now: NOW,
  } as unknown as StepContext;
  let progress: Json = null;
  for (let calls = 1; calls < 30; calls++) {
    if (dies) await cloudtrailActivity.collect({ ...context, now: context.now - 1 }, item, progress);
    const result: CollectResult = await cloudtrailActivity.collect(context, item, progress);
    if (result.kind === "later") {
      progress = JSON.parse(JSON.stringify(result.progress)) as Json;
      continue;
    }
    const { artifacts } = result;
    const ids = artifacts.flatMap(({ location }) =>
      Buffer.from(vault.contents.get(location.replace("memory:", "")) ?? "")
        .toString()
        .split("\n")
        .flatMap((line) => (line === "" ? [] : [(JSON.parse(line) as { eventID: string }).eventID])),
    );
    const cuts = artifacts.map(({ lineage }) => (lineage as { cut: string | null }).cut);
    return { artifacts, ids, cuts, calls };
  }
  throw new Error("it never ended");
}

it.each([
  ["and the process lives", false],
  ["and the process dies after each part", true],
])("thousands of cheap calls push nothing out: every event stands once in one of the parts, %s", async (_, dies) => {
  const events = cheapCalls(5_000, 300); // Three or four in a second, so that parts end in the middle of one.
  const { artifacts, ids, cuts, calls } = await save(events, { dies });
  expect(ids.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  expect(artifacts.map(({ location }) => location)).toEqual([
    "memory:cloudtrail-activity/i-0-Username-eu-central-1.jsonl",
    "memory:cloudtrail-activity/i-0-Username-eu-central-1-part-2.jsonl",
    "memory:cloudtrail-activity/i-0-Username-eu-central-1-part-3.jsonl",
  ]);
  expect(cuts).toEqual([null, null, null]);
  expect(calls).toBe(3);
  const { kind, expected } = await cloudtrailActivity.verify({} as StepContext, item, artifacts);
  expect([kind, expected]).toEqual(["ok", "3 parts with their hashes"]);
});

it("beyond ten parts the oldest are left out, and the verification says so", async () => {
  const { artifacts, ids, cuts } = await save(cheapCalls(25_000, 1_000));
  const reason = "the oldest are left out: there are more than 10 parts of them";
  expect(ids).toHaveLength(new Set(ids).size);
  expect(ids.length).toBeGreaterThan(19_900);
  expect(cuts).toEqual([...Array.from({ length: 9 }, () => null), reason]);
  const { kind, observed } = await cloudtrailActivity.verify({} as StepContext, item, artifacts);
  expect([kind, (observed as readonly string[])[0]]).toEqual(["ok", `NOT WHOLE: ${reason}`]);
});

it("a second with more events than a part holds costs its own rest, and what came before is there", async () => {
  const { ids, cuts } = await save(cheapCalls(9_000, 0));
  expect(ids).toContain("attack");
  expect(ids).toHaveLength(new Set(ids).size);
  expect(cuts.filter((cut) => cut !== null)).toEqual([
    "of the second 2026-01-15T11:59:00.000Z some are left out: there are more than 40 pages of them",
  ]);
});

it("what the journal carries from part to part stays small, whatever the calls are named", async () => {
  const events = cheapCalls(21_000, 300).map((event, index) => ({ ...event, name: `${index}${"\u20ac".repeat(500)}` }));
  const { artifacts } = await save(events);
  expect(artifacts).toHaveLength(10);
  expect(Buffer.byteLength(JSON.stringify(artifacts))).toBeLessThan(200_000);
});
