import {
  DeleteKeyPairCommand,
  DescribeInstancesCommand,
  DescribeKeyPairsCommand,
  DescribeSpotInstanceRequestsCommand,
  ModifyInstanceMetadataOptionsCommand,
} from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { StorageLab } from "./storage-lab.ts";

it("deletes a key pair as often as it is asked to, and leaves the instance's name of it", async () => {
  const { clock, ec2, place, world, instance } = new StorageLab({ keyName: "ops" });
  const id = world.newId("key");
  world.add(place.region.keyPairs, { id, tags: [], name: "ops", fingerprint: "ab:cd", createdAt: world.now() });
  await clock.run(async () => {
    expect((await ec2.send(new DescribeKeyPairsCommand({ KeyNames: ["ops"] }))).KeyPairs).toMatchObject([
      { KeyPairId: id, KeyName: "ops", KeyFingerprint: "ab:cd" },
    ]);
    await ec2.send(new DeleteKeyPairCommand({ KeyPairId: id }));
    await ec2.send(new DeleteKeyPairCommand({ KeyName: "ops" }));
    const missing = new DescribeKeyPairsCommand({ KeyNames: ["ops"] });
    await expect(ec2.send(missing)).rejects.toMatchObject({ name: "InvalidKeyPair.NotFound" });
    expect(instance.keyName).toBe("ops");
  });
});

it("applies new metadata options after a while", async () => {
  const { clock, ec2, instance } = new StorageLab();
  const shown = async () => {
    const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance.id] }));
    const { State, HttpEndpoint, HttpTokens } = Reservations![0]!.Instances![0]!.MetadataOptions!;
    return [State, HttpEndpoint, HttpTokens];
  };
  await clock.run(async () => {
    await ec2.send(new ModifyInstanceMetadataOptionsCommand({ InstanceId: instance.id, HttpEndpoint: "disabled" }));
    expect(await shown()).toEqual(["pending", "disabled", "required"]);
    await clock.sleep(3_000);
    expect(await shown()).toEqual(["applied", "disabled", "required"]);
  });
});

it("shows the request behind a Spot instance", async () => {
  const { clock, ec2, instance } = new StorageLab({ spot: "persistent" });
  await clock.run(async () => {
    const { SpotInstanceRequests } = await ec2.send(new DescribeSpotInstanceRequestsCommand({}));
    expect(SpotInstanceRequests).toEqual([
      {
        SpotInstanceRequestId: instance.spotRequest!.id,
        Type: "persistent",
        State: "active",
        InstanceId: instance.id,
      },
    ]);
  });
});
