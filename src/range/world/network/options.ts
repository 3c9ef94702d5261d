/** What AWS leaves open about flows, as options of the world: each is the worst for who contains unless it is drawn. */
import { seededRandom } from "../random.ts";

/** A flow as the interface that filters it sees it. Ports are null for protocols that have none. */
export interface FlowIdentity {
  readonly interfaceId: string;
  /** IANA number. */
  readonly protocol: number;
  readonly localIp: string;
  readonly localPort: number | null;
  readonly remoteIp: string;
  readonly remotePort: number | null;
}

/** The same for every flow, or decided flow by flow. A function must give the same answer whenever it is asked. */
export type PerFlow<T extends string | number | boolean> = T | ((flow: FlowIdentity) => T);

/**
 * The behaviours that AWS's documentation leaves open, or on which its pages contradict each other.
 * docs/range-world.md lists the page of each.
 */
export interface NetworkOptions {
  /** Whether a lowered idle timer reaches entries that exist already. */
  readonly loweredTimeoutAppliesTo: PerFlow<"new-flows" | "all-flows">;
  /** What a tracked flow becomes when one of its packets passes while *other groups* permit everything both ways. */
  readonly openWindowConverts: PerFlow<"flows-with-a-packet" | "nothing">;
  /** The same, when the rules of the *same groups* that the flow began under were broadened. */
  readonly broadenedRulesConvert: PerFlow<"flows-with-a-packet" | "nothing">;
  /** How long ICMP entries live without a packet. */
  readonly icmpTimeoutSeconds: PerFlow<number>;
  /** Whether losing its public address ends a tracked flow. */
  readonly lostAddressEnds: PerFlow<boolean>;
  /** Whether an interface that was detached and attached again has forgotten the flow. */
  readonly detachingForgets: PerFlow<boolean>;
  /** Whether an instance that was stopped and started again has forgotten the flow. */
  readonly stoppingForgets: PerFlow<boolean>;
  /** Whether flows by way of a transit gateway are tracked whatever the rules say. */
  readonly tracksTransitGateways: PerFlow<boolean>;
  /** Whether flows by way of a Gateway Load Balancer are tracked whatever the rules say. */
  readonly tracksGatewayLoadBalancers: PerFlow<boolean>;
}

export const DEFAULT_NETWORK_OPTIONS: NetworkOptions = {
  loweredTimeoutAppliesTo: "new-flows",
  openWindowConverts: "nothing",
  broadenedRulesConvert: "nothing",
  icmpTimeoutSeconds: Infinity,
  lostAddressEnds: false,
  detachingForgets: false,
  stoppingForgets: false,
  tracksTransitGateways: true,
  tracksGatewayLoadBalancers: true,
};

/** What an option says of one flow. */
export function optionFor<T extends string | number | boolean>(option: PerFlow<T>, flow: FlowIdentity): T {
  return typeof option === "function" ? option(flow) : option;
}

/** Draws one of the values for each flow: the same seed, name and flow give the same value, in every order of asking. */
export function drawnPerFlow<T extends string | number | boolean>(
  seed: number,
  name: string,
  values: readonly [T, ...T[]],
): (flow: FlowIdentity) => T {
  return (flow) => {
    let mixed = seed >>> 0;
    for (const character of `${name} ${Object.values(flow).join(" ")}`)
      mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
    return values[Math.floor(seededRandom(mixed)() * values.length)] ?? values[0];
  };
}

/** Every open behaviour drawn both ways, flow by flow: the world of a generator of hostile accounts. */
export function drawnNetworkOptions(seed: number): NetworkOptions {
  return {
    loweredTimeoutAppliesTo: drawnPerFlow(seed, "timers", ["new-flows", "all-flows"]),
    openWindowConverts: drawnPerFlow(seed, "window", ["nothing", "flows-with-a-packet"]),
    broadenedRulesConvert: drawnPerFlow(seed, "broadened", ["nothing", "flows-with-a-packet"]),
    icmpTimeoutSeconds: drawnPerFlow(seed, "icmp", [Infinity, 600, 30]),
    lostAddressEnds: drawnPerFlow(seed, "address", [false, true]),
    detachingForgets: drawnPerFlow(seed, "detach", [false, true]),
    stoppingForgets: drawnPerFlow(seed, "stop", [false, true]),
    tracksTransitGateways: drawnPerFlow(seed, "transit", [true, false]),
    tracksGatewayLoadBalancers: drawnPerFlow(seed, "inspection", [true, false]),
  };
}
