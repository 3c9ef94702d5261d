import { execFileSync } from "node:child_process";
import { chmodSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Desk, type Ended, openDesk, root } from "./served-range.ts";

let desk: Desk;
let caseId = "";

const cordon = (...args: string[]): Promise<Ended> => desk.cordon(...args);

beforeAll(async () => {
  desk = await openDesk();
  const { address, targets } = await desk.serve("--speed", "20");
  const id = targets[0]?.instanceId ?? "";
  // Not the exit code: how far it is contained is another test's matter.
  await cordon("respond", id, "--playbook", "quick-containment", "--apply", "--yes", "--endpoint-url", address);
  const shown = await cordon("cases", "show", id, "-o", "json");
  ({ case: caseId } = JSON.parse(shown.stdout) as { case: string });
}, 180_000);

afterAll(() => desk.close());

/** A file of the vault, by a part of its path. */
function vaultFile(part: string): string {
  const found = readdirSync(join(desk.home, "vault"), { recursive: true, encoding: "utf8" }).find((path) =>
    new RegExp(part).test(path),
  );
  if (found === undefined) throw new Error(`the vault has no ${part}`);
  return join(desk.home, "vault", found);
}

/** Does something to the journal, looks, and puts it back. */
async function withJournal(edit: string, look: () => Promise<Ended>): Promise<Ended> {
  const file = join(desk.home, "store.sqlite");
  const whole = readFileSync(file);
  // In a process of its own, as whoever tampers with it would.
  const script = `const database = new (require("libsql"))(process.argv[1]);
    database.exec(process.argv[2]); database.exec("PRAGMA wal_checkpoint(TRUNCATE)"); database.close();`;
  execFileSync(process.execPath, ["-e", script, file, edit], { cwd: root });
  try {
    return await look();
  } finally {
    writeFileSync(file, whole);
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
  }
}

describe("evidence on the command line", { timeout: 120_000 }, () => {
  test("is listed with its hashes, and verifies", async () => {
    const listed = await cordon("evidence", "ls", "-o", "json");
    const kinds = (JSON.parse(listed.stdout) as readonly { kind: string }[]).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["assessment", "volume-snapshot"]));
    const { code, stdout } = await cordon("evidence", "verify");
    expect({ code, first: stdout.split("\n")[0] }).toEqual({ code: 0, first: `${caseId}  verified` });
    expect(stdout).toContain("an EBS snapshot has no content hash of its own");
  });

  test("one flipped bit is found, and named with both hashes", async () => {
    const file = vaultFile(String.raw`assessment/.*\.json$`);
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    chmodSync(file, 0o640);
    writeFileSync(file, flipped);
    const { code, stdout } = await cordon("evidence", "verify", caseId);
    writeFileSync(file, whole);
    expect(code).toBe(7);
    expect(stdout).toMatch(
      /FAILED\n {2}assessment-1 at .* has the SHA-256 [0-9a-f]{64}; the journal says [0-9a-f]{64}/,
    );
  });

  test("a missing artifact is found", async () => {
    const file = vaultFile(String.raw`assessment/.*\.json$`);
    renameSync(file, `${desk.folder}/aside`);
    const { code, stdout } = await cordon("evidence", "verify");
    renameSync(`${desk.folder}/aside`, file);
    expect(code).toBe(7);
    expect(stdout).toContain("assessment-1 is missing: there is nothing at ");
  });

  test.each([
    ["a removed event", "DELETE FROM events WHERE sequence = 4"],
    ["a truncated journal", "DELETE FROM events WHERE sequence > 5"],
  ])("%s is found", async (_name, edit) => {
    const { code, stdout } = await withJournal(edit, () => cordon("evidence", "verify"));
    expect(code).toBe(7);
    expect(stdout).toContain("FAILED");
  });

  test("a journal that is gone is found by the heads in the vault", async () => {
    const { code, stdout } = await withJournal("DELETE FROM events", () => cordon("evidence", "verify"));
    expect(code).toBe(7);
    expect(stdout).toContain(`${caseId}  FAILED\n  the vault has evidence and journal heads of it`);
  });

  test("it is exported as a bag that sha256sum accepts, and the export is part of the custody", async () => {
    const { code, stdout } = await cordon("evidence", "export", caseId, "--to", "bag");
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringContaining(`${caseId} is in ${desk.folder}/bag`),
    });
    execFileSync("sha256sum", ["--check", "--strict", "manifest-sha256.txt"], {
      cwd: join(desk.folder, "bag"),
      stdio: "pipe",
    });
    const again = await cordon("evidence", "export", caseId, "--to", "bag");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain("`cordon evidence export --help`");
    expect((await cordon("cases", "show", caseId)).stdout).toContain("ada exported the evidence to ");
    expect((await cordon("evidence", "verify")).code).toBe(0);
  });
});
