import type { Instance, NetworkInterface } from "../model.ts";
import type { Place } from "../world.ts";
import { Connections } from "./connections.ts";
import { isUntrackedByRules, ruleAllows, rulesOf } from "./group-evaluation.ts";
import type { NetworkOptions } from "./options.ts";
import { isIcmp, reversed, type PacketView } from "./packet.ts";
import { loadBalancerTimeouts, timeoutsOf } from "./timeouts.ts";

/** What the way of a packet means for tracking. */
export interface PathKind {
  /** AWS tracks flows on this path whatever the rules say. */
  readonly isAutomatic: boolean;
  readonly isLoadBalanced: boolean;
}

export type FilterVerdict = { readonly allowed: true; readonly tracked: boolean } | { readonly allowed: false };

/** The security groups of one interface, with what it remembers of its flows. */
export class InterfaceFilter {
  readonly connections = new Connections();
  readonly #options: NetworkOptions;

  constructor(options: NetworkOptions) {
    this.#options = options;
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
    const timeouts = this.#timeouts(place, network, path);
    const reachesOld = this.#options.loweredTimeoutAppliesTo === "all-flows";
    const flow = this.connections.find(network.id, view, now, reachesOld ? timeouts : undefined);

    if (flow) {
      this.connections.touch(flow, view, now);
      const first = view.direction === flow.startedBy ? view : reversed(view);
      const isOpenBothWays = isAllowedByRules && isUntrackedByRules(place.region, rules, first);
      const converts =
        this.#options.openWindowConverts === "flows-with-a-packet" &&
        isOpenBothWays &&
        !flow.isAutomatic &&
        !path.isAutomatic;
      if (!converts && !view.endsConnection) return { allowed: true, tracked: true };
      this.connections.close(network.id, flow);
      return { allowed: true, tracked: false };
    }
    if (!isAllowedByRules) return { allowed: false };
    if (view.endsConnection) return { allowed: true, tracked: false };
    if (!path.isAutomatic && !isAlwaysTracked(view) && this.#isUntracked(place, rules, view))
      return { allowed: true, tracked: false };
    this.connections.open(network.id, view, { timeouts, isAutomatic: path.isAutomatic }, now);
    return { allowed: true, tracked: true };
  }

  /** Without an entry nobody knows who started the flow, unless the packet says so: it may be the answer. */
  #isUntracked({ region }: Place, rules: ReturnType<typeof rulesOf>, view: PacketView): boolean {
    return (
      isUntrackedByRules(region, rules, view) ||
      (!view.startsConnection && isUntrackedByRules(region, rules, reversed(view)))
    );
  }

  #timeouts({ region }: Place, network: NetworkInterface, path: PathKind): ReturnType<typeof timeoutsOf> {
    const instance: Instance | undefined = region.instances.get(network.attachment?.instanceId ?? "");
    const timeouts = timeoutsOf(network, instance, this.#options);
    return path.isLoadBalanced ? loadBalancerTimeouts(timeouts) : timeouts;
  }
}

function isAlwaysTracked({ protocol }: PacketView): boolean {
  return isIcmp(protocol) || (protocol !== 6 && protocol !== 17);
}
