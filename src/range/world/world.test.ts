import { describe, expect, test } from "vitest";
import { createInstanceProfile, createRole, instanceCredentials } from "./build-identity.ts";
import { createSecurityGroup, createSubnet, createVpc } from "./build-network.ts";
import { launchInstance } from "./build-instances.ts";
import { startInstance, stopInstance, terminateInstance } from "./instance-states.ts";
import { seededRandom } from "./random.ts";
import { differences, snapshot } from "./snapshot.ts";
import { newWorld } from "./test-lab.ts";

function worldWithInstance(options: Parameters<typeof newWorld>[0] = {}) {
  const made = newWorld(options);
  const vpc = createVpc(made.place, { cidr: "10.0.0.0/16" });
  const subnet = createSubnet(made.place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
  const group = createSecurityGroup(made.place, { vpcId: vpc.id, name: "web", description: "web" });
  return {
    ...made,
    vpc,
    group,
    ...launchInstance(made.place, { subnetId: subnet.id, groupIds: [group.id], publicIp: "203.0.113.10" }),
  };
}

describe("the world", () => {
  test("ids have AWS's shape and follow from the seed", () => {
    const ids = [newWorld(), newWorld()].map(({ world }) => world.newId("i"));
    expect(ids[0]).toMatch(/^i-0[0-9a-f]{16}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(newWorld({ random: seededRandom(2) }).world.newId("i")).not.toBe(ids[0]);
  });

  test("a new security group allows everything out and nothing in", () => {
    const { group } = worldWithInstance();
    expect(group.rules.map(({ egress, protocol, peer }) => ({ egress, protocol, peer }))).toEqual([
      { egress: true, protocol: "-1", peer: { kind: "ipv4", cidr: "0.0.0.0/0" } },
    ]);
  });

  test("stopping takes its time, gives the automatic public address back, and can be undone by starting", () => {
    const { place, world, clock, instance, primary } = worldWithInstance();
    stopInstance(place, instance);
    expect(instance.state).toBe("stopping");
    expect(startInstance(place, instance)).toBe(false);
    clock.pass(20);
    world.places();
    expect([instance.state, primary.publicAddress]).toEqual(["stopped", null]);
    expect(startInstance(place, instance)).toBe(true);
    clock.pass(15);
    world.places();
    expect(instance.state).toBe("running");
  });

  test("terminating deletes the interface and volume that say so", () => {
    const { place, world, clock, instance } = worldWithInstance();
    terminateInstance(place, instance);
    clock.pass(20);
    world.places();
    expect([instance.state, place.region.interfaces.size, place.region.volumes.size]).toEqual(["terminated", 0, 0]);
  });

  test("credentials of an instance carry its ARN and end with its metadata service", () => {
    const { place, group, instance } = worldWithInstance();
    createRole(place, { name: "web" });
    const profile = createInstanceProfile(place, { name: "web", roleName: "web" });
    const launched = launchInstance(place, { subnetId: instance.subnetId, groupIds: [group.id], profile });
    expect(instanceCredentials(place, launched.instance.id)).toMatchObject({
      kind: "instance",
      sourceInstanceArn: `arn:aws:ec2:eu-central-1:111111111111:instance/${launched.instance.id}`,
      principalArn: `arn:aws:sts::111111111111:assumed-role/web/${launched.instance.id}`,
    });
    launched.instance.metadataOptions.httpEndpoint = "disabled";
    expect(instanceCredentials(place, launched.instance.id)).toBe(null);
  });
});

describe("stale reads", () => {
  test("by default every write is visible at once", () => {
    const { world, place, primary } = worldWithInstance();
    world.change(primary, () => (primary.groupIds = ["sg-new"]));
    expect(world.see(place.region.interfaces, primary.id)?.groupIds).toEqual(["sg-new"]);
  });

  test("a new resource may not be found, a changed one shows its past, a deleted one lingers, all within the bound", () => {
    const { world, place, clock, vpc } = worldWithInstance({ consistency: { maximumLagMs: 5000 } });
    const group = createSecurityGroup(place, { vpcId: vpc.id, name: "sealed", description: "sealed" });
    const table = place.region.securityGroups;
    expect(world.see(table, group.id)).toBe(undefined);
    clock.pass(6);
    expect(world.see(table, group.id)?.rules.length).toBe(1);
    world.change(group, () => (group.rules = []));
    expect([group.rules.length, world.see(table, group.id)?.rules.length]).toEqual([0, 1]);
    clock.pass(6);
    expect(world.see(table, group.id)?.rules.length).toBe(0);
    world.remove(table, group.id);
    expect(world.list(table).map(({ id }) => id)).toContain(group.id);
    clock.pass(6);
    expect(world.list(table).map(({ id }) => id)).not.toContain(group.id);
  });

  test("reads never go back to an older version than one already shown", () => {
    const { world, place, clock, primary } = worldWithInstance({ consistency: { maximumLagMs: 5000 } });
    clock.pass(6);
    const seen: number[] = [];
    for (let version = 1; version <= 50; version++) {
      world.change(primary, () => (primary.description = String(version)));
      clock.pass(0.3);
      seen.push(Number(world.see(place.region.interfaces, primary.id)?.description));
    }
    expect(seen).toEqual([...seen].sort((left, right) => left - right));
    clock.pass(6);
    expect(world.see(place.region.interfaces, primary.id)?.description).toBe("50");
  });
});

describe("the snapshot of an account", () => {
  test("it does not depend on time or on the order of tags and groups", () => {
    const { world, clock, instance } = worldWithInstance();
    world.change(
      instance,
      () =>
        (instance.tags = [
          { key: "a", value: "1" },
          { key: "b", value: "2" },
        ]),
    );
    const before = snapshot(world, "111111111111");
    clock.pass(3600);
    world.change(instance, () => instance.tags.reverse());
    expect(differences(before, snapshot(world, "111111111111"))).toEqual([]);
  });

  test("a difference is named by the path of ids to it", () => {
    const { world, primary, group } = worldWithInstance();
    const before = snapshot(world, "111111111111");
    world.change(primary, () => (primary.groupIds = ["sg-sealed"]));
    expect(differences(before, snapshot(world, "111111111111"))).toEqual([
      { path: `regions.eu-central-1.interfaces.${primary.id}.groupIds`, before: [group.id], after: ["sg-sealed"] },
    ]);
  });
});
