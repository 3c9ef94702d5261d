import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { type Actor, GENESIS, type Happening, type JournalEvent, seal } from "../core/journal.ts";
import { writeBag } from "./bag.ts";
import { memoryVault } from "./memory.ts";

const cordon: Actor = { kind: "cordon", id: "cordon", channel: "engine" };
const folder = mkdtempSync(join(tmpdir(), "cordon-bag-"));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function bagged(): Promise<readonly string[]> {
  const vault = memoryVault();
  const prefix = "cases/111122223333/eu-central-1/i-0a/case-1/";
  const { location, sha256, bytes } = await vault.put(
    `${prefix}console-output/console-1.txt`,
    Buffer.from("login:\u0007"),
  );
  await vault.put(`${prefix}journal/head-00000002-1.json`, Buffer.from("{}"));
  const happenings: readonly Happening[] = [
    {
      type: "case.opened",
      target: { account: "111122223333", region: "eu-central-1", instanceId: "i-0a" },
      incident: "incident-1",
      playbook: "p",
      verdict: "compromised",
      reason: '=cmd|"calc"',
      orderedBy: null,
      nonce: "n",
      findings: [],
    },
    {
      type: "artifact.stored",
      artifact: "a/1",
      kind: "console-output",
      item: "a",
      location,
      sha256,
      bytes,
      readAt: "2026-01-15T12:00:00.000Z",
      changesSent: [],
      lineage: null,
      lock: { mode: "compliance", until: "2027-01-15T12:00:00.000Z" },
    },
  ];
  const events: readonly JournalEvent[] = seal(
    happenings.map((body) => ({ actor: cordon, body })),
    { case: "case-1", sequence: 0, previous: GENESIS, now: 1_768_478_400_000 },
  );
  const tell = ({ body }: JournalEvent): string | null => (body.type === "case.opened" ? body.reason : null);
  const written: string[] = [];
  await writeBag(
    vault,
    { events, tell, now: 1_768_478_400_000, version: "1.2.3", by: "eve\nBag-Size: 0" },
    async (file) => {
      mkdirSync(dirname(join(folder, file.path)), { recursive: true });
      await writeFile(join(folder, file.path), file.content);
      written.push(file.path);
    },
  );
  return written;
}

test("a bag has the evidence, the journal, the custody log and the timeline, and sha256sum accepts it", async () => {
  expect((await bagged()).toSorted()).toEqual([
    "bag-info.txt",
    "bagit.txt",
    "data/custody.csv",
    "data/evidence/console-output/console-1.txt",
    "data/evidence/journal/head-00000002-1.json",
    "data/journal.jsonl",
    "data/timeline.csv",
    "data/timeline.jsonl",
    "manifest-sha256.txt",
    "tagmanifest-sha256.txt",
  ]);
  for (const manifest of ["manifest-sha256.txt", "tagmanifest-sha256.txt"])
    execFileSync("sha256sum", ["--check", "--strict", manifest], { cwd: folder, stdio: "pipe" });
  expect(readFileSync(join(folder, "bag-info.txt"), "utf8")).toContain("Payload-Oxum: ");
  // What a person is called begins no line of its own.
  expect(readFileSync(join(folder, "bag-info.txt"), "utf8")).toContain("Contact-Name: eve Bag-Size: 0\n");
});

test("the timeline has what Timesketch requires, and no formula that a spreadsheet would run", async () => {
  await bagged();
  const [row] = readFileSync(join(folder, "data/timeline.jsonl"), "utf8").split("\n");
  expect(JSON.parse(row ?? "")).toEqual({
    message: '=cmd|"calc"',
    datetime: "2026-01-15T12:00:00.000Z",
    timestamp_desc: "Recorded",
    case: "case-1",
    sequence: 1,
    actor: "cordon cordon",
    type: "case.opened",
  });
  expect(readFileSync(join(folder, "data/timeline.csv"), "utf8")).toBe(
    "message,datetime,timestamp_desc,case,sequence,actor,type\r\n" +
      `"'=cmd|""calc""",2026-01-15T12:00:00.000Z,Recorded,case-1,1,cordon cordon,case.opened\r\n`,
  );
});

test("the custody log says who stored what, when, where, with which hash and lock", async () => {
  await bagged();
  const lines = readFileSync(join(folder, "data/custody.csv"), "utf8").split("\r\n");
  expect(lines[1]).toMatch(
    /^2026-01-15T12:00:00\.000Z,cordon cordon \(engine\),stored,a\/1,console-output,memory:cases\/111122223333\/eu-central-1\/i-0a\/case-1\/console-output\/console-1\.txt,[0-9a-f]{64},7,2026-01-15T12:00:00\.000Z,compliance until 2027-01-15T12:00:00\.000Z,2,[0-9a-f]{64}$/,
  );
});
