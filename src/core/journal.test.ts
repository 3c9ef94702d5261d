import { describe, expect, test } from "vitest";
import { GENESIS, type JournalEvent, type NewEvent, seal, verifyJournal } from "./journal.ts";

const stage = (name: string): NewEvent => ({
  actor: { kind: "cordon", id: "cordon", channel: "engine" },
  body: { type: "stage.started", stage: name },
});

function journal(): JournalEvent[] {
  const onto = { case: "case-1", sequence: 0, previous: GENESIS, now: 1_768_478_400_000 };
  const first = seal([stage("a"), stage("b")], onto);
  const head = first[1]?.hash ?? "";
  return [...first, ...seal([stage("c"), stage("d")], { ...onto, sequence: 2, previous: head, now: onto.now + 40 })];
}

test("events are numbered from 1 and chained over several appends", () => {
  const events = journal();
  expect(events.map(({ sequence, time }) => [sequence, time])).toEqual([
    [1, "2026-01-15T12:00:00.000Z"],
    [2, "2026-01-15T12:00:00.000Z"],
    [3, "2026-01-15T12:00:00.040Z"],
    [4, "2026-01-15T12:00:00.040Z"],
  ]);
  expect(events[0]?.previous).toBe("0".repeat(64));
  expect(verifyJournal(events)).toEqual({ ok: true, events: 4, head: events[3]?.hash });
});

test("the hash is SHA-256 over the previous hash and the canonical JSON of the event", () => {
  expect(journal()[0]?.hash).toBe("c623cfed282b3122b64d8b98f0afad3843812ae8a9dceb064438afed763374ef");
});

test("an empty journal verifies, and ends at the beginning", () => {
  expect(verifyJournal([])).toEqual({ ok: true, events: 0, head: GENESIS });
});

describe("verifyJournal names the first event that is wrong", () => {
  const [first, second, third, fourth] = journal() as [JournalEvent, JournalEvent, JournalEvent, JournalEvent];
  const edited: JournalEvent = { ...second, body: { type: "stage.started", stage: "other" } };
  const resealed = seal([stage("other")], {
    case: "case-1",
    sequence: 1,
    previous: first.hash,
    now: Date.parse(second.time),
  });
  test.each<[string, readonly JournalEvent[], number, RegExp]>([
    ["an edited body", [first, edited, third, fourth], 2, /does not match its hash/],
    ["an edited actor", [{ ...first, actor: { ...first.actor, id: "mallory" } }, second], 1, /does not match its hash/],
    ["an edited time", [first, { ...second, time: third.time }, third], 2, /does not match its hash/],
    ["another case's name", [{ ...first, case: "case-2" }, second], 1, /does not match its hash/],
    ["an edited event that was hashed again", [first, ...resealed, third, fourth], 3, /does not follow/],
    ["a removed event", [first, third, fourth], 2, /expected event 2, found 3/],
    ["a removed beginning", [second, third, fourth], 1, /expected event 1, found 2/],
    ["two events that changed places", [first, third, second, fourth], 2, /expected event 2, found 3/],
    [
      "two events that changed places and numbers",
      [first, { ...third, sequence: 2 }, { ...second, sequence: 3 }],
      2,
      /does not follow/,
    ],
    ["an event that stands there twice", [first, second, second, third], 3, /expected event 3, found 2/],
  ])("%s", (_name, events, sequence, reason) => {
    expect(verifyJournal(events)).toEqual({ ok: false, sequence, reason: expect.stringMatching(reason) });
  });
});

describe("an anchor finds what the chain alone cannot", () => {
  const events = journal();
  const anchor = { sequence: 3, hash: events[2]?.hash ?? "" };

  test("an end that was cut off", () => {
    expect(verifyJournal(events.slice(0, 2)).ok).toBe(true);
    expect(verifyJournal(events.slice(0, 2), anchor)).toEqual({
      ok: false,
      sequence: 2,
      reason: "it ends at event 2, and event 3 was anchored",
    });
  });

  test("a history that was written anew from the beginning", () => {
    const anew = seal([stage("x"), stage("y"), stage("z")], { case: "case-1", sequence: 0, previous: GENESIS, now: 0 });
    expect(verifyJournal(anew).ok).toBe(true);
    expect(verifyJournal(anew, anchor)).toEqual({
      ok: false,
      sequence: 3,
      reason: "it is not the event that was anchored",
    });
  });

  test("and lets events after it be", () => {
    expect(verifyJournal(events, anchor).ok).toBe(true);
  });
});

test("an event above 64 KiB is refused, counted in bytes and not in characters", () => {
  const onto = { case: "c", sequence: 0, previous: GENESIS, now: 0 };
  expect(() => seal([stage("x".repeat(65_000))], onto)).not.toThrow();
  expect(() => seal([stage("x".repeat(65_536))], onto)).toThrow(/the limit is 65536/);
  expect(() => seal([stage("€".repeat(30_000))], onto)).toThrow(/the limit is 65536/);
});
