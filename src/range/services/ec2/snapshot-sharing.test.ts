import {
  CopySnapshotCommand,
  CreateSnapshotCommand,
  DescribeSnapshotAttributeCommand,
  DescribeSnapshotsCommand,
  ModifySnapshotAttributeCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

const KEY = "arn:aws:kms:eu-west-1:111122223333:key/11111111-2222-4333-8444-555555555555";

function shared(SnapshotId: string | undefined, UserId = "444455556666"): ModifySnapshotAttributeCommand {
  return new ModifySnapshotAttributeCommand({
    SnapshotId,
    Attribute: "createVolumePermission",
    CreateVolumePermission: { Add: [{ UserId }] },
  });
}

async function snapshotOf(lab: StorageLab): Promise<string> {
  const { SnapshotId } = await lab.ec2.send(
    new CreateSnapshotCommand({
      VolumeId: lab.volumeAt("/dev/xvda"),
      TagSpecifications: [{ ResourceType: "snapshot", Tags: [{ Key: "case", Value: "7" }] }],
    }),
  );
  return SnapshotId!;
}

it("shows a shared snapshot to the other account without its tags, and hides it before", async () => {
  const lab = new StorageLab({ rootVolume: { kmsKeyId: KEY } });
  const other = lab.client("444455556666", "eu-west-1");
  await lab.clock.run(async () => {
    const id = await snapshotOf(lab);
    expect((await other.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }))).Snapshots).toEqual([]);
    await lab.ec2.send(shared(id));
    const { Snapshots } = await other.send(new DescribeSnapshotsCommand({ SnapshotIds: [id] }));
    expect(Snapshots).toMatchObject([{ SnapshotId: id, OwnerId: "111122223333", KmsKeyId: KEY }]);
    expect(Snapshots?.[0]?.Tags ?? []).toEqual([]);
    expect((await other.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }))).Snapshots).toEqual([]);
    const { CreateVolumePermissions } = await lab.ec2.send(
      new DescribeSnapshotAttributeCommand({ SnapshotId: id, Attribute: "createVolumePermission" }),
    );
    expect(CreateVolumePermissions).toEqual([{ UserId: "444455556666" }]);
  });
});

it("does not share what is under the AWS-managed key, nor anything encrypted with all", async () => {
  const managed = new StorageLab({ rootVolume: { encrypted: true } });
  await managed.clock.run(async () => {
    await expect(managed.ec2.send(shared(await snapshotOf(managed)))).rejects.toMatchObject({
      name: "OperationNotPermitted",
    });
  });
  const own = new StorageLab({ rootVolume: { kmsKeyId: KEY } });
  await own.clock.run(async () => {
    const add = { Add: [{ Group: "all" as const }] };
    const SnapshotId = await snapshotOf(own);
    const withAll = new ModifySnapshotAttributeCommand({ SnapshotId, CreateVolumePermission: add });
    await expect(own.ec2.send(withAll)).rejects.toMatchObject({ name: "OperationNotPermitted" });
  });
});

it("copies what is completed, under a new key and with a volume id that no volume has", async () => {
  const lab = new StorageLab({ rootVolume: { encrypted: true } });
  await lab.clock.run(async () => {
    const SourceSnapshotId = await snapshotOf(lab);
    const copy = () =>
      lab.ec2.send(
        new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: "eu-west-1", Encrypted: true, KmsKeyId: KEY }),
      );
    await expect(copy()).rejects.toMatchObject({ name: "IncorrectState" });
    await lab.clock.sleep(120_000);
    const { SnapshotId } = await copy();
    const { Snapshots } = await lab.ec2.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId!] }));
    expect(Snapshots).toMatchObject([{ VolumeId: "vol-ffffffff", KmsKeyId: KEY, State: "pending" }]);
    expect(Snapshots?.[0]?.Tags ?? []).toEqual([]);
    await lab.ec2.send(shared(SnapshotId));
  });
});

it("copies into another Region, and twenty at a time", async () => {
  const lab = new StorageLab();
  const elsewhere = lab.client("111122223333", "eu-central-1");
  await lab.clock.run(async () => {
    const SourceSnapshotId = await snapshotOf(lab);
    await lab.clock.sleep(120_000);
    const copy = () => elsewhere.send(new CopySnapshotCommand({ SourceSnapshotId, SourceRegion: "eu-west-1" }));
    await Promise.all(Array.from({ length: 20 }, copy));
    await expect(copy()).rejects.toMatchObject({ name: "ResourceLimitExceeded" });
    await lab.clock.sleep(120_000);
    await copy();
  });
  expect(lab.world.place("111122223333", "eu-central-1").region.snapshots.size).toBe(21);
});
