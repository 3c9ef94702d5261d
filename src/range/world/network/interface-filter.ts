/** The security groups of an interface, with connection tracking. */
import type { NetworkInterface, RegionState } from "../model.ts";
import { publicAddressFor } from "../public-addresses.ts";
import type { Place } from "../world.ts";
import { Connections, identityOf, type IdleTimeouts, type TrackedFlow } from "./connections.ts";
import { isUntrackedByRules, ruleAllows, rulesOf } from "./group-evaluation.ts";
import { optionFor, type FlowIdentity, type NetworkOptions } from "./options.ts";
import { isIcmp, reversed, type PacketView } from "./packet.ts";
import { loadBalancerTimeouts, timeoutsOf } from "./timeouts.ts";
import type { Trial } from "./trial.ts";

/** What the way of a packet means for tracking. */
export interface PathKind {
  /** AWS tracks flows on this path whatever the rules say. */
  readonly isAutomatic: boolean;
  readonly isLoadBalanced: boolean;
}

export type FilterVerdict = { readonly allowed: true; readonly tracked: boolean } | { readonly allowed: false };

/** When a flow began that is put in place afterwards, and what has become of it since. */
export interface FlowPast {
  readonly startedBy: "ingress" | "egress";
  readonly beganAt: number;
  readonly lastPacketAt: number;
  readonly transactions: number;
  readonly groupIds: readonly string[];
  readonly timeouts: Partial<IdleTimeouts>;
}

/** The security groups of one interface, with what it remembers of its flows. */
export class InterfaceFilter {
  readonly connections: Connections;
  readonly options: NetworkOptions;

  constructor(options: NetworkOptions, trial?: Trial) {
    this.options = options;
    this.connections = new Connections(trial);
  }

  /**
   * Judges one packet at one interface and remembers its flow.
   *
   * A packet of a tracked flow passes whatever the rules say now; any other needs a rule. A packet in the middle of a
   * connection that nobody tracks is judged by the rules alone, so an untracked flow dies with its rule.
   */
  pass(place: Place, network: NetworkInterface, view: PacketView, path: PathKind): FilterVerdict {
    if (network.groupIds.length === 0) return { allowed: true, tracked: false }; // NAT gateways, load balancers without groups.
    const now = place.world.now();
    const rules = rulesOf(place.region, network);
    const isAllowedByRules = rules.some((rule) => ruleAllows(place.region, rule, view));
    const flow = this.find(place, network, view, path);

    if (flow) {
      this.connections.touch(flow, view, now);
      const first = view.direction === flow.startedBy ? view : reversed(view);
      const isOpenBothWays = isAllowedByRules && isUntrackedByRules(place.region, rules, first);
      const converts = isOpenBothWays && !flow.isAutomatic && !path.isAutomatic && this.#converts(network, flow, view);
      if (!converts && !view.endsConnection) return { allowed: true, tracked: true };
      this.connections.close(network.id, flow);
      return { allowed: true, tracked: false };
    }
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network_mtu.html: groups are stateful for ICMP errors too.
    if (view.about && this.find(place, network, view.about, path)) return { allowed: true, tracked: true };
    if (!isAllowedByRules) return { allowed: false };
    if (view.endsConnection) return { allowed: true, tracked: false };
    if (!path.isAutomatic && !isAlwaysTracked(view) && isUntracked(place.region, rules, view))
      return { allowed: true, tracked: false };
    this.connections.open(network.id, view, this.#newEntry(place, network, view, path), now);
    return { allowed: true, tracked: true };
  }

  /** The live entry of a packet's flow. */
  find(place: Place, network: NetworkInterface, view: PacketView, path: PathKind): TrackedFlow | null {
    const identity = identityOf(network.id, view);
    const reachesOld = optionFor(this.options.loweredTimeoutAppliesTo, identity) === "all-flows";
    const current = reachesOld ? this.#timeouts(place, network, { path, identity }) : undefined;
    const flow = this.connections.find(network.id, view, place.world.now(), current);
    if (!flow || !this.#isForgotten(place, network, { flow, identity })) return flow;
    this.connections.close(network.id, flow);
    return null;
  }

  /** Puts an entry in place for a flow that began in the past. */
  plant(
    { place, network }: { readonly place: Place; readonly network: NetworkInterface },
    { view, path }: { readonly view: PacketView; readonly path: PathKind },
    past: FlowPast,
  ): void {
    const first = view.direction === past.startedBy ? view : reversed(view);
    const entry = this.#newEntry(place, network, first, path);
    const { beganAt, lastPacketAt, groupIds, transactions } = past;
    const timeouts = { ...entry.timeouts, ...past.timeouts };
    const flow = this.connections.open(network.id, first, { ...entry, beganAt, groupIds, timeouts }, lastPacketAt);
    flow.transactions = transactions;
  }

  #newEntry(
    place: Place,
    network: NetworkInterface,
    view: PacketView,
    path: PathKind,
  ): Pick<TrackedFlow, "timeouts" | "isAutomatic" | "beganAt" | "groupIds" | "publicIp"> {
    return {
      timeouts: this.#timeouts(place, network, { path, identity: identityOf(network.id, view) }),
      isAutomatic: path.isAutomatic,
      beganAt: place.world.now(),
      groupIds: [...network.groupIds],
      publicIp: publicAddressFor(network, view.localIp)?.ip ?? null,
    };
  }

  #converts(network: NetworkInterface, flow: TrackedFlow, view: PacketView): boolean {
    const hasSameGroups = [...flow.groupIds].sort().join() === [...network.groupIds].sort().join();
    const option = hasSameGroups ? this.options.broadenedRulesConvert : this.options.openWindowConverts;
    return optionFor(option, identityOf(network.id, view)) === "flows-with-a-packet";
  }

  #isForgotten(
    { region }: Place,
    { attachment }: NetworkInterface,
    { flow, identity }: { readonly flow: TrackedFlow; readonly identity: FlowIdentity },
  ): boolean {
    const startedAt = region.instances.get(attachment?.instanceId ?? "")?.launchTime ?? 0;
    const wasDetached = (attachment?.attachTime ?? 0) > flow.beganAt;
    const wasStopped = startedAt > flow.beganAt;
    return (
      (wasDetached && optionFor(this.options.detachingForgets, identity)) ||
      (wasStopped && optionFor(this.options.stoppingForgets, identity))
    );
  }

  #timeouts(
    { region }: Place,
    network: NetworkInterface,
    { path, identity }: { readonly path: PathKind; readonly identity: FlowIdentity },
  ): IdleTimeouts {
    const instance = region.instances.get(network.attachment?.instanceId ?? "");
    const timeouts = timeoutsOf(network, instance, optionFor(this.options.icmpTimeoutSeconds, identity));
    return path.isLoadBalanced ? loadBalancerTimeouts(timeouts) : timeouts;
  }
}

/** Without an entry nobody knows who started the flow, unless the packet says so: it may be the answer. */
function isUntracked(region: RegionState, rules: ReturnType<typeof rulesOf>, view: PacketView): boolean {
  return (
    isUntrackedByRules(region, rules, view) ||
    (!view.startsConnection && isUntrackedByRules(region, rules, reversed(view)))
  );
}

function isAlwaysTracked({ protocol }: PacketView): boolean {
  return isIcmp(protocol) || (protocol !== 6 && protocol !== 17);
}
