import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cordon-evidence-"));
const home = join(folder, "home");
const bin = join(root, "dist", "cordon.js");

/** A command, to its end. */
function cordon(...args: string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(AWS|CORDON)_/.test(name)));
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], {
    cwd: folder,
    encoding: "utf8",
    env: { ...inherited, CORDON_HOME: home, CORDON_PERSON: "ada", AWS_EC2_METADATA_DISABLED: "true" },
  });
  return { code: status, stdout, stderr };
}

let server: ChildProcess;
let caseId = "";

beforeAll(async () => {
  execFileSync(process.execPath, [join(root, "build.mjs")], { cwd: folder });
  server = spawn(process.execPath, [bin, "range", "serve", "--port", "0", "--speed", "20", "-o", "jsonl"]);
  const line = await new Promise<string>((resolve) => {
    server.stdout?.once("data", (chunk: Buffer) => resolve(chunk.toString()));
  });
  const { address, targets } = JSON.parse(line) as { address: string; targets: readonly { instanceId: string }[] };
  const id = targets[0]?.instanceId ?? "";
  // Not the exit code: how far it is contained is another test's matter.
  cordon("respond", id, "--playbook", "quick-containment", "--apply", "--yes", "--endpoint-url", address);
  const shown = cordon("cases", "show", id, "-o", "json");
  ({ case: caseId } = JSON.parse(shown.stdout) as { case: string });
}, 180_000);

afterAll(() => {
  server.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true });
});

/** A file of the vault, by a part of its path. */
function vaultFile(part: string): string {
  const found = readdirSync(join(home, "vault"), { recursive: true, encoding: "utf8" }).find((path) =>
    new RegExp(part).test(path),
  );
  if (found === undefined) throw new Error(`the vault has no ${part}`);
  return join(home, "vault", found);
}

/** Does something to the journal, looks, and puts it back. */
function withJournal<Result>(edit: string, look: () => Result): Result {
  const file = join(home, "store.sqlite");
  const whole = readFileSync(file);
  // In a process of its own, as whoever tampers with it would.
  const script = `const database = new (require("libsql"))(process.argv[1]);
    database.exec(process.argv[2]); database.exec("PRAGMA wal_checkpoint(TRUNCATE)"); database.close();`;
  execFileSync(process.execPath, ["-e", script, file, edit], { cwd: root });
  try {
    return look();
  } finally {
    writeFileSync(file, whole);
    for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix, { force: true });
  }
}

describe("evidence on the command line", { timeout: 120_000 }, () => {
  test("is listed with its hashes, and verifies", () => {
    const listed = cordon("evidence", "ls", "-o", "json");
    const kinds = (JSON.parse(listed.stdout) as readonly { kind: string }[]).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(["assessment", "volume-snapshot"]));
    const { code, stdout } = cordon("evidence", "verify");
    expect({ code, first: stdout.split("\n")[0] }).toEqual({ code: 0, first: `${caseId}  verified` });
    expect(stdout).toContain("an EBS snapshot has no content hash of its own");
  });

  test("one flipped bit is found, and named with both hashes", () => {
    const file = vaultFile(String.raw`assessment/.*\.json$`);
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[10] = (flipped[10] ?? 0) ^ 1;
    chmodSync(file, 0o640);
    writeFileSync(file, flipped);
    const { code, stdout } = cordon("evidence", "verify", caseId);
    writeFileSync(file, whole);
    expect(code).toBe(7);
    expect(stdout).toMatch(
      /FAILED\n {2}assessment-1 at .* has the SHA-256 [0-9a-f]{64}; the journal says [0-9a-f]{64}/,
    );
  });

  test("a missing artifact is found", () => {
    const file = vaultFile(String.raw`assessment/.*\.json$`);
    renameSync(file, `${folder}/aside`);
    const { code, stdout } = cordon("evidence", "verify");
    renameSync(`${folder}/aside`, file);
    expect(code).toBe(7);
    expect(stdout).toContain("assessment-1 is missing: there is nothing at ");
  });

  test.each([
    ["a removed event", "DELETE FROM events WHERE sequence = 4"],
    ["a truncated journal", "DELETE FROM events WHERE sequence > 5"],
  ])("%s is found", (_name, edit) => {
    const { code, stdout } = withJournal(edit, () => cordon("evidence", "verify"));
    expect(code).toBe(7);
    expect(stdout).toContain("FAILED");
  });

  test("a journal that is gone is found by the heads in the vault", () => {
    const { code, stdout } = withJournal("DELETE FROM events", () => cordon("evidence", "verify"));
    expect(code).toBe(7);
    expect(stdout).toContain(`${caseId}  FAILED\n  the vault has evidence and journal heads of it`);
  });

  test("it is exported as a bag that sha256sum accepts, and the export is part of the custody", () => {
    const { code, stdout } = cordon("evidence", "export", caseId, "--to", "bag");
    expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringContaining(`${caseId} is in ${folder}/bag`) });
    execFileSync("sha256sum", ["--check", "--strict", "manifest-sha256.txt"], {
      cwd: join(folder, "bag"),
      stdio: "pipe",
    });
    expect(cordon("evidence", "export", caseId, "--to", "bag").code).toBe(2);
    expect(cordon("cases", "show", caseId).stdout).toContain("ada exported the evidence to ");
    expect(cordon("evidence", "verify").code).toBe(0);
  });
});
