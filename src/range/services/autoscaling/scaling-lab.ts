import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeAutoScalingInstancesCommand,
} from "@aws-sdk/client-auto-scaling";
import type { AutoScalingGroup } from "@aws-sdk/client-auto-scaling";
import { EC2Client } from "@aws-sdk/client-ec2";
import { DescribeTargetHealthCommand, ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { SimulatedClock } from "../../../core/clock.ts";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import { launchInstance } from "../../world/build-instances.ts";
import { addRule, createSecurityGroup, createSubnet, createVpc } from "../../world/build-network.ts";
import { createAutoScalingGroup, createLoadBalancer, createTargetGroup } from "../../world/build-scaling.ts";
import type { Instance } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { seededRandom } from "../../world/random.ts";
import { World, type Place } from "../../world/world.ts";

export interface ScalingLabOptions {
  readonly healthCheckType?: "EC2" | "ELB";
  readonly healthCheckGracePeriodSeconds?: number;
  readonly minSize?: number;
  /** All members in the first zone, this many; otherwise one in each. */
  readonly membersInFirstZone?: number;
}

/** For tests: a group behind a load balancer in two zones, and clients of the account's administrator. */
export function createScalingLab(options: ScalingLabOptions) {
  const clock = new SimulatedClock(Date.parse("2026-03-01T12:00:00Z"));
  const world = new World({ clock, random: seededRandom(7) });
  const place = world.place("111122223333", "eu-west-1");
  const network = buildNetwork(place);
  const { targetGroup, sealed, webGroup } = network;
  const members = buildGroup(place, network, options);
  const setGroups = (instance: Instance, id: string): void => {
    world.places(); // What was due before is judged by the groups before.
    for (const each of interfacesOf(place, instance)) world.change(each, () => (each.groupIds = [id]));
  };
  return {
    clock,
    world,
    place,
    targetGroup,
    members: members as [Instance, Instance, ...Instance[]],
    /** The state of an instance now. */
    now(instance: Instance): string {
      world.places();
      return instance.state;
    },
    seal: (instance: Instance) => setGroups(instance, sealed.id),
    unseal: (instance: Instance) => setGroups(instance, webGroup.id),
    ...clientsOf(world, targetGroup.id),
  };
}

function buildNetwork(place: Place) {
  const vpc = createVpc(place, { cidr: "10.0.0.0/16" });
  const subnets = ["a", "b"].map((zone, index) =>
    createSubnet(place, { vpcId: vpc.id, cidr: `10.0.${index}.0/24`, availabilityZone: `eu-west-1${zone}` }),
  );
  const subnetIds = subnets.map(({ id }) => id);
  const balancerGroup = createSecurityGroup(place, { vpcId: vpc.id, name: "balancer", description: "balancer" });
  const webGroup = createSecurityGroup(place, { vpcId: vpc.id, name: "web", description: "web" });
  addRule(place, webGroup, {
    egress: false,
    protocol: "tcp",
    fromPort: 8080,
    peer: { kind: "group", id: balancerGroup.id, ownerId: place.account.id },
  });
  const sealed = createSecurityGroup(place, { vpcId: vpc.id, name: "sealed", description: "sealed" });
  sealed.rules = [];
  const targetGroup = createTargetGroup(place, {
    name: "web",
    vpcId: vpc.id,
    port: 8080,
    healthCheck: { intervalSeconds: 10 },
    deregistrationDelaySeconds: 30,
  });
  createLoadBalancer(place, {
    name: "web",
    vpcId: vpc.id,
    subnetIds,
    securityGroupIds: [balancerGroup.id],
    listeners: [{ port: 80, targetGroup }],
  });
  return { subnetIds, webGroup, sealed, targetGroup };
}

function buildGroup(place: Place, network: ReturnType<typeof buildNetwork>, options: ScalingLabOptions): Instance[] {
  const { subnetIds, webGroup, targetGroup } = network;
  const zones =
    options.membersInFirstZone === undefined
      ? subnetIds
      : Array<string>(options.membersInFirstZone).fill(subnetIds[0] ?? "");
  const members = zones.map((subnetId) => launchInstance(place, { subnetId, groupIds: [webGroup.id] }).instance);
  createAutoScalingGroup(place, {
    name: "web",
    subnetIds,
    minSize: options.minSize ?? 2,
    maxSize: 3,
    instances: members,
    targetGroups: [targetGroup],
    healthCheckType: options.healthCheckType ?? "ELB",
    healthCheckGracePeriodSeconds: options.healthCheckGracePeriodSeconds ?? 60,
    launch: {
      imageId: "ami-0c0ffee0000000001",
      instanceType: "m5.large",
      securityGroupIds: [webGroup.id],
      instanceProfileName: null,
      publicIp: false,
      tags: [],
    },
  });
  return members;
}

function clientsOf(world: World, targetGroupArn: string) {
  const place = world.place("111122223333", "eu-west-1");
  const { session } = createUser(place, {
    name: "admin",
    inlinePolicies: { all: { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] } },
  });
  let requests = 0;
  const { handle } = createWire({ requestId: () => `request-${++requests}`, perform: createFront({ world }) });
  const settings = {
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  } as object;
  const scaling = new AutoScalingClient(settings);
  const balancing = new ElasticLoadBalancingV2Client(settings);
  return {
    scaling,
    balancing,
    ec2: new EC2Client(settings),
    /** The state of a member; null for an instance that is none. */
    async stateOf(id: string): Promise<string | null> {
      const { AutoScalingInstances } = await scaling.send(
        new DescribeAutoScalingInstancesCommand({ InstanceIds: [id] }),
      );
      return AutoScalingInstances?.[0]?.LifecycleState ?? null;
    },
    async healthOf(id: string): Promise<string | undefined> {
      const { TargetHealthDescriptions } = await balancing.send(
        new DescribeTargetHealthCommand({ TargetGroupArn: targetGroupArn, Targets: [{ Id: id, Port: 8080 }] }),
      );
      return TargetHealthDescriptions?.[0]?.TargetHealth?.State;
    },
    async group(): Promise<AutoScalingGroup> {
      const { AutoScalingGroups } = await scaling.send(
        new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: ["web"] }),
      );
      const [group] = AutoScalingGroups ?? [];
      if (!group) throw new TypeError("the lab has lost its group");
      return group;
    },
  };
}
