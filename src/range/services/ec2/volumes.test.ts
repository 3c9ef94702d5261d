import {
  AttachVolumeCommand,
  CreateVolumeCommand,
  DeleteVolumeCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeVolumesCommand,
  DetachVolumeCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

it("shows the root volume and data volumes of an instance, from both sides", async () => {
  const lab = new StorageLab({ dataVolumes: [{ sizeGiB: 100, volumeType: "st1", encrypted: true }] });
  await lab.clock.run(async () => {
    const { Reservations } = await lab.ec2.send(new DescribeInstancesCommand({}));
    expect(Reservations?.[0]?.Instances?.[0]?.BlockDeviceMappings).toMatchObject([
      { DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: true, Status: "attached" } },
      { DeviceName: "/dev/sdf", Ebs: { DeleteOnTermination: false, Status: "attached" } },
    ]);
    const { Volumes } = await lab.ec2.send(
      new DescribeVolumesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [lab.instance.id] }] }),
    );
    expect(Volumes).toMatchObject([
      { Size: 8, VolumeType: "gp3", Encrypted: false, State: "in-use", Attachments: [{ DeleteOnTermination: true }] },
      { Size: 100, VolumeType: "st1", Encrypted: true, Attachments: [{ Device: "/dev/sdf", State: "attached" }] },
    ]);
    expect(Volumes?.[1]?.KmsKeyId).toMatch(/^arn:aws:kms:eu-west-1:111122223333:key\/[0-9a-f-]{36}$/);
  });
});

it("creates, attaches, detaches and deletes a volume, each in its own time", async () => {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const made = await lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 20 }));
    const VolumeId = made.VolumeId!;
    expect(made).toMatchObject({ State: "creating", VolumeType: "gp2" });
    const attach = new AttachVolumeCommand({ VolumeId, InstanceId: lab.instance.id, Device: "/dev/sdg" });
    await expect(lab.ec2.send(attach)).rejects.toMatchObject({ name: "IncorrectState" });
    await lab.clock.sleep(2_000);
    expect(await lab.ec2.send(attach)).toMatchObject({ State: "attaching", DeleteOnTermination: false });
    await expect(lab.ec2.send(attach)).rejects.toMatchObject({ name: "VolumeInUse" });
    await lab.clock.sleep(3_000);
    expect(await lab.ec2.send(new DetachVolumeCommand({ VolumeId }))).toMatchObject({ State: "detaching" });
    await expect(lab.ec2.send(new DeleteVolumeCommand({ VolumeId }))).rejects.toMatchObject({ name: "VolumeInUse" });
    await lab.clock.sleep(5_000);
    await lab.ec2.send(new DeleteVolumeCommand({ VolumeId }));
    await expect(lab.ec2.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).rejects.toMatchObject({
      name: "InvalidVolume.NotFound",
    });
  });
  expect(lab.instance.blockDevices.map(({ deviceName }) => deviceName)).toEqual(["/dev/xvda"]);
});

it("makes one volume for one client token", async () => {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const create = () =>
      lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 20, ClientToken: "once" }));
    const [first, second] = [await create(), await create()];
    expect(second.VolumeId).toBe(first.VolumeId);
  });
  expect(lab.place.region.volumes.size).toBe(2);
});

it("refuses another zone, a device in use, and the root of a running instance", async () => {
  const lab = new StorageLab();
  const root = lab.volumeAt("/dev/xvda");
  await lab.clock.run(async () => {
    const elsewhere = await lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1b", Size: 20 }));
    const here = await lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 20 }));
    await lab.clock.sleep(2_000);
    const attach = (VolumeId: string | undefined, Device: string) =>
      lab.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: lab.instance.id, Device }));
    await expect(attach(elsewhere.VolumeId, "/dev/sdg")).rejects.toMatchObject({ name: "InvalidVolume.ZoneMismatch" });
    await expect(attach(here.VolumeId, "/dev/xvda")).rejects.toMatchObject({ name: "InvalidParameterValue" });
    await expect(lab.ec2.send(new DetachVolumeCommand({ VolumeId: root }))).rejects.toMatchObject({
      name: "OperationNotPermitted",
    });
  });
});

it("deletes with a terminated instance the volumes that say so, and frees the others", async () => {
  const lab = new StorageLab({ dataVolumes: [{}] });
  const data = lab.volumeAt("/dev/sdf");
  await lab.clock.run(async () => {
    await lab.ec2.send(new TerminateInstancesCommand({ InstanceIds: [lab.instance.id] }));
    await lab.clock.sleep(60_000);
    const { Volumes } = await lab.ec2.send(new DescribeVolumesCommand({ MaxResults: 10 }));
    expect(Volumes).toMatchObject([{ VolumeId: data, State: "available", Attachments: [] }]);
  });
});

it("names the disks of the host by the instance's type, and in no list of volumes", async () => {
  const lab = new StorageLab({ instanceType: "m5d.large" });
  await lab.clock.run(async () => {
    const { InstanceTypes } = await lab.ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: ["m5d.large", "m5.large"] }),
    );
    expect(InstanceTypes).toMatchObject([
      { InstanceType: "m5.large", InstanceStorageSupported: false },
      { InstanceType: "m5d.large", InstanceStorageInfo: { TotalSizeInGB: 75, Disks: [{ Count: 1, SizeInGB: 75 }] } },
    ]);
    const { Volumes } = await lab.ec2.send(new DescribeVolumesCommand({ MaxResults: 10 }));
    expect(Volumes).toHaveLength(1);
  });
});
