import * as ec2 from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../../core/clock.ts";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import { launchInstance, type LaunchOptions } from "../../world/build-instances.ts";
import { createSubnet, createVpc } from "../../world/build-network.ts";
import { shutDownFromInside } from "../../world/instance-states.ts";
import { seededRandom } from "../../world/random.ts";
import { World } from "../../world/world.ts";

/** One instance, and a client of its account's administrator. */
function lab(options: Partial<LaunchOptions> = {}) {
  const clock = new SimulatedClock(Date.parse("2026-03-01T12:00:00Z"));
  const world = new World({ clock, random: seededRandom(7) });
  const place = world.place("111122223333", "eu-west-1");
  const vpc = createVpc(place, { cidr: "10.0.0.0/16" });
  const subnet = createSubnet(place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
  const groupIds = [...place.region.securityGroups.keys()];
  const { instance } = launchInstance(place, { subnetId: subnet.id, groupIds, ...options });
  const { session } = createUser(place, {
    name: "admin",
    inlinePolicies: { all: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } },
  });
  const { handle } = createWire({ requestId: () => "request", perform: createFront({ world }) });
  const client = new ec2.EC2Client({
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  } as object);
  const modify = (input: Omit<ec2.ModifyInstanceAttributeRequest, "InstanceId">) =>
    client.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId: instance.id, ...input }));
  const look = (Attribute: ec2.InstanceAttributeName) =>
    client.send(new ec2.DescribeInstanceAttributeCommand({ InstanceId: instance.id, Attribute }));
  const stateAfter = async (ms: number) => {
    await clock.sleep(ms);
    world.places();
    return instance.state;
  };
  const ids = { InstanceIds: [instance.id] };
  return {
    run: (work: () => Promise<void>) => clock.run(work),
    place,
    instance,
    client,
    ids,
    modify,
    look,
    stateAfter,
  };
}

describe("attributes of an instance", () => {
  it("are changed one at a time, by either form of the call", async () => {
    const { run, modify, look } = lab();
    await run(async () => {
      await expect(
        modify({ DisableApiTermination: { Value: true }, DisableApiStop: { Value: true } }),
      ).rejects.toMatchObject({ name: "InvalidParameterCombination" });
      await expect(modify({})).rejects.toMatchObject({ name: "InvalidParameterCombination" });
      await modify({ Attribute: "disableApiTermination", Value: "true" });
      await modify({ DisableApiStop: { Value: true } });
      await modify({ InstanceInitiatedShutdownBehavior: { Value: "terminate" } });
      expect((await look("disableApiTermination")).DisableApiTermination?.Value).toBe(true);
      expect((await look("disableApiStop")).DisableApiStop?.Value).toBe(true);
      expect((await look("instanceInitiatedShutdownBehavior")).InstanceInitiatedShutdownBehavior?.Value).toBe(
        "terminate",
      );
      await expect(modify({ InstanceInitiatedShutdownBehavior: { Value: "hibernate" } })).rejects.toMatchObject({
        name: "InvalidParameterValue",
      });
    });
  });

  it("keep a volume that is told to survive", async () => {
    const { run, modify, look, instance, client, ids, place, stateAfter } = lab();
    const [root] = instance.blockDevices;
    await run(async () => {
      await modify({ BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { DeleteOnTermination: false } }] });
      expect((await look("blockDeviceMapping")).BlockDeviceMappings?.[0]?.Ebs?.DeleteOnTermination).toBe(false);
      await expect(
        modify({ BlockDeviceMappings: [{ DeviceName: "/dev/sdz", Ebs: { DeleteOnTermination: false } }] }),
      ).rejects.toMatchObject({ name: "InvalidInstanceAttributeValue" });
      await client.send(new ec2.TerminateInstancesCommand(ids));
      expect(await stateAfter(60_000)).toBe("terminated");
      expect(place.region.volumes.has(root!.volumeId)).toBe(true);
    });
  });

  it("protect neither Spot instances, nor from stopping what has its root on an instance store", async () => {
    const spot = lab({ spot: "one-time" });
    await spot.run(async () => {
      await expect(spot.modify({ DisableApiTermination: { Value: true } })).rejects.toMatchObject({
        name: "UnsupportedOperation",
      });
      await expect(spot.modify({ DisableApiStop: { Value: true } })).rejects.toMatchObject({
        name: "UnsupportedOperation",
      });
    });
    const onStore = lab({ rootDeviceType: "instance-store", shutdownBehavior: "terminate" });
    await onStore.run(async () => {
      await expect(onStore.modify({ DisableApiStop: { Value: true } })).rejects.toMatchObject({
        name: "UnsupportedOperation",
      });
      await expect(onStore.modify({ InstanceInitiatedShutdownBehavior: { Value: "stop" } })).rejects.toMatchObject({
        name: "UnsupportedOperation",
      });
      await onStore.modify({ DisableApiTermination: { Value: true } });
    });
  });
});

describe("protections", () => {
  it("hold the API back: stop protection from terminating as well", async () => {
    const { run, modify, client, ids, stateAfter } = lab({ disableApiStop: true });
    await run(async () => {
      const refused = { name: "OperationNotPermitted" };
      await expect(client.send(new ec2.StopInstancesCommand(ids))).rejects.toMatchObject(refused);
      await expect(client.send(new ec2.TerminateInstancesCommand(ids))).rejects.toMatchObject(refused);
      await modify({ DisableApiStop: { Value: false } });
      await client.send(new ec2.StopInstancesCommand({ ...ids, SkipOsShutdown: true }));
      expect(await stateAfter(3_000)).toBe("stopped");
    });
  });

  it("do not hold the instance's own shutdown back: its behaviour decides", async () => {
    const ends = lab({ disableApiTermination: true, disableApiStop: true, shutdownBehavior: "terminate" });
    await ends.run(async () => {
      shutDownFromInside(ends.place, ends.instance);
      expect(await ends.stateAfter(60_000)).toBe("terminated");
    });
    const stops = lab({ shutdownBehavior: "stop" });
    await stops.run(async () => {
      shutDownFromInside(stops.place, stops.instance);
      expect(await stops.stateAfter(60_000)).toBe("stopped");
    });
  });

  it("let an instance be rebooted, while it runs", async () => {
    const { run, client, ids, instance } = lab({ disableApiStop: true });
    await run(async () => {
      await client.send(new ec2.RebootInstancesCommand(ids));
      expect([instance.reboots, instance.state]).toEqual([1, "running"]);
    });
  });
});
