/** Where a packet is judged on its way: network ACLs between subnets, groups at interfaces. Flow logs record it here. */
import { capture } from "../flow-capture.ts";
import { aclAllows } from "./acl-evaluation.ts";
import { delivered, dropped, isUp, type Hop } from "./hop.ts";
import type { InterfaceFilter, PathKind } from "./interface-filter.ts";
import { viewOf, type Delivery, type Packet, type PacketView } from "./packet.ts";
import { networkAclOf } from "./routes.ts";
import type { Trial } from "./trial.ts";

export class Checkpoints {
  readonly filter: InterfaceFilter;
  readonly #trial: Trial;

  constructor(filter: InterfaceFilter, trial: Trial) {
    this.filter = filter;
    this.#trial = trial;
  }

  /** What a flow log records of a packet; nothing of one that is only asked about. */
  record(hop: Hop, view: PacketView, action: "ACCEPT" | "REJECT"): void {
    if (!this.#trial.isOn) capture(hop, view, action);
  }

  /** Out of an interface: its groups decide. */
  exit(packet: Packet, source: Hop, path: PathKind): { readonly tracked: boolean } | Delivery {
    const view = viewOf(packet, "egress");
    const verdict = this.filter.pass(source.place, source.network, view, path);
    if (verdict.allowed) return { tracked: verdict.tracked };
    this.record(source, view, "REJECT");
    return dropped("security-group", source.network.id);
  }

  /** The last metre: the instance must be up, its groups decide. */
  enter(packet: Packet, target: Hop, path: PathKind): Delivery {
    if (!isUp(target)) return dropped("not-on-network", target.network.attachment?.instanceId ?? target.network.id);
    const view = viewOf(packet, "ingress");
    const verdict = this.filter.pass(target.place, target.network, view, path);
    this.record(target, view, verdict.allowed ? "ACCEPT" : "REJECT");
    return verdict.allowed ? delivered(verdict.tracked) : dropped("security-group", target.network.id);
  }

  /** From an interface into a gateway's, whose network ACL counts where it lies in another subnet. */
  cross({ from, to }: { readonly from: Hop; readonly to: Hop }, view: PacketView): Delivery | null {
    const crossing = { ...view, direction: "ingress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
    if (from.subnet.id === to.subnet.id) this.record(from, view, "ACCEPT");
    else {
      const stopped = this.acl(from, view) ?? this.aclOf(to, crossing);
      if (stopped) return stopped;
    }
    this.record(to, crossing, "ACCEPT");
    return null;
  }

  /** From one interface to another of the VPC. Network ACLs stand between subnets, not inside one. */
  between(packet: Packet, { from, to }: { readonly from: Hop; readonly to: Hop }): Delivery | null {
    const leaving = viewOf(packet, "egress");
    if (to.subnet.id !== from.subnet.id) return this.acl(from, leaving) ?? this.aclOf(to, viewOf(packet, "ingress"));
    this.record(from, leaving, "ACCEPT");
    return null;
  }

  /** A packet from outside comes in through an inspection's interface in another subnet first. */
  throughDoor(door: Hop, target: Hop, view: PacketView): Delivery | null {
    if (door.subnet.id === target.subnet.id) return null;
    const onward = { ...view, direction: "egress", localIp: view.remoteIp, remoteIp: view.localIp } as const;
    return this.aclOf(door, view) ?? this.aclOf(door, onward);
  }

  /** The last that is asked before a packet goes on from an interface: what flow logs record of it is decided. */
  acl(hop: Hop, view: PacketView): Delivery | null {
    const stopped = this.aclOf(hop, view);
    if (!stopped) this.record(hop, view, "ACCEPT");
    return stopped;
  }

  /** What the network ACL of the interface's subnet says; a packet that it lets in is still to meet the groups. */
  aclOf(hop: Hop, view: PacketView): Delivery | null {
    const acl = networkAclOf(hop.place.region, hop.subnet);
    if (acl && aclAllows(acl.entries, view)) return null;
    this.record(hop, view, "REJECT");
    return dropped("network-acl", acl?.id ?? hop.subnet.id);
  }
}
