import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { expect, it } from "vitest";
import type { ArtifactDraft } from "../../src/core/artifact.ts";
import { piecesOf, type Vault } from "../../src/core/vault.ts";
import { blocksIn, contentOf, fillVolume, type VolumeBlocks, writeBlock } from "../../src/range/world/volume-blocks.ts";
import { diskImage } from "../../src/steps/preserve/disk-image.ts";
import { directoryVault } from "../../src/vault/directory.ts";
import { memoryVault } from "../../src/vault/memory.ts";
import { onRange, type Bench } from "./bench.ts";
import { collectOnce, planned, hashingDisksQuickly, smallRoot, toTheEnd, withSnapshots } from "./disk-image-lab.ts";
import { openVault } from "./evidence.ts";

const BLOCK = 524_288;
const empty = Buffer.alloc(BLOCK);

/** Unpacks an artifact of a vault and compares it block by block with the disk; gives the SHA-256 of the whole. */
async function compared(vault: Vault, { location }: ArtifactDraft, blocks: VolumeBlocks) {
  const hash = createHash("sha256");
  const differing: number[] = [];
  let index = 0;
  let rest = Buffer.alloc(0);
  const packed = await piecesOf(vault, vault.keyOf(location) ?? "");
  for await (const piece of Readable.from(packed ?? []).pipe(createGunzip({ chunkSize: 8 * BLOCK }))) {
    hash.update(piece as Buffer);
    rest = Buffer.concat([rest, piece as Buffer]);
    for (; rest.length >= BLOCK; rest = rest.subarray(BLOCK), index++) {
      const expected = contentOf(blocks, index) ?? empty;
      if (!rest.subarray(0, BLOCK).equals(expected)) differing.push(index);
    }
  }
  return { differing, blocks: index, left: rest.length, sha256: hash.digest("hex") };
}

function snapshotBlocks({ place }: Bench, snapshotId: string): VolumeBlocks {
  return blocksIn(place.region.snapshots.get(snapshotId)!);
}

it("stores what was on the disk at the snapshot, byte for byte, with both hashes and where it comes from", async () => {
  const vault = memoryVault();
  const { artifact, blocks } = await onRange({ context: { vault: openVault(vault) } }, async (bench) => {
    const root = smallRoot(bench);
    writeBlock(root, 2047, new Uint8Array(BLOCK).fill(3)); // The last block of the disk.
    writeBlock(root, 100, new Uint8Array(BLOCK)); // Written, and empty.
    const context = await withSnapshots(bench);
    writeBlock(root, 0, new Uint8Array(BLOCK).fill(66)); // By an intruder who covers his tracks, too late.
    const [item] = await planned(context);
    const end = await toTheEnd(bench, context, item!);
    expect(await diskImage.verify(context, item!, [end.artifact])).toMatchObject({ kind: "ok" });
    expect(end.artifact).toMatchObject({
      kind: "disk-image",
      location: `memory:cases/disk-image/${root.id}-${item!.resource}-1.gz`,
      lineage: {
        snapshotId: item!.resource,
        volumeId: root.id,
        device: "/dev/xvda",
        takenAt: "2026-01-15T12:00:00.100Z",
        blockBytes: 524_288,
        writtenBlocks: 8,
        rawBytes: 1_073_741_824,
        kmsKeyId: null,
      },
    });
    return { artifact: end.artifact, blocks: snapshotBlocks(bench, item!.resource) };
  });
  const content = [...vault.contents.values()];
  expect(content).toHaveLength(1);
  expect(createHash("sha256").update(content[0]!).digest("hex")).toBe(artifact.sha256);
  expect(content[0]!.length).toBe(artifact.bytes);
  expect(content[0]!.length).toBeLessThan(3_000_000); // Of a gigabyte: seven blocks of which a quarter is noise.
  expect(await compared(vault, artifact, blocks)).toEqual({
    differing: [],
    blocks: 2048,
    left: 0,
    sha256: (artifact.lineage as { rawSha256: string }).rawSha256,
  });
}, 300_000);

it("reads two gigabytes, a tenth of them written, into parts of one size and without holding them", async () => {
  const folder = mkdtempSync(join(tmpdir(), "cordon-image-"));
  try {
    const vault = directoryVault(folder);
    let highest = 0;
    const parts: number[] = [];
    const open = hashingDisksQuickly(openVault(vault));
    const watched = {
      ...open,
      large: {
        ...open.large,
        putPart: (...given: Parameters<typeof open.large.putPart>) => {
          const { rss } = process.memoryUsage();
          highest = Math.max(highest, rss);
          parts.push(given[2].length);
          return open.large.putPart(...given);
        },
      },
    };
    const before = process.memoryUsage().rss;
    const { artifact, blocks } = await onRange({ context: { vault: watched } }, async (bench) => {
      fillVolume(smallRoot(bench, 2), 400);
      const context = await withSnapshots(bench);
      const [item] = await planned(context);
      const { artifact: end } = await toTheEnd(bench, context, item!);
      return { artifact: end, blocks: snapshotBlocks(bench, item!.resource) };
    });
    const [last, ...others] = parts.toReversed();
    expect(new Set(others)).toEqual(new Set([8_388_608]));
    expect(last).toBeLessThan(8_388_608);
    expect(others).toHaveLength(7); // Two calls, each with 26 MB of noise; the first one's last part is filled up.
    expect((highest - before) / 1024 ** 2).toBeLessThan(400);
    expect(await compared(vault, artifact, blocks)).toMatchObject({ differing: [], blocks: 4096, left: 0 });
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 300_000);

it("leaves volumes that are larger than is set, and others than the root where only that is asked for", () =>
  onRange({ variants: [] }, async (bench) => {
    const root = smallRoot(bench, 30);
    const context = await withSnapshots(bench);
    const [snapshot] = [...bench.place.region.snapshots.values()];
    const plan = (wish: object) => diskImage.plan(context, diskImage.input.parse(wish));
    expect((await plan({})).items).toEqual([
      { resource: snapshot!.id, details: { volumeId: root.id, device: "/dev/xvda", sizeGiB: 30 } },
    ]);
    expect(await plan({ mostGiB: 29 })).toEqual({
      items: [],
      left: [
        {
          resource: snapshot!.id,
          reason: "30 GiB, and volumes of up to 29 GiB are read (mostGiB): its snapshot keeps it",
        },
      ],
    });
    expect((await plan({ volumes: "root" })).items).toHaveLength(1);
    bench.place.region.instances.get(bench.target.instanceId)!.rootDeviceName = "/dev/sdz";
    const notRoot = "only the root volume is asked for, and AWS does not name this one as it";
    expect((await plan({ volumes: "root" })).left).toEqual([{ resource: snapshot!.id, reason: notRoot }]);
    bench.place.region.instances.delete(bench.target.instanceId); // Ended, and forgotten.
    expect((await plan({ volumes: "root" })).left).toEqual([{ resource: snapshot!.id, reason: notRoot }]);
    expect((await plan({})).items).toHaveLength(1);
    expect(() => diskImage.input.parse({ mostGiB: 1025 })).toThrow(/1024/);
  }));

it("waits for the snapshot, and says why where it failed or is gone, before and while it is read", () =>
  onRange({ context: { vault: hashingDisksQuickly(openVault()) } }, async (bench) => {
    const root = smallRoot(bench);
    const context = await withSnapshots(bench);
    const [item] = await planned(context);
    const { snapshots } = bench.place.region;
    const once = (progress: null | object) => collectOnce(bench, context, { item: item!, progress: progress as never });
    expect(await once(null)).toEqual({
      kind: "later",
      progress: { phase: "waiting" },
      afterMs: 30_000,
      withinMs: 604_800_000,
    });
    await bench.clock.sleep(60_000);
    const opened = await once({ phase: "waiting" });
    expect(opened).toMatchObject({ kind: "later", progress: { phase: "reading", nextBlock: 0, parts: 0 } });
    snapshots.delete(item!.resource);
    const unreadable = { code: "snapshot_unreadable" };
    await expect(once((opened as { progress: object }).progress)).rejects.toMatchObject({
      ...unreadable,
      message: `The blocks of snapshot ${item!.resource} cannot be read: AWS has none of this id.`,
    });
    await expect(once({ phase: "waiting" })).rejects.toMatchObject({
      ...unreadable,
      message: expect.stringContaining("it was deleted since the plan"),
    });
    root.snapshotFault = "the key is disabled";
    await bench.clock.sleep(60_000);
    const other = await withSnapshots(bench);
    await bench.clock.sleep(60_000);
    const [failed] = [...snapshots.values()];
    const again = { ...item!, resource: failed!.id };
    await expect(collectOnce(bench, other, { item: again, progress: null })).rejects.toMatchObject({
      ...unreadable,
      message: expect.stringContaining("the key is disabled"),
    });
  }));
