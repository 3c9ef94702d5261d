import {
  CreateSnapshotCommand,
  DeleteSnapshotCommand,
  DescribeLockedSnapshotsCommand,
  LockSnapshotCommand,
  UnlockSnapshotCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

async function withSnapshot(play: (lab: StorageLab, SnapshotId: string) => Promise<void>): Promise<void> {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const { SnapshotId } = await lab.ec2.send(new CreateSnapshotCommand({ VolumeId: lab.volumeAt("/dev/xvda") }));
    await play(lab, SnapshotId!);
  });
}

it("locks a pending snapshot, and counts its days from completion", async () => {
  await withSnapshot(async ({ ec2, clock, place }, SnapshotId) => {
    const locked = await ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: "governance", LockDuration: 30 }));
    expect(locked).toMatchObject({ LockState: "governance", LockDuration: 30 });
    expect(locked.LockExpiresOn).toBeUndefined();
    await clock.sleep(60_000);
    const { Snapshots } = await ec2.send(new DescribeLockedSnapshotsCommand({}));
    const { completesAt } = place.region.snapshots.get(SnapshotId)!;
    expect(Snapshots?.[0]?.LockExpiresOn?.getTime()).toBe(completesAt + 30 * DAY_MS);
  });
});

it("keeps a locked snapshot from deletion until it is unlocked, or its time is over", async () => {
  await withSnapshot(async ({ ec2, clock, place }, SnapshotId) => {
    const lock = () => ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: "governance", LockDuration: 1 }));
    const remove = () => ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    await lock();
    await expect(remove()).rejects.toMatchObject({ name: "OperationNotPermitted" });
    await ec2.send(new UnlockSnapshotCommand({ SnapshotId }));
    await expect(ec2.send(new UnlockSnapshotCommand({ SnapshotId }))).rejects.toMatchObject({ name: "IncorrectState" });
    await lock();
    await clock.sleep(DAY_MS + 120_000);
    await remove();
    expect(place.region.snapshots.size).toBe(0);
  });
});

it("can take compliance back while it cools off; after that it can only make it longer", async () => {
  await withSnapshot(async ({ ec2, clock }, SnapshotId) => {
    const lock = (LockDuration: number, more: object = {}) =>
      ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: "compliance", LockDuration, ...more }));
    expect(await lock(30, { CoolOffPeriod: 2 })).toMatchObject({ LockState: "compliance-cooloff" });
    await ec2.send(new UnlockSnapshotCommand({ SnapshotId }));
    await lock(30, { CoolOffPeriod: 2 });
    await clock.sleep(2 * HOUR_MS);
    await expect(ec2.send(new UnlockSnapshotCommand({ SnapshotId }))).rejects.toMatchObject({
      name: "OperationNotPermitted",
    });
    await expect(lock(10)).rejects.toMatchObject({ name: "OperationNotPermitted" });
    expect(await lock(60)).toMatchObject({ LockState: "compliance", LockDuration: 60 });
  });
});

it("refuses a lock without an end, with two, and one that cools off in governance mode", async () => {
  await withSnapshot(async ({ ec2 }, SnapshotId) => {
    const lock = (more: object) => ec2.send(new LockSnapshotCommand({ SnapshotId, LockMode: "governance", ...more }));
    const ExpirationDate = new Date("2027-01-01T00:00:00Z");
    for (const more of [{}, { LockDuration: 1, ExpirationDate }, { LockDuration: 1, CoolOffPeriod: 1 }])
      await expect(lock(more)).rejects.toMatchObject({ name: "InvalidParameterCombination" });
    await expect(lock({ LockDuration: 36_501 })).rejects.toMatchObject({ name: "InvalidParameterValue" });
  });
});
