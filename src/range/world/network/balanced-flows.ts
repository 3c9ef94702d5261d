/** What a Network Load Balancer still carries to a target that is taken out. */
import { targetKey } from "../target-health.ts";
import type { TargetGroup } from "../scaling-model.ts";
import type { World } from "../world.ts";
import { dropped, findHop } from "./hop.ts";
import type { Delivery, Packet } from "./packet.ts";

/**
 * The drop of a packet that its load balancer does not carry any more; null where it does, or where none is named.
 *
 * A new connection needs a registered target. One that exists goes on while the target drains, and after that too,
 * unless the target group terminates connections at the end of the delay.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/network/edit-target-group-attributes.html#deregistration-delay
 */
export function endedByBalancer(world: World, packet: Packet): Delivery | null {
  const { via, targetGroupArn, from, to } = packet;
  if (via !== "network-load-balancer" || targetGroupArn === undefined) return null;
  const group = groupNamed(world, targetGroupArn);
  const end = to.kind === "interface" ? to : from.kind === "interface" ? from : null;
  const hop = end ? findHop(world, end.interfaceId) : null;
  if (!group || !end || !hop) return dropped("load-balancer", targetGroupArn);
  const id = group.targetType === "instance" ? (hop.network.attachment?.instanceId ?? "") : end.ip;
  const key = targetKey({ id, port: (end === to ? packet.toPort : packet.fromPort) ?? group.port });
  if (group.targets.has(key)) return null;
  const isNew = packet.tcp === "syn";
  const goesOn = group.draining.has(key) || group.terminatesConnections !== true;
  return isNew || !goesOn ? dropped("load-balancer", targetGroupArn) : null;
}

function groupNamed(world: World, arn: string): TargetGroup | null {
  for (const { region } of world.places()) {
    const group = region.targetGroups.get(arn);
    if (group) return group;
  }
  return null;
}
