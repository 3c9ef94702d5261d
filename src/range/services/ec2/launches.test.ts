import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  ModifyInstanceAttributeCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
  type Instance,
  type RunInstancesCommandInput,
} from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { createInstanceProfile, createRole, createUser } from "../../world/build-identity.ts";
import { createImage } from "../../world/build-images.ts";
import { StorageLab } from "./storage-lab.ts";

/** What a launch of one instance in the lab's subnet says, and what is special about it. */
function launch(lab: StorageLab, more: Partial<RunInstancesCommandInput> = {}): RunInstancesCommand {
  const image = [...lab.place.region.images.values()][0] ?? createImage(lab.place, { name: "plain" });
  return new RunInstancesCommand({
    ImageId: image.id,
    InstanceType: "m6i.large",
    MinCount: 1,
    MaxCount: 1,
    SubnetId: lab.instance.subnetId,
    ...more,
  });
}

const described = async (lab: StorageLab, id: string | undefined) => {
  const { Reservations = [] } = await lab.ec2.send(new DescribeInstancesCommand({ InstanceIds: [id!] }));
  return Reservations[0]?.Instances?.[0];
};

describe("RunInstances", () => {
  it("makes what it is asked for, pending first and running later", async () => {
    const lab = new StorageLab();
    const role = createRole(lab.place, { name: "workstation" });
    createInstanceProfile(lab.place, { name: "workstation", roleName: role.name });
    await lab.clock.run(async () => {
      const [group] = lab.place.region.securityGroups.keys();
      const { Instances, OwnerId } = await lab.ec2.send(
        launch(lab, {
          SubnetId: undefined,
          NetworkInterfaces: [
            { DeviceIndex: 0, SubnetId: lab.instance.subnetId, Groups: [group!], AssociatePublicIpAddress: false },
          ],
          IamInstanceProfile: { Name: "workstation" },
          MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
          BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { Encrypted: true, VolumeType: "gp3" } }],
          DisableApiTermination: true,
          InstanceInitiatedShutdownBehavior: "stop",
          TagSpecifications: [
            { ResourceType: "instance", Tags: [{ Key: "Name", Value: "one" }] },
            { ResourceType: "volume", Tags: [{ Key: "Name", Value: "two" }] },
          ],
        }),
      );
      const [made] = Instances!;
      expect(OwnerId).toBe("111122223333");
      expect(made).toMatchObject({
        State: { Name: "pending" },
        InstanceType: "m6i.large",
        SubnetId: lab.instance.subnetId,
        SecurityGroups: [{ GroupId: group }],
        MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
        Tags: [{ Key: "Name", Value: "one" }],
      });
      expect(made?.PublicIpAddress).toBeUndefined();
      const [root] = (await lab.ec2.send(new DescribeVolumesCommand({ VolumeIds: [rootOf(made!)] }))).Volumes!;
      expect(root).toMatchObject({ Encrypted: true, Size: 8, Tags: [{ Key: "Name", Value: "two" }] });
      await lab.clock.sleep(20_000);
      expect((await described(lab, made?.InstanceId))?.State?.Name).toBe("running");
    });
  });

  it("makes one instance for one token, and refuses another request under it", async () => {
    const lab = new StorageLab();
    await lab.clock.run(async () => {
      const once = launch(lab, { ClientToken: "once" });
      const [first, second] = [await lab.ec2.send(once), await lab.ec2.send(once)];
      expect(second.Instances?.[0]?.InstanceId).toBe(first.Instances?.[0]?.InstanceId);
      expect(lab.place.region.instances.size).toBe(2);
      await expect(lab.ec2.send(launch(lab, { ClientToken: "once", InstanceType: "m5.large" }))).rejects.toMatchObject({
        name: "IdempotentParameterMismatch",
      });
      const { Reservations } = await lab.ec2.send(
        new DescribeInstancesCommand({ Filters: [{ Name: "client-token", Values: ["once"] }] }),
      );
      expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
        InstanceId: first.Instances?.[0]?.InstanceId,
        ClientToken: "once",
      });
    });
  });

  it.each<[string, string, Partial<RunInstancesCommandInput>]>([
    ["InvalidAMIID.NotFound", "an image that is not there", { ImageId: "ami-0123456789abcdef0" }],
    ["InvalidSubnetID.NotFound", "a subnet that is not there", { SubnetId: "subnet-0123456789abcdef0" }],
    ["InvalidGroup.NotFound", "a group that is not there", { SecurityGroupIds: ["sg-0123456789abcdef0"] }],
    ["InvalidKeyPair.NotFound", "a key pair that is not there", { KeyName: "nobody" }],
    ["InvalidParameterValue", "a profile that is not there", { IamInstanceProfile: { Name: "nobody" } }],
    ["InvalidParameterValue", "a type of another architecture", { InstanceType: "m7g.large" }],
    ["InvalidParameterValue", "more at least than at most", { MinCount: 2, MaxCount: 1 }],
    ["InvalidParameterCombination", "a subnet said twice", { NetworkInterfaces: [{ DeviceIndex: 0 }] }],
    ["InsufficientFreeAddressesInSubnet", "more than the subnet has addresses", { MinCount: 1, MaxCount: 260 }],
  ])("refuses with %s %s", async (name, _what, more) => {
    const lab = new StorageLab();
    await lab.clock.run(async () => {
      await expect(lab.ec2.send(launch(lab, more))).rejects.toMatchObject({ name });
    });
    expect(lab.place.region.instances.size).toBe(1);
  });

  it("needs leave to pass the role of the profile", async () => {
    const lab = new StorageLab();
    const role = createRole(lab.place, { name: "workstation" });
    createInstanceProfile(lab.place, { name: "workstation", roleName: role.name });
    const Statement = [{ Effect: "Allow", Action: "ec2:*", Resource: "*" }];
    const limited = createUser(lab.place, {
      name: "launcher",
      inlinePolicies: { all: { Version: "2012-10-17", Statement } },
    });
    const ec2 = lab.clientOf(limited.session, "eu-west-1");
    await lab.clock.run(async () => {
      await ec2.send(launch(lab));
      await expect(ec2.send(launch(lab, { IamInstanceProfile: { Name: "workstation" } }))).rejects.toMatchObject({
        name: "UnauthorizedOperation",
      });
    });
  });

  it("draws as many tokens as it asks for instances: a thousand at once, then two a second", async () => {
    const lab = new StorageLab();
    const ec2 = lab.throttledClient("111122223333", "eu-west-1");
    await lab.clock.run(async () => {
      const many = launch(lab, { MinCount: 1000, MaxCount: 1000 });
      await expect(ec2.send(many)).rejects.toMatchObject({ name: "InsufficientFreeAddressesInSubnet" });
      await expect(ec2.send(launch(lab))).rejects.toMatchObject({ name: "RequestLimitExceeded" });
      await lab.clock.sleep(500);
      await expect(ec2.send(launch(lab))).resolves.toMatchObject({ OwnerId: "111122223333" });
    });
  });
});

describe("the end of an instance", () => {
  it("is refused while it is protected, takes its root with it, and is forgotten an hour later", async () => {
    const lab = new StorageLab();
    await lab.clock.run(async () => {
      const { Instances } = await lab.ec2.send(launch(lab, { DisableApiTermination: true }));
      const InstanceId = Instances![0]!.InstanceId!;
      await lab.clock.sleep(20_000);
      const end = new TerminateInstancesCommand({ InstanceIds: [InstanceId] });
      await expect(lab.ec2.send(end)).rejects.toMatchObject({ name: "OperationNotPermitted" });
      await lab.ec2.send(new ModifyInstanceAttributeCommand({ InstanceId, DisableApiTermination: { Value: false } }));
      const { TerminatingInstances } = await lab.ec2.send(end);
      expect(TerminatingInstances?.[0]?.CurrentState?.Name).toBe("shutting-down");
      await lab.clock.sleep(30_000);
      expect((await described(lab, InstanceId))?.State?.Name).toBe("terminated");
      expect(lab.place.region.volumes.size).toBe(1); // The lab's own.
      await lab.clock.sleep(3_600_000);
      await expect(described(lab, InstanceId)).rejects.toMatchObject({ name: "InvalidInstanceID.NotFound" });
    });
  });
});

describe("volumes for an instance", () => {
  it("are made of completed snapshots only", async () => {
    const lab = new StorageLab();
    await lab.clock.run(async () => {
      const { SnapshotId } = await lab.ec2.send(new CreateSnapshotCommand({ VolumeId: lab.volumeAt("/dev/xvda") }));
      const make = () =>
        lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", SnapshotId, ClientToken: "x" }));
      await expect(make()).rejects.toMatchObject({ name: "IncorrectState" });
      await lab.clock.sleep(120_000);
      expect(await make()).toMatchObject({ State: "creating", SnapshotId });
    });
  });

  it("are as many as the type takes", async () => {
    const lab = new StorageLab();
    await lab.clock.run(async () => {
      const attach = async (index: number): Promise<unknown> => {
        const { VolumeId } = await lab.ec2.send(new CreateVolumeCommand({ AvailabilityZone: "eu-west-1a", Size: 1 }));
        await lab.clock.sleep(2_000);
        const Device = `/dev/xvdb${"abcdefghijklmnopqrstuvwxyz".charAt(index)}`;
        return lab.ec2.send(new AttachVolumeCommand({ VolumeId, InstanceId: lab.instance.id, Device }));
      };
      for (let index = 0; index < 26; index++) await attach(index); // With its root and its interface, 28.
      await expect(attach(26)).rejects.toMatchObject({ name: "AttachmentLimitExceeded" });
    });
  });
});

function rootOf({ BlockDeviceMappings = [] }: Instance): string {
  return BlockDeviceMappings[0]?.Ebs?.VolumeId ?? "none";
}
