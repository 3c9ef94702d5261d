import {
  CreateSnapshotCommand,
  CreateSnapshotsCommand,
  DeleteSnapshotCommand,
  DescribeSnapshotsCommand,
  type CreateSnapshotsRequest,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

function specification(lab: StorageLab, more: object = {}): CreateSnapshotsRequest {
  return { InstanceSpecification: { InstanceId: lab.instance.id, ...more } };
}

it("takes all volumes of an instance at once, with its tags and those of the volumes", async () => {
  const lab = new StorageLab({ dataVolumes: [{ tags: [{ key: "Name", value: "data" }], kmsKeyId: "arn:key" }] });
  await lab.clock.run(async () => {
    const { Snapshots } = await lab.ec2.send(
      new CreateSnapshotsCommand({
        ...specification(lab),
        CopyTagsFromSource: "volume",
        TagSpecifications: [{ ResourceType: "snapshot", Tags: [{ Key: "case", Value: "7" }] }],
      }),
    );
    expect(Snapshots).toMatchObject([
      { State: "pending", VolumeId: lab.volumeAt("/dev/xvda"), Encrypted: false, Tags: [{ Key: "case", Value: "7" }] },
      { VolumeId: lab.volumeAt("/dev/sdf"), Encrypted: true, Tags: [{ Value: "data" }, { Value: "7" }] },
    ]);
    const found = await lab.ec2.send(
      new DescribeSnapshotsCommand({ OwnerIds: ["self"], Filters: [{ Name: "tag:case", Values: ["7"] }] }),
    );
    expect(found.Snapshots).toHaveLength(2);
    expect(found.Snapshots?.[1]?.KmsKeyId).toBe("arn:key");
  });
});

it("leaves out the boot volume, and data volumes that are named; not a volume that is not there", async () => {
  const lab = new StorageLab({ dataVolumes: [{}, {}] });
  const [first, second] = [lab.volumeAt("/dev/sdf"), lab.volumeAt("/dev/sdg")];
  await lab.clock.run(async () => {
    const take = (more: object) => lab.ec2.send(new CreateSnapshotsCommand(specification(lab, more)));
    await expect(take({ ExcludeDataVolumeIds: ["vol-00000000000000001"] })).rejects.toMatchObject({
      name: "InvalidParameterValue",
    });
    await expect(take({ ExcludeBootVolume: true, ExcludeDataVolumeIds: [first, second] })).rejects.toMatchObject({
      name: "InvalidParameterCombination",
    });
    const { Snapshots } = await take({ ExcludeBootVolume: true, ExcludeDataVolumeIds: [first] });
    expect(Snapshots).toMatchObject([{ VolumeId: second }]);
  });
});

it("is pending with progress for a time that grows with the volume, then completed", async () => {
  const lab = new StorageLab({ dataVolumes: [{ sizeGiB: 1000 }] });
  await lab.clock.run(async () => {
    await lab.ec2.send(new CreateSnapshotsCommand(specification(lab)));
    const states = async () =>
      (await lab.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }))).Snapshots?.map(({ State }) => State);
    expect(await states()).toEqual(["pending", "pending"]);
    await lab.clock.sleep(60_000);
    expect(await states()).toEqual(["completed", "pending"]);
    const pending = await lab.ec2.send(
      new DescribeSnapshotsCommand({ Filters: [{ Name: "status", Values: ["pending"] }] }),
    );
    expect(pending.Snapshots?.[0]?.Progress).toMatch(/^\d\d?%$/);
    await lab.clock.sleep(3_600_000);
    expect(await states()).toEqual(["completed", "completed"]);
  });
});

it("ends all snapshots of one call in error when one of them fails", async () => {
  const lab = new StorageLab({ dataVolumes: [{}] });
  lab.place.region.volumes.get(lab.volumeAt("/dev/sdf"))!.snapshotFault = "Given key ID is not accessible";
  await lab.clock.run(async () => {
    await lab.ec2.send(new CreateSnapshotsCommand(specification(lab)));
    await lab.clock.sleep(120_000);
    const { Snapshots } = await lab.ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ["self"] }));
    expect(Snapshots?.map(({ State, StateMessage }) => [State, StateMessage])).toEqual([
      ["error", "Given key ID is not accessible"],
      ["error", "Given key ID is not accessible"],
    ]);
  });
});

it("wants fifteen seconds between two snapshots of a volume, and takes none of a call that is too early", async () => {
  const lab = new StorageLab({ dataVolumes: [{}] });
  await lab.clock.run(async () => {
    await lab.ec2.send(new CreateSnapshotCommand({ VolumeId: lab.volumeAt("/dev/sdf") }));
    const all = () => lab.ec2.send(new CreateSnapshotsCommand(specification(lab)));
    await expect(all()).rejects.toMatchObject({ name: "SnapshotCreationPerVolumeRateExceeded" });
    expect(lab.place.region.snapshots.size).toBe(1);
    await lab.clock.sleep(15_000);
    await all();
  });
  expect(lab.place.region.snapshots.size).toBe(3);
});

it("has five snapshots of a volume under way, of a throughput volume one; a deleted one counts", async () => {
  const lab = new StorageLab({
    dataVolumes: [{ sizeGiB: 1000 }, { sizeGiB: 1000, volumeType: "st1" }],
  });
  await lab.clock.run(async () => {
    const take = (device: string) => lab.ec2.send(new CreateSnapshotCommand({ VolumeId: lab.volumeAt(device) }));
    const { SnapshotId } = await take("/dev/sdf");
    await lab.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    for (let taken = 1; taken < 5; taken++) {
      await lab.clock.sleep(15_000);
      await take("/dev/sdf");
    }
    await take("/dev/sdg");
    await lab.clock.sleep(15_000);
    await expect(take("/dev/sdf")).rejects.toMatchObject({ name: "ConcurrentSnapshotLimitExceeded" });
    await expect(take("/dev/sdg")).rejects.toMatchObject({ name: "ConcurrentSnapshotLimitExceeded" });
    await lab.clock.sleep(3_600_000);
    await take("/dev/sdg");
  });
});

it("pages, and says that a snapshot is not there", async () => {
  const lab = new StorageLab({ dataVolumes: [{}, {}, {}, {}, {}] });
  await lab.clock.run(async () => {
    await lab.ec2.send(new CreateSnapshotsCommand(specification(lab)));
    const first = await lab.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5 }));
    const second = await lab.ec2.send(new DescribeSnapshotsCommand({ MaxResults: 5, NextToken: first.NextToken }));
    expect([first.Snapshots?.length, second.Snapshots?.length, second.NextToken]).toEqual([5, 1, undefined]);
    const missing = new DescribeSnapshotsCommand({ SnapshotIds: ["snap-00000000000000001"] });
    await expect(lab.ec2.send(missing)).rejects.toMatchObject({ name: "InvalidSnapshot.NotFound" });
  });
});
