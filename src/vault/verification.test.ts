import { describe, expect, test } from "vitest";
import { type Actor, GENESIS, type Happening, type JournalEvent, seal } from "../core/journal.ts";
import type { Vault } from "../core/vault.ts";
import { memoryVault } from "./memory.ts";
import { casesWithoutJournal, verifyEvidence } from "./verification.ts";

const cordon: Actor = { kind: "cordon", id: "cordon", channel: "engine" };
const PREFIX = "cases/111122223333/eu-central-1/i-0a/case-1/";
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function journal(happenings: readonly Happening[]): readonly JournalEvent[] {
  return seal(
    happenings.map((body) => ({ actor: cordon, body })),
    { case: "case-1", sequence: 0, previous: GENESIS, now: 1_768_478_400_000 },
  );
}

/** A case with a screenshot in the vault, a snapshot at AWS, and the head of its fourth event in the vault. */
async function kept(): Promise<{ vault: ReturnType<typeof memoryVault>; events: readonly JournalEvent[] }> {
  const vault = memoryVault();
  const { location, sha256, bytes } = await vault.put(`${PREFIX}console-screenshot/screen-1.jpg`, text("picture"));
  const artifact = {
    type: "artifact.stored",
    readAt: "2026-01-15T12:00:00.000Z",
    changesSent: [],
    lineage: null,
    lock: null,
  } as const;
  const events = journal([
    {
      type: "case.opened",
      target: { account: "111122223333", region: "eu-central-1", instanceId: "i-0a" },
      incident: "incident-1",
      playbook: "p",
      verdict: "compromised",
      reason: "r",
      orderedBy: null,
      nonce: "n",
      findings: [],
    },
    { ...artifact, artifact: "a/1", kind: "console-screenshot", item: "a", location, sha256, bytes },
    {
      ...artifact,
      artifact: "b/1",
      kind: "volume-snapshot",
      item: "b",
      location: "arn:aws:ec2:eu-central-1:111122223333:snapshot/snap-1",
      sha256: null,
      bytes: null,
    },
    { type: "stage.started", stage: "hold" },
    { type: "stage.ended", stage: "hold", outcome: "done" },
  ]);
  const head = { case: "case-1", sequence: 4, head: events[3]!.hash, anchoredAt: "2026-01-15T12:00:01.000Z" };
  await vault.put(`${PREFIX}journal/head-00000004-1.json`, text(JSON.stringify(head)));
  return { vault, events };
}

/** A vault in which somebody changed what lies under a key; null takes it away. */
function tampered(vault: Vault, at: string, content: Uint8Array | null): Vault {
  return {
    ...vault,
    get: async (key) => (key === at ? content : vault.get(key)),
    read: async (key, piece) =>
      key === at ? (content?.slice(piece.from, piece.from + piece.bytes) ?? null) : vault.read(key, piece),
  };
}

const SCREEN = `${PREFIX}console-screenshot/screen-1.jpg`;

describe("evidence that nobody touched", () => {
  test("verifies, and says what only AWS can vouch for and how far the vault does", async () => {
    const { vault, events } = await kept();
    const verdict = await verifyEvidence(vault, events);
    expect(verdict).toMatchObject({ case: "case-1", ok: true, faults: [], events: 5, anchors: 1, afterLastAnchor: 1 });
    expect(verdict.artifacts.map(({ id, is }) => [id, is])).toEqual([
      ["a/1", "whole"],
      ["b/1", "kept by AWS"],
    ]);
    expect(verdict.unspokenOf).toEqual([]);
  });

  test("a file that no event speaks of is named, and is no fault", async () => {
    const { vault, events } = await kept();
    await vault.put(`${PREFIX}console-output/left.txt`, text("left"));
    const verdict = await verifyEvidence(vault, events);
    expect(verdict.ok).toBe(true);
    expect(verdict.unspokenOf).toEqual([`${PREFIX}console-output/left.txt`]);
  });
});

test("an artifact is read a piece at a time, however large it is", async () => {
  const { vault, events } = await kept();
  const asked: number[] = [];
  const large = new Uint8Array(20 * 1024 * 1024 + 1);
  const read: Vault["read"] = async (key, piece) => {
    asked.push(piece.bytes);
    return key === SCREEN ? large.slice(piece.from, piece.from + piece.bytes) : vault.read(key, piece);
  };
  const get: Vault["get"] = async (key) => (key === SCREEN ? Promise.reject(new Error("held whole")) : vault.get(key));
  const verdict = await verifyEvidence({ ...vault, get, read }, events);
  // By `head -c 20971521 /dev/zero | sha256sum`.
  expect(verdict.artifacts[0]?.observed).toBe("c443bedc371a412937057335440b956ef28441394e67a3743cf66cc7072d8573");
  expect(asked).toEqual([8_388_608, 8_388_608, 8_388_608]);
});

describe("what is found out", () => {
  test("one flipped bit", async () => {
    const { vault, events } = await kept();
    const flipped = text("picture");
    flipped[3]! ^= 1;
    const verdict = await verifyEvidence(tampered(vault, SCREEN, flipped), events);
    expect(verdict.ok).toBe(false);
    expect(verdict.faults).toHaveLength(1);
    expect(verdict.faults[0]).toMatch(
      /^a\/1 at memory:.* has the SHA-256 [0-9a-f]{64}; the journal says [0-9a-f]{64}$/,
    );
  });

  test("a missing artifact", async () => {
    const { vault, events } = await kept();
    const verdict = await verifyEvidence(tampered(vault, SCREEN, null), events);
    expect(verdict.faults).toEqual([`a/1 is missing: there is nothing at memory:${SCREEN}`]);
  });

  test.each<[string, (events: readonly JournalEvent[]) => readonly JournalEvent[], RegExp]>([
    [
      "a removed event",
      (events) => events.filter(({ sequence }) => sequence !== 3),
      /event 3 of the journal: expected event 3, found 4/,
    ],
    [
      "two events in another order",
      ([a, b, c, ...rest]) => [a!, c!, b!, ...rest],
      /event 2 of the journal: expected event 2, found 3/,
    ],
    [
      "an edited event",
      (events) =>
        events.map((event) => (event.sequence === 4 ? { ...event, time: "2026-01-15T11:00:00.000Z" } : event)),
      /event 4 of the journal: its content does not match its hash/,
    ],
    [
      "a truncated journal",
      (events) => events.slice(0, 3),
      /the journal ends at event 3; the vault has the head of event 4/,
    ],
    [
      "a journal that was written anew, every hash with it",
      (events) =>
        journal(events.map(({ body }) => (body.type === "stage.started" ? { ...body, stage: "other" } : body))),
      /event 4 of the journal is not the one whose head the vault has/,
    ],
  ])("%s", async (_name, tamper, expected) => {
    const { vault, events } = await kept();
    const verdict = await verifyEvidence(vault, tamper(events));
    expect(verdict.ok).toBe(false);
    expect(verdict.faults.join("\n")).toMatch(expected);
  });

  test("a journal without its first event", async () => {
    const { vault, events } = await kept();
    const verdict = await verifyEvidence(vault, events.slice(1));
    expect(verdict.ok).toBe(false);
    expect(verdict.faults.join()).toContain(
      "cannot be read as the story of a case: event 1: expected event 1, found 2",
    );
  });

  test("a head in the vault that is none", async () => {
    const { vault, events } = await kept();
    const verdict = await verifyEvidence(tampered(vault, `${PREFIX}journal/head-00000004-1.json`, text("{}")), events);
    expect(verdict.faults).toEqual([`${PREFIX}journal/head-00000004-1.json in the vault is no head of this journal`]);
  });

  test("a whole journal that is gone", async () => {
    const { vault } = await kept();
    expect(await casesWithoutJournal(vault, new Set(["case-1"]))).toEqual([]);
    expect(await casesWithoutJournal(vault, new Set())).toEqual(["case-1"]);
  });
});
