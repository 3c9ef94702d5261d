import {
  CreateImageCommand,
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  ModifyImageAttributeCommand,
  RegisterImageCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

it("reboots the instance for an image, unless told not to", async () => {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const InstanceId = lab.instance.id;
    await lab.ec2.send(new CreateImageCommand({ InstanceId, Name: "quiet", NoReboot: true }));
    expect(lab.instance.reboots).toBe(0);
    await lab.clock.sleep(15_000);
    await lab.ec2.send(new CreateImageCommand({ InstanceId, Name: "loud" }));
    expect(lab.instance.reboots).toBe(1);
  });
});

it("makes an image of all volumes, which is available when their snapshots are completed", async () => {
  const lab = new StorageLab({ dataVolumes: [{ sizeGiB: 20 }] });
  await lab.clock.run(async () => {
    const Tags = [{ Key: "case", Value: "7" }];
    const create = new CreateImageCommand({
      InstanceId: lab.instance.id,
      Name: "evidence",
      NoReboot: true,
      TagSpecifications: [
        { ResourceType: "image", Tags },
        { ResourceType: "snapshot", Tags },
      ],
    });
    const { ImageId } = await lab.ec2.send(create);
    await expect(lab.ec2.send(create)).rejects.toMatchObject({ name: "InvalidAMIName.Duplicate" });
    const images = () => lab.ec2.send(new DescribeImagesCommand({ Owners: ["self"] }));
    expect((await images()).Images).toMatchObject([
      {
        ImageId,
        State: "pending",
        SourceInstanceId: lab.instance.id,
        BlockDeviceMappings: [
          { DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8, DeleteOnTermination: true } },
          { DeviceName: "/dev/sdf", Ebs: { VolumeSize: 20, DeleteOnTermination: false } },
        ],
        Tags,
      },
    ]);
    const tagged = await lab.ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: "tag:case", Values: ["7"] }] }));
    expect(tagged.Snapshots).toHaveLength(2);
    await lab.clock.sleep(180_000);
    expect((await images()).Images).toMatchObject([{ State: "available" }]);
  });
});

it("keeps the snapshots of an image until it is deregistered, and after that as well", async () => {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const { ImageId } = await lab.ec2.send(
      new CreateImageCommand({ InstanceId: lab.instance.id, Name: "evidence", NoReboot: true }),
    );
    const [SnapshotId] = [...lab.place.region.snapshots.keys()];
    const remove = () => lab.ec2.send(new DeleteSnapshotCommand({ SnapshotId }));
    await expect(remove()).rejects.toMatchObject({ name: "InvalidSnapshot.InUse" });
    await lab.ec2.send(new DeregisterImageCommand({ ImageId }));
    expect(lab.place.region.snapshots.size).toBe(1);
    await remove();
  });
});

it("registers an image from a completed snapshot, and shares it unless the AWS-managed key is in the way", async () => {
  const lab = new StorageLab({ rootVolume: { encrypted: true } });
  await lab.clock.run(async () => {
    await lab.ec2.send(new CreateImageCommand({ InstanceId: lab.instance.id, Name: "evidence", NoReboot: true }));
    const [SnapshotId] = [...lab.place.region.snapshots.keys()];
    const register = () =>
      lab.ec2.send(
        new RegisterImageCommand({
          Name: "rebuilt",
          RootDeviceName: "/dev/xvda",
          Architecture: "x86_64",
          BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { SnapshotId } }],
        }),
      );
    await expect(register()).rejects.toMatchObject({ name: "IncorrectState" });
    await lab.clock.sleep(120_000);
    const { ImageId } = await register();
    const { Images } = await lab.ec2.send(new DescribeImagesCommand({ ImageIds: [ImageId!] }));
    expect(Images).toMatchObject([{ State: "available", Architecture: "x86_64" }]);
    const share = new ModifyImageAttributeCommand({ ImageId, LaunchPermission: { Add: [{ UserId: "444455556666" }] } });
    await expect(lab.ec2.send(share)).rejects.toMatchObject({ name: "InvalidParameter" });
  });
});
