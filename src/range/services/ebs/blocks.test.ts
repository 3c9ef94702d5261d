import {
  GetSnapshotBlockCommand,
  ListChangedBlocksCommand,
  ListSnapshotBlocksCommand,
  StartSnapshotCommand,
  type EBSClient,
} from "@aws-sdk/client-ebs";
import { CopySnapshotCommand, CreateVolumeCommand, ModifySnapshotAttributeCommand } from "@aws-sdk/client-ec2";
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { startSnapshot } from "../../world/build-storage.ts";
import type { Volume } from "../../world/model.ts";
import { Throttle } from "../../world/throttle.ts";
import { fillVolume, writeBlock } from "../../world/volume-blocks.ts";
import { StorageLab } from "../ec2/storage-lab.ts";
import { ebsClient } from "./blocks-lab.ts";

const BLOCK = 524_288;
const DAY_MS = 86_400_000;
const KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-4333-8444-555555555555";

function lab(volume: object = {}): { readonly lab: StorageLab; readonly volume: Volume } {
  const made = new StorageLab({ dataVolumes: [{ sizeGiB: 1, ...volume }] });
  const found = made.place.region.volumes.get(made.volumeAt("/dev/sdf"));
  if (!found) throw new Error("the lab has no data volume");
  return { lab: made, volume: found };
}

/** A snapshot of the volume as it is, when it is completed. */
async function taken({ clock, place }: StorageLab, volume: Volume): Promise<string> {
  const { id, completesAt } = startSnapshot(place, volume);
  await clock.sleep(completesAt - clock.now());
  return id;
}

async function indexes(ebs: EBSClient, SnapshotId: string): Promise<(number | undefined)[]> {
  const { Blocks } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId }));
  return (Blocks ?? []).map(({ BlockIndex }) => BlockIndex);
}

async function read(ebs: EBSClient, SnapshotId: string, BlockIndex: number) {
  const list = new ListSnapshotBlocksCommand({ SnapshotId, StartingBlockIndex: BlockIndex });
  const BlockToken = (await ebs.send(list)).Blocks?.[0]?.BlockToken;
  const answer = await ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken }));
  return { ...answer, bytes: (await answer.BlockData?.transformToByteArray()) ?? new Uint8Array() };
}

it("lists only blocks that were written, in order, with the size of volume and block", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const id = await taken(made, volume);
    const { Blocks, BlockSize, VolumeSize, ExpiryTime, NextToken } = await ebs.send(
      new ListSnapshotBlocksCommand({ SnapshotId: id }),
    );
    expect(Blocks?.map(({ BlockIndex }) => BlockIndex)).toEqual([0, 341, 682, 1024, 1365, 1706]);
    expect([BlockSize, VolumeSize, NextToken]).toEqual([BLOCK, 1, undefined]);
    expect(Blocks?.[0]?.BlockToken).toMatch(/^[A-Za-z0-9+/=]{1,256}$/);
    expect(ExpiryTime?.getTime()).toBe(made.clock.now() - 20 + 7 * DAY_MS);
  });
});

it("gives a block with its length and SHA-256, the same every time", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const id = await taken(made, volume);
    const { bytes, DataLength, Checksum, ChecksumAlgorithm } = await read(ebs, id, 0);
    expect([bytes.length, DataLength, ChecksumAlgorithm]).toEqual([BLOCK, BLOCK, "SHA256"]);
    expect(createHash("sha256").update(bytes).digest("base64")).toBe(Checksum);
    expect([bytes[510], bytes[511]]).toEqual([0x55, 0xaa]);
    expect((await read(ebs, id, 0)).Checksum).toBe(Checksum);
    expect((await read(ebs, id, 341)).Checksum).not.toBe(Checksum);
  });
});

it("shows the volume as it was at the snapshot: later writes are in the next one", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const before = await taken(made, volume);
    const was = (await read(ebs, before, 341)).Checksum;
    writeBlock(volume, 341, new Uint8Array(BLOCK).fill(7));
    writeBlock(volume, 5, new Uint8Array(BLOCK));
    const after = await taken(made, volume);
    expect((await read(ebs, before, 341)).Checksum).toBe(was);
    expect(await indexes(ebs, before)).toEqual([0, 341, 682, 1024, 1365, 1706]);
    expect(await indexes(ebs, after)).toEqual([0, 5, 341, 682, 1024, 1365, 1706]); // What was written empty was written.
    expect((await read(ebs, after, 341)).bytes.every((byte) => byte === 7)).toBe(true);
  });
});

it("lists what changed between two snapshots of a volume, and refuses those of two", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const FirstSnapshotId = await taken(made, volume);
    writeBlock(volume, 341, new Uint8Array(BLOCK).fill(7));
    writeBlock(volume, 5, new Uint8Array(BLOCK));
    const SecondSnapshotId = await taken(made, volume);
    const { ChangedBlocks } = await ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId, SecondSnapshotId }));
    expect(ChangedBlocks).toEqual([
      { BlockIndex: 5, SecondBlockToken: expect.any(String) },
      { BlockIndex: 341, FirstBlockToken: expect.any(String), SecondBlockToken: expect.any(String) },
    ]);
    const root = made.place.region.volumes.get(made.volumeAt("/dev/xvda"))!;
    const stranger = await taken(made, root);
    await expect(
      ebs.send(new ListChangedBlocksCommand({ FirstSnapshotId: stranger, SecondSnapshotId })),
    ).rejects.toMatchObject({ name: "ValidationException", Reason: "UNRELATED_SNAPSHOTS" });
  });
});

it("pages by number, and by how much of a volume one page looks at: pages may be empty", async () => {
  const { lab: made, volume } = lab({ sizeGiB: 30 });
  fillVolume(volume, 0);
  for (let index = 0; index < 250; index++) writeBlock(volume, index, new Uint8Array(BLOCK));
  writeBlock(volume, 30 * 2048 - 1, new Uint8Array(BLOCK).fill(1));
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const SnapshotId = await taken(made, volume);
    const sizes: (number | undefined)[] = [];
    let NextToken: string | undefined;
    let last: number | undefined;
    do {
      const page: { Blocks?: { BlockIndex?: number | undefined }[] | undefined; NextToken?: string | undefined } =
        await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId, MaxResults: 5, NextToken }));
      sizes.push(page.Blocks?.length);
      last = page.Blocks?.at(-1)?.BlockIndex ?? last;
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(sizes).toEqual([100, 100, 50, 0, 0, 1]);
    expect(last).toBe(61_439);
  });
});

it("refuses tokens of another block or snapshot, after seven days, and pages after an hour", async () => {
  const { lab: made, volume } = lab({ sizeGiB: 30 });
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const [one, other] = [await taken(made, volume), await taken(made, volume)];
    const { Blocks, NextToken } = await ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: one }));
    const token = Blocks?.[0]?.BlockToken;
    const get = (SnapshotId: string, BlockIndex: number) =>
      ebs.send(new GetSnapshotBlockCommand({ SnapshotId, BlockIndex, BlockToken: token }));
    const refused = { name: "ValidationException", Reason: "INVALID_BLOCK_TOKEN" };
    await expect(get(other, 0)).rejects.toMatchObject(refused);
    await expect(get(one, 1)).rejects.toMatchObject(refused);
    await made.clock.sleep(3_600_000);
    await expect(ebs.send(new ListSnapshotBlocksCommand({ SnapshotId: one, NextToken }))).rejects.toMatchObject({
      name: "ValidationException",
      Reason: "INVALID_PAGE_TOKEN",
    });
    await expect(get(one, 0)).resolves.toMatchObject({ DataLength: BLOCK });
    await made.clock.sleep(7 * DAY_MS);
    await expect(get(one, 0)).rejects.toMatchObject(refused);
  });
});

it("reads completed snapshots only: not pending, failed, deleted, public or foreign ones", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    const pending = startSnapshot(made.place, volume);
    await expect(indexes(ebs, pending.id)).rejects.toMatchObject({ name: "ValidationException" });
    const failed = startSnapshot(made.place, volume, { failure: "it broke" });
    await made.clock.sleep(DAY_MS);
    await expect(indexes(ebs, failed.id)).rejects.toMatchObject({ name: "ValidationException" });
    const missing = { name: "ResourceNotFoundException", Reason: "SNAPSHOT_NOT_FOUND" };
    await expect(indexes(ebs, "snap-00000000000000001")).rejects.toMatchObject(missing);
    await expect(indexes(ebs, "vol-1")).rejects.toMatchObject({ name: "ValidationException" });
    const stranger = ebsClient(made, { accountId: "444455556666" });
    await expect(indexes(stranger, pending.id)).rejects.toMatchObject(missing);
    const share = (user: object) =>
      made.ec2.send(
        new ModifySnapshotAttributeCommand({ SnapshotId: pending.id, CreateVolumePermission: { Add: [user] } }),
      );
    await share({ Group: "all" });
    await expect(indexes(stranger, pending.id)).rejects.toMatchObject(missing);
    await share({ UserId: "444455556666" });
    expect(await indexes(stranger, pending.id)).toHaveLength(6);
    await expect(ebs.send(new StartSnapshotCommand({ VolumeSize: 1 }))).rejects.toMatchObject({
      $metadata: { httpStatusCode: 501 },
    });
  });
});

it("needs kms:Decrypt on the key for blocks of an encrypted snapshot, and not for their list", async () => {
  const { lab: made, volume } = lab({ kmsKeyId: KEY });
  await made.clock.run(async () => {
    const id = await taken(made, volume);
    const reader = ebsClient(made, { actions: ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock"] });
    expect(await indexes(reader, id)).toHaveLength(6);
    await expect(read(reader, id, 0)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("kms:Decrypt"),
    });
    const keyHolder = ebsClient(made, { actions: ["ebs:ListSnapshotBlocks", "ebs:GetSnapshotBlock", "kms:Decrypt"] });
    expect((await read(keyHolder, id, 0)).DataLength).toBe(BLOCK);
    await expect(indexes(ebsClient(made, { actions: ["ec2:*"] }), id)).rejects.toMatchObject({
      name: "AccessDeniedException",
      $metadata: { httpStatusCode: 403 },
    });
  });
});

it("throttles the account's lists, and the blocks of one snapshot whatever the account may", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const SnapshotId = await taken(made, volume);
    const lists = ebsClient(made, { throttle: new Throttle() });
    const asked = Array.from({ length: 60 }, () => indexes(lists, SnapshotId).catch((error: Error) => error.name));
    expect((await Promise.all(asked)).filter((answer) => answer === "ThrottlingException")).toHaveLength(10);
    const more = { "ebs:GetSnapshotBlock": { burst: 5000, refillPerSecond: 5000 } };
    const blocks = ebsClient(made, { throttle: new Throttle({ limits: more }) });
    // Refused for its token, and counted all the same: a thousand blocks would take their time.
    const wrong = { SnapshotId, BlockIndex: 0, BlockToken: "AAAA" };
    const get = () => blocks.send(new GetSnapshotBlockCommand(wrong));
    const answers = await Promise.all(Array.from({ length: 1001 }, () => get().catch((error: Error) => error.name)));
    expect(answers.filter((name) => name === "RequestThrottledException")).toHaveLength(1);
    await expect(get()).rejects.toMatchObject({ name: "ValidationException" }); // A little later there is room again.
  });
});

it("a copy, and a volume made of a snapshot, have its blocks", async () => {
  const { lab: made, volume } = lab();
  await made.clock.run(async () => {
    const ebs = ebsClient(made);
    writeBlock(volume, 5, new Uint8Array(BLOCK).fill(9));
    const source = await taken(made, volume);
    const copy = await made.ec2.send(new CopySnapshotCommand({ SourceSnapshotId: source, SourceRegion: "eu-west-1" }));
    const { VolumeId } = await made.ec2.send(
      new CreateVolumeCommand({ SnapshotId: source, AvailabilityZone: "eu-west-1a", Size: 2 }),
    );
    await made.clock.sleep(DAY_MS);
    const restored = await taken(made, made.place.region.volumes.get(VolumeId ?? "")!);
    const expected = [0, 5, 341, 682, 1024, 1365, 1706];
    expect(await indexes(ebs, copy.SnapshotId ?? "")).toEqual(expected);
    expect(await indexes(ebs, restored)).toEqual(expected);
    expect((await read(ebs, restored, 341)).Checksum).toBe((await read(ebs, source, 341)).Checksum);
    expect((await read(ebs, restored, 5)).bytes[0]).toBe(9);
  });
});
