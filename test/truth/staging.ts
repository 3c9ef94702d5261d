/** Builds a drawn account on the range: rules, interfaces, network ACL, and the flows that began before anybody looked. */
import type { Range } from "../../src/range/range.ts";
import { createResponder } from "../../src/range/responder.ts";
import { callerOf } from "../../src/range/attackers/aws-caller.ts";
import { serveNow } from "../../src/range/front.ts";
import { foundPast } from "../../src/range/past/founding.ts";
import { foundRuleChange } from "../../src/range/past/founding-groups.ts";
import { addInterface } from "../../src/range/scenarios/surroundings.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import { addRule, createSecurityGroup } from "../../src/range/world/build-network.ts";
import type { NetworkInterface, SecurityGroup } from "../../src/range/world/model.ts";
import type { Flow } from "../../src/range/world/network/flow.ts";
import type { Place } from "../../src/range/world/world.ts";
import { type DrawnFlow, type DrawnRule, type HostileAccount, NEIGHBOURS } from "./hostile-account.ts";

const HOUR_MS = 3_600_000;

/** A call of somebody else in the account, with every permission. */
export type Colleague = (operation: string, input: Record<string, unknown>) => Record<string, unknown>;

/** A flow of the account and the interface that it is on. */
export interface PlantedFlow {
  readonly drawn: DrawnFlow;
  readonly flow: Flow;
}

export interface StagedAccount {
  readonly place: Place;
  readonly instanceId: string;
  readonly interfaces: readonly NetworkInterface[];
  readonly group: SecurityGroup;
  readonly planted: PlantedFlow[];
  readonly colleague: Colleague;
}

export function stageAccount(range: Range, account: HostileAccount): StagedAccount {
  const [target] = range.scenario.targets;
  if (target === undefined) throw new TypeError("the scenario has no target");
  const place = range.world.place(target.account, target.region);
  const { world, region } = place;
  const primary = [...region.interfaces.values()].find(
    ({ attachment }) => attachment?.instanceId === target.instanceId && attachment.deviceIndex === 0,
  );
  const group = region.securityGroups.get(primary?.groupIds[0] ?? "");
  const instance = region.instances.get(target.instanceId);
  if (primary === undefined || group === undefined || instance === undefined)
    throw new TypeError("no primary interface");
  const before = group.rules;
  world.change(group, () => (group.rules = []));
  for (const rule of account.rules) put(place, group, rule);
  // The account's own past: the rules were drawn up before anything was launched with them.
  foundRuleChange(place, group, { before, at: (primary.attachment?.attachTime ?? world.now()) - HOUR_MS });
  if (!account.hasPublicAddress) world.change(primary, () => (primary.publicAddress = null));
  const second = account.hasSecondInterface ? [secondInterface(place, instance, group)] : [];
  const interfaces = [primary, ...second];
  if (account.isAclClosed) closeAcls(place, interfaces);
  for (const { address, subnet } of NEIGHBOURS) launchNeighbour(place, address, subnet);
  foundPast(world);
  const planted = account.flows.map((drawn, index) => plant(range, pick(interfaces, index), drawn));
  const session = createResponder(place, "Colleague");
  const call = callerOf(world, region.name, serveNow);
  return {
    place,
    instanceId: target.instanceId,
    interfaces,
    group,
    planted,
    colleague(operation, input) {
      const answer = call({
        service: "ec2",
        operation,
        input,
        accessKeyId: session.accessKeyId,
        sourceIp: "192.0.2.99",
        userAgent: "colleague",
      });
      if (!answer.isAllowed) throw new TypeError(`${operation} was refused: ${answer.code}`);
      return answer.output;
    },
  };
}

function put(place: Place, group: SecurityGroup, { egress, protocol, port, cidr }: DrawnRule): void {
  const fromPort = protocol === "icmp" ? -1 : port;
  addRule(place, group, { egress, protocol, fromPort, peer: { kind: "ipv4", cidr } });
}

function secondInterface(
  place: Place,
  instance: Parameters<typeof addInterface>[1],
  group: SecurityGroup,
): NetworkInterface {
  const subnet = [...place.region.subnets.values()].find(({ cidr }) => cidr === "10.20.2.0/24");
  if (subnet === undefined) throw new TypeError("no private subnet");
  return addInterface(place, instance, {
    subnetId: subnet.id,
    groupIds: [group.id],
    deviceIndex: 1,
    description: "second",
  });
}

/** Denies everything both ways, before every other entry. */
function closeAcls({ world, region }: Place, interfaces: readonly NetworkInterface[]): void {
  for (const acl of region.networkAcls.values()) {
    const isOurs = acl.associations.some(({ subnetId }) => interfaces.some((nic) => nic.subnetId === subnetId));
    if (!isOurs) continue;
    world.change(acl, () => {
      for (const egress of [true, false])
        acl.entries.push({
          number: 5,
          egress,
          protocol: "-1",
          cidr: "0.0.0.0/0",
          ipv6Cidr: null,
          portRange: null,
          icmp: null,
          action: "deny",
        });
    });
  }
}

export function plant(range: Range, nic: NetworkInterface, drawn: DrawnFlow): PlantedFlow {
  const { protocol, peer, startedBy, insidePort, outsidePort, beganAgoMs, silentForMs } = drawn;
  const hasPorts = protocol === "tcp" || protocol === "udp";
  const flow: Flow = {
    inside: { kind: "interface", interfaceId: nic.id, ip: nic.privateIps[0] ?? "" },
    outside: peerAt(range, nic, peer),
    protocol,
    ...(hasPorts ? { insidePort, outsidePort } : {}),
    ...(protocol === "icmp" ? { icmp: { type: 8, code: 0 } } : {}),
  };
  const now = range.world.now();
  range.network.plant(flow, { startedBy, beganAt: now - beganAgoMs, lastPacketAt: now - silentForMs });
  return { drawn, flow };
}

/** A machine of somebody else's in the VPC, whose groups let everything through. */
function launchNeighbour(place: Place, privateIp: string, subnetCidr: string): void {
  const subnet = [...place.region.subnets.values()].find(({ cidr }) => cidr === subnetCidr);
  if (subnet === undefined) throw new TypeError(`no subnet ${subnetCidr}`);
  const open = createSecurityGroup(place, { vpcId: subnet.vpcId, name: `open-${privateIp}`, description: "open" });
  for (const egress of [true, false])
    addRule(place, open, { egress, protocol: "-1", peer: { kind: "ipv4", cidr: "0.0.0.0/0" } });
  launchInstance(place, { subnetId: subnet.id, groupIds: [open.id], privateIp });
}

function peerAt({ world }: Range, { vpcId }: NetworkInterface, ip: string): Flow["outside"] {
  const found = world
    .places()
    .flatMap(({ region }) => [...region.interfaces.values()])
    .find((nic) => nic.vpcId === vpcId && nic.privateIps.includes(ip));
  return found === undefined ? { kind: "external", ip } : { kind: "interface", interfaceId: found.id, ip };
}

function pick<T>(from: readonly T[], index: number): T {
  const chosen = from[index % from.length];
  if (chosen === undefined) throw new TypeError("the instance has no interface");
  return chosen;
}

/** A group of somebody else's, with one rule for a peer. */
export function foreignGroup(place: Place, vpcId: string, peer: string): SecurityGroup {
  const group = createSecurityGroup(place, { vpcId, name: "maintenance", description: "maintenance" });
  addRule(place, group, { egress: false, protocol: "tcp", fromPort: 22, peer: { kind: "ipv4", cidr: `${peer}/32` } });
  return group;
}
