import { expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import type { CallRecord } from "../../src/aws/sender.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import { Faults, type FaultKind } from "../../src/range/faults.ts";
import { createFront } from "../../src/range/front.ts";
import { createRange } from "../../src/range/range.ts";
import { createResponder } from "../../src/range/responder.ts";
import { inProcessHandler } from "../../src/range/wire/request-handler.ts";
import { createWire } from "../../src/range/wire/server.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { contentsOf, evidenceBucket, type EvidenceBucket } from "../../src/range/world/s3.ts";
import { World } from "../../src/range/world/world.ts";
import { vaultSuite, type VaultFault, type VaultUnderTest } from "../../src/testing/vault-suite.ts";
import { s3Vault, type S3VaultOptions } from "../../src/vault/s3.ts";

const START = Date.parse("2026-01-15T12:00:00Z");
const BUCKET = "evidence-111122223333";
const PLACE = { account: "111122223333", region: "eu-central-1", name: BUCKET };
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const faultKinds: Readonly<Record<VaultFault, FaultKind>> = {
  throttled: "throttle",
  broken: "error",
  "answer-lost": "lost-answer",
};

type Settings = Partial<Pick<S3VaultOptions, "lock" | "kmsKeyId" | "prefix" | "owner" | "sizes">>;

interface Rig extends VaultUnderTest {
  readonly world: World;
  readonly faults: Faults;
  /** Aborts when a fault kills the process. */
  readonly died: AbortSignal;
  readonly calls: CallRecord[];
  readonly responder: ReturnType<typeof createResponder>;
}

/** An account of the range with a bucket in it, and a vault in the bucket. */
function rig(settings: Settings = {}, bucket: EvidenceBucket = PLACE): Rig {
  const clock = new SimulatedClock(START);
  const world = new World({ clock, random: seededRandom(7) });
  const responder = createResponder(world.place(PLACE.account, PLACE.region));
  const staged = evidenceBucket(world, bucket);
  const process = new AbortController();
  const faults = new Faults({ onCrash: () => process.abort(new Error("died")) });
  const perform = createFront({ world, faults, pageSize: 2 });
  const { handle } = createWire({ requestId: () => "request", perform, now: () => clock.now() });
  const calls: CallRecord[] = [];
  const open = (): ReturnType<typeof s3Vault> => {
    const random = seededRandom(3);
    const { accessKeyId, secretAccessKey, sessionToken } = responder;
    const clients = createClients({
      region: PLACE.region,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
      requestHandler: inProcessHandler(handle),
      clock,
      random,
    });
    const sender = (signal: AbortSignal) => clients.observed((record) => calls.push(record), signal).s3;
    return s3Vault({ bucket: BUCKET, sender, clock, random, ...settings });
  };
  return {
    vault: open(),
    reopen: open,
    world,
    faults,
    died: process.signal,
    calls,
    responder,
    lock: lockOf(settings),
    tamper(key, content) {
      const [version] = contentsOf(world, staged).versions.get((settings.prefix ?? "") + key) ?? [];
      if (version?.kind !== "object") throw new Error(`nothing under ${key}`);
      version.content = content;
    },
    fault: (kind) => faults.inject({ kind: faultKinds[kind], service: "s3" }),
    run: (program) => clock.run(program),
  };
}

function lockOf({ lock = null }: Settings): Rig["lock"] {
  return lock && expect.objectContaining({ mode: lock.mode, until: expect.stringMatching(/^2027-01-15T12:00:\d\d/) });
}

vaultSuite("a vault in a bucket", () => rig());
vaultSuite("a vault in a bucket, under a prefix and locked in governance", () =>
  rig(
    { prefix: "cordon/", lock: { mode: "governance", days: 365 } },
    { ...PLACE, lock: { mode: "governance", days: 1 } },
  ),
);
vaultSuite("a vault in a bucket, locked in compliance and encrypted with a key of its own", () =>
  rig(
    { lock: { mode: "compliance", days: 365 }, kmsKeyId: "alias/evidence", owner: PLACE.account },
    { ...PLACE, lock: { mode: "compliance", days: 1 } },
  ),
);

const MIB = 1024 * 1024;
const SMALL_PARTS = { aboveBytes: 5 * MIB, partBytes: 5 * MIB };

test.each(["error", "lost-answer", "throttle"] as const)(
  "whatever call ends in %s, one put leaves one artifact",
  async (kind) => {
    for (const size of [3, 5 * MIB + 1]) {
      for (let nth = 1; ; nth++) {
        const sizes = SMALL_PARTS;
        const { vault, faults, run, calls } = rig({ lock: { mode: "governance", days: 365 }, sizes }, locked());
        faults.inject({ kind, service: "s3", nth });
        const stored = await run(() => vault.put("a/1", new Uint8Array(size)));
        expect(stored.bytes).toBe(size);
        expect(await run(() => vault.list(""))).toEqual([{ key: "a/1", bytes: size }]);
        if (nth > calls.length) break; // The fault would come after the last call.
      }
    }
  },
  60_000,
);

test.each(["PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"])(
  "a process that died in %s leaves what the next one completes",
  async (operation) => {
    const { vault, reopen, faults, died, run, world } = rig({ sizes: SMALL_PARTS });
    faults.inject({ kind: "crash-after", service: "s3", operation });
    const content = new Uint8Array(operation === "PutObject" ? 3 : 5 * MIB + 1);
    await expect(run(() => vault.put("a/1", content, { signal: died }))).rejects.toThrow("died");
    const stored = await run(() => reopen().put("a/1", content));
    expect(stored.bytes).toBe(content.length);
    const bucket = world.place(PLACE.account, PLACE.region).region.buckets.get(BUCKET)!;
    expect(contentsOf(world, bucket).versions.get("a/1")).toHaveLength(1);
  },
);

test("large content goes in parts, keeps the hash of the whole, and comes back as it was", async () => {
  const { vault, reopen, run, calls, world } = rig({ lock: { mode: "compliance", days: 365 } }, locked());
  const content = new Uint8Array(17 * MIB).map((_, at) => (at * 31) % 251);
  const stored = await run(() => vault.put("memory/image", content));
  expect(calls.map(({ operation }) => operation).filter((name) => name === "UploadPart")).toHaveLength(3);
  const [version] = contentsOf(
    world,
    world.place(PLACE.account, PLACE.region).region.buckets.get(BUCKET)!,
  ).versions.get("memory/image")!;
  expect(version).toMatchObject({
    description: { metadata: { sha256: stored.sha256 } },
    checksum: { algorithm: "SHA256", type: "COMPOSITE" },
    retention: { mode: "COMPLIANCE" },
  });
  expect(Buffer.compare((await run(() => reopen().get("memory/image")))!, content)).toBe(0);
  expect(await run(() => reopen().put("memory/image", content))).toEqual(stored);
  content[0] = 99;
  await expect(run(() => reopen().put("memory/image", content))).rejects.toThrow(/other content already/);
});

test("a bucket without versions is refused with the command that mends it", async () => {
  const { vault, world, run } = rig();
  const bucket = world.place(PLACE.account, PLACE.region).region.buckets.get(BUCKET)!;
  bucket.versioning = null;
  await expect(run(() => vault.put("a/1", bytes("abc")))).rejects.toMatchObject({
    code: "vault_bucket_unfit",
    remedy: expect.stringContaining("put-bucket-versioning --bucket evidence-111122223333"),
  });
  bucket.versioning = "Enabled";
  expect((await run(() => vault.put("a/1", bytes("abc")))).bytes).toBe(3);
});

test("a bucket without Object Lock is refused when artifacts are to be locked", async () => {
  const { vault, run } = rig({ lock: { mode: "governance", days: 7 } });
  await expect(run(() => vault.put("a/1", bytes("abc")))).rejects.toMatchObject({ code: "vault_bucket_unfit" });
});

test("without a wish of its own an artifact has the lock that the bucket gives", async () => {
  const { vault, run } = rig({}, { ...PLACE, lock: { mode: "governance", days: 30 } });
  const { lock } = await run(() => vault.put("a/1", bytes("abc")));
  expect(lock).toMatchObject({ mode: "governance", until: expect.stringMatching(/^2026-02-14T12:00/) });
});

test("a bucket that belongs to somebody else is refused", async () => {
  const { vault, run } = rig({ owner: "999999999999" });
  await expect(run(() => vault.put("a/1", bytes("abc")))).rejects.toMatchObject({ code: "access_denied" });
});

test("a role that may not put is told so, and is not tried again and again", async () => {
  const { vault, responder, run, calls } = rig();
  responder.setResponderPolicy({
    Version: "2012-10-17",
    Statement: { Effect: "Allow", Action: ["s3:Get*", "s3:List*"], Resource: "*" },
  });
  await expect(run(() => vault.put("a/1", bytes("abc")))).rejects.toMatchObject({ code: "access_denied" });
  expect(calls.filter(({ operation }) => operation === "PutObject")).toHaveLength(1);
});

function locked(): EvidenceBucket {
  return { ...PLACE, lock: { mode: "governance", days: 1 } };
}

test("a range has a bucket for evidence when it is asked to, and what lies in it is no configuration", async () => {
  const evidence = { name: BUCKET, lock: { mode: "compliance", days: 30 } } as const;
  const clock = new SimulatedClock(START);
  const range = createRange({ scenario: "c2-beacon", seed: 1, clock, evidenceBucket: evidence });
  const before = range.snapshot();
  expect(JSON.stringify(before)).toContain(`"${BUCKET}":{"accountId":"${PLACE.account}"`);
  const clients = createClients({
    region: PLACE.region,
    credentials: range.responder,
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(3),
  });
  const vault = s3Vault({
    bucket: BUCKET,
    sender: (signal) => clients.observed(() => {}, signal).s3,
    clock,
    random: seededRandom(3),
  });
  const { lock } = await clock.run(() => vault.put("a/1", bytes("abc")));
  expect(lock).toMatchObject({ mode: "compliance", until: expect.stringMatching(/^2026-02-14T12:00/) });
  expect(range.snapshot()).toEqual(before);
});
