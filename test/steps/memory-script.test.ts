import { execFile, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { Upload } from "../../src/core/content-in-parts.ts";
import { largeContent } from "../../src/core/large-content.ts";
import type { Vault } from "../../src/core/vault.ts";
import { linksTo } from "../../src/steps/preserve/memory-links.ts";
import { linuxFolder, linuxScript } from "../../src/steps/preserve/memory-script-linux.ts";
import type { StepContext } from "../../src/core/step.ts";
import { ACCOUNT, BUCKET, bucketAccount } from "../../src/testing/bucket-account.ts";
import { s3Vault } from "../../src/vault/s3.ts";
import { unavailable } from "../foreign/requirement.ts";

/**
 * The script itself, in the shell of this machine, against the range's S3 over HTTP. Only AVML is a stand-in: it writes a
 * file to the name that it is given, as AVML does.
 */
const PART_MIB = 5;
const MEMORY = Buffer.alloc(11 * 1024 * 1024 + 17, "what the memory holds\n");
const HASH = createHash("sha256").update(MEMORY).digest("hex");

/** What the script needs on an instance, it needs here. */
const missing =
  spawnSync("curl", ["--version"]).status === 0 && existsSync("/bin/sh")
    ? null
    : unavailable("steps/memory-script.test.ts", "this machine has no curl, or no /bin/sh");

const folder = mkdtempSync(join(tmpdir(), "cordon-memory-"));
const program = join(folder, "avml");
const source = join(folder, "kcore");
let account: Awaited<ReturnType<typeof bucketAccount>>;
let vault: Vault;
let word = 0;

/** Writes the stand-in and gives its SHA-256. */
function avml(lines: string): string {
  const script = `#!/bin/sh\n${lines}\n`;
  rmSync(program, { force: true });
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  return createHash("sha256").update(script).digest("hex");
}

beforeAll(async () => {
  writeFileSync(source, MEMORY);
  account = await bucketAccount({ transport: "over HTTP" });
  const now = (): number => account.world.now();
  const clock = { ...systemClock, now };
  const clients = createClients({
    region: "eu-central-1",
    credentials: account.responder,
    endpoint: String(account.endpoint),
    clock,
    random: () => 0.5,
  });
  vault = s3Vault({
    bucket: BUCKET,
    owner: ACCOUNT,
    clock,
    random: Math.random,
    presigner: clients.presigner,
    sender: (signal) => clients.observed(() => {}, signal).s3,
  });
});

afterAll(async () => {
  await account.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly said: string;
  readonly upload: Upload;
  readonly folder: string;
}

async function run(
  sha256: string,
  { path = program, parts = 3, fetch = null as string | null, before = null as ((upload: Upload) => void) | null } = {},
): Promise<Ran> {
  const { signal } = new AbortController();
  const large = largeContent({ vault, prefix: "cases/", attempt: 1, signal, hold: () => () => {} });
  const context = { vault: { large }, now: account.world.now() } as unknown as StepContext;
  const upload = await large.open("memory", `image-${++word}.lime`, {
    partBytes: PART_MIB * 1024 * 1024,
    sentBy: "others",
  });
  const links = await linksTo(context, upload, parts);
  before?.(upload);
  const tool = { from: "host", path, sha256 } as const;
  const name = `test-${process.pid}-${word}`;
  const script = linuxScript({ tool, fetch, word: name, partMiB: PART_MIB, links }).join("\n");
  const file = join(folder, "script.sh");
  writeFileSync(file, script.replaceAll("sleep $((", "sleep 0; : $(("));
  const { code, said } = await new Promise<{ code: number; said: string }>((resolve) => {
    execFile("/bin/sh", [file], { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 99) : 0, said: stdout + stderr }),
    );
  });
  return { code, said, upload, folder: linuxFolder(name) };
}

const COPIES = `[ "$1 $2" = "--source /proc/kcore" ] || exit 9\ncat '${source}' > "$3"`;

describe.skipIf(missing !== null)("the script of a capture on Linux", () => {
  test("what the program writes lies in the vault, part by part, with its hash and its length", async () => {
    const ran = await run(avml(COPIES));
    expect(ran.said).toBe(`cordon: parts=3 bytes=${MEMORY.length} sha256=${HASH}\n`);
    expect(ran.code).toBe(0);
    await vault.parts.complete(ran.upload, 3);
    const content = await vault.get(ran.upload.key);
    expect(createHash("sha256").update(content!).digest("hex")).toBe(HASH);
    expect(existsSync(ran.folder)).toBe(false);
  }, 60_000);

  test("a program that is another is not run", async () => {
    const marker = join(folder, "ran");
    avml(`touch '${marker}'`);
    const ran = await run("0".repeat(64));
    expect(ran.code).toBe(1);
    expect(ran.said).toMatch(/^cordon: the program's SHA-256 is [0-9a-f]{64}, not 0{64}: it was not run\n$/);
    expect(existsSync(marker)).toBe(false);
    expect(existsSync(ran.folder)).toBe(false);
  });

  test("a program that is not there is named", async () => {
    const ran = await run("0".repeat(64), { path: join(folder, "none") });
    expect(ran).toMatchObject({ code: 1, said: `cordon: there is no ${join(folder, "none")}\n` });
  });

  test("a program that the vault holds is fetched by a link", async () => {
    const sha256 = avml(COPIES);
    const { readFileSync } = await import("node:fs");
    await vault.put("tools/avml", readFileSync(program));
    const link = await vault.parts.links!.content("tools/avml", { withinMs: 600_000 });
    const ran = await run(sha256, { path: "/nowhere", fetch: link.url });
    expect(ran.said).toBe(`cordon: parts=3 bytes=${MEMORY.length} sha256=${HASH}\n`);
  }, 60_000);

  test("a program that fails at once ends the capture with what it said", async () => {
    const ran = await run(avml(`echo "locked down /proc/kcore" >&2; exit 4`));
    expect(ran).toMatchObject({ code: 1, said: "cordon: AVML ended with code 4: locked down /proc/kcore\n" });
  });

  test("a program that fails in the middle is no capture", async () => {
    const ran = await run(avml(`head -c 6000000 '${source}' > "$3"; echo "unable to read memory" >&2; exit 1`));
    expect(ran).toMatchObject({ code: 1, said: "cordon: AVML ended with code 1: unable to read memory\n" });
  }, 60_000);

  test("more memory than there are links for is said", async () => {
    const ran = await run(avml(COPIES), { parts: 2 });
    expect(ran).toMatchObject({
      code: 1,
      said: "cordon: it has more memory than its type says: there is no link to part 3\n",
    });
  }, 60_000);

  test("an upload that nobody waits for any more ends the capture", async () => {
    const ran = await run(avml(COPIES), { before: (upload) => void vault.parts.abandon(upload) });
    expect(ran.code).toBe(1);
    expect(ran.said).toContain("cordon: part 1 was not taken, HTTP 404");
  }, 60_000);
});
