import type { Clock } from "../../core/clock.ts";
import { createInterface } from "./build-interfaces.ts";
import { launchInstance, type LaunchOptions } from "./build-instances.ts";
import {
  createInternetGateway,
  createNatGateway,
  createRouteTable,
  createSecurityGroup,
  createSubnet,
  createVpc,
  newRule,
  putRoute,
  type RuleOptions,
} from "./build-network.ts";
import type { Instance, NetworkInterface, SecurityGroup } from "./model.ts";
import { Network } from "./network/network.ts";
import type { NetworkOptions } from "./network/options.ts";
import type { Delivery, Packet } from "./network/packet.ts";
import { seededRandom } from "./random.ts";
import { World, type Place, type WorldOptions } from "./world.ts";

/** An address on the internet, outside every VPC of the lab. */
export const OUTSIDE = "198.51.100.7";
export const OUTSIDE_V6 = "2001:db8:ffff::7";

/** A clock that a test moves by hand. */
export class ManualClock implements Clock {
  time = Date.UTC(2026, 0, 1);
  now(): number {
    return this.time;
  }
  monotonic(): number {
    return this.time;
  }
  sleep(): Promise<void> {
    return Promise.resolve();
  }
  hold(): () => void {
    return () => {};
  }
  pass(seconds: number): void {
    this.time += seconds * 1000;
  }
}

export function newWorld(options: Partial<WorldOptions> = {}): {
  readonly world: World;
  readonly clock: ManualClock;
  readonly place: Place;
} {
  const clock = new ManualClock();
  const world = new World({ clock, random: seededRandom(1), ...options });
  return { world, clock, place: world.place("111111111111", "eu-central-1") };
}

/** A rule: which way, protocol, who, ports. */
export type Rule = readonly [
  direction: "in" | "out",
  protocol: string,
  cidr: string,
  fromPort?: number,
  toPort?: number,
];

/** The two families, both ways: what the open group of the convert technique has. */
export const OPEN: readonly Rule[] = [
  ["in", "-1", "0.0.0.0/0"],
  ["in", "-1", "::/0"],
  ["out", "-1", "0.0.0.0/0"],
  ["out", "-1", "::/0"],
];

/** A VPC with two public subnets and a private one behind a NAT gateway in the first, and one instance to watch. */
export class Lab {
  readonly clock: ManualClock;
  readonly world: World;
  readonly place: Place;
  readonly network: Network;
  readonly vpcId: string;
  readonly publicSubnet: string;
  readonly otherSubnet: string;
  readonly privateSubnet: string;
  readonly internetGateway: string;
  readonly natGateway: string;
  readonly publicTable: ReturnType<typeof createRouteTable>;

  constructor(options: Partial<NetworkOptions> = {}) {
    const { world, clock, place } = newWorld();
    this.world = world;
    this.clock = clock;
    this.place = place;
    this.network = new Network(world, options);
    this.vpcId = createVpc(place, { cidr: "10.0.0.0/16", ipv6Cidr: "2001:db8:1::/56" }).id;
    const subnet = (number: number): string =>
      createSubnet(place, { vpcId: this.vpcId, cidr: `10.0.${number}.0/24`, ipv6Cidr: `2001:db8:1:${number}::/64` }).id;
    this.publicSubnet = subnet(1);
    this.otherSubnet = subnet(2);
    this.privateSubnet = subnet(3);
    this.internetGateway = createInternetGateway(place, { vpcId: this.vpcId }).id;
    this.publicTable = createRouteTable(place, { vpcId: this.vpcId, subnetIds: [this.publicSubnet, this.otherSubnet] });
    putRoute(place, this.publicTable, "0.0.0.0/0", { kind: "internet-gateway", id: this.internetGateway });
    putRoute(place, this.publicTable, "::/0", { kind: "internet-gateway", id: this.internetGateway });
    this.natGateway = createNatGateway(place, { subnetId: this.publicSubnet, publicIp: "203.0.113.200" }).id;
    const privateTable = createRouteTable(place, { vpcId: this.vpcId, subnetIds: [this.privateSubnet] });
    putRoute(place, privateTable, "0.0.0.0/0", { kind: "nat-gateway", id: this.natGateway });
  }

  group(...rules: readonly Rule[]): SecurityGroup {
    const group = createSecurityGroup(this.place, {
      vpcId: this.vpcId,
      name: this.world.newId("name"),
      description: "lab",
    });
    this.setRules(group, ...rules);
    return group;
  }

  setRules(group: SecurityGroup, ...rules: readonly Rule[]): void {
    group.rules = rules.map(([direction, protocol, cidr, fromPort, toPort]) =>
      newRule(this.place, {
        egress: direction === "out",
        protocol,
        peer: cidr.includes(":") ? { kind: "ipv6", cidr } : { kind: "ipv4", cidr },
        ...(fromPort === undefined ? {} : { fromPort, toPort: toPort ?? fromPort }),
      } satisfies RuleOptions),
    );
  }

  /** An instance in the first public subnet with a public address, unless told otherwise. */
  instance(groups: readonly SecurityGroup[], options: Partial<LaunchOptions> = {}): Machine {
    const subnetId = options.subnetId ?? this.publicSubnet;
    const isPublic = subnetId !== this.privateSubnet;
    const number = this.place.region.instances.size + 10;
    const launched = launchInstance(this.place, {
      ...(isPublic ? { publicIp: `203.0.113.${number}` } : {}),
      ipv6Addresses: [`2001:db8:1:${isPublic ? 1 : 3}::${number}`],
      ...options,
      subnetId,
      groupIds: groups.map(({ id }) => id),
    });
    return new Machine(this, launched.instance, launched.primary);
  }

  /** A bare interface of a service, such as an endpoint. */
  serviceInterface(interfaceType: string, groups: readonly SecurityGroup[]): NetworkInterface {
    return createInterface(this.place, {
      subnetId: this.otherSubnet,
      groupIds: groups.map(({ id }) => id),
      interfaceType,
      requesterId: "amazon-aws",
    });
  }
}

type Shape = Partial<Pick<Packet, "protocol" | "tcp" | "via" | "icmp">> & {
  readonly near?: number;
  readonly far?: number;
};

/** One instance of the lab that talks with addresses. */
export class Machine {
  readonly lab: Lab;
  readonly instance: Instance;
  readonly network: NetworkInterface;

  constructor(lab: Lab, instance: Instance, network: NetworkInterface) {
    this.lab = lab;
    this.instance = instance;
    this.network = network;
  }

  /** A packet from the instance; TCP from port 40000 to 443 unless told otherwise. */
  send(to: string, { near = 40_000, far = 443, ...shape }: Shape = {}): Delivery {
    return this.lab.network.send({
      protocol: "tcp",
      ...shape,
      from: this.#end(to),
      to: { kind: "external", ip: to },
      fromPort: near,
      toPort: far,
    });
  }

  /** A packet to the instance, of the same flow as `send` with the same ports. */
  receive(from: string, { near = 40_000, far = 443, ...shape }: Shape = {}): Delivery {
    return this.lab.network.send({
      protocol: "tcp",
      ...shape,
      from: { kind: "external", ip: from },
      to: this.#end(from),
      fromPort: far,
      toPort: near,
    });
  }

  /** Opens a TCP connection: request and answer. */
  connect(to: string, shape: Shape = {}): Delivery {
    this.send(to, { tcp: "syn", ...shape });
    return this.receive(to, shape);
  }

  moveTo(...groups: readonly SecurityGroup[]): void {
    this.network.groupIds = groups.map(({ id }) => id);
  }

  #end(peer: string): { kind: "interface"; interfaceId: string; ip: string } {
    const addresses = peer.includes(":") ? this.network.ipv6Addresses : this.network.privateIps;
    return { kind: "interface", interfaceId: this.network.id, ip: addresses[0] ?? "" };
  }
}
