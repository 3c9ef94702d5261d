import type { Instance, NetworkInterface } from "../model.ts";
import { instanceTypeOf } from "../instance-types.ts";
import type { IdleTimeouts } from "./connections.ts";

const FIVE_DAYS_S = 432_000;
const OTHER_PROTOCOLS_S = 600;

/**
 * The idle timers of an interface: its own setting, else the default of the instance's type. Only Nitro types can be set.
 *
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export function timeoutsOf(
  network: NetworkInterface,
  instance: Instance | undefined,
  icmpTimeoutSeconds: number,
): IdleTimeouts {
  const type = instance ? instanceTypeOf(instance.instanceType) : null;
  const setting = type?.isNitro ? network.connectionTracking : null;
  return {
    tcpEstablished: setting?.tcpEstablishedTimeout ?? type?.defaultTcpEstablishedTimeout ?? FIVE_DAYS_S,
    udp: setting?.udpTimeout ?? 30,
    udpStream: setting?.udpStreamTimeout ?? 180,
    icmp: icmpTimeoutSeconds,
    other: OTHER_PROTOCOLS_S,
  };
}

/** Flows over a Network Load Balancer have timers of their own (same page). */
export function loadBalancerTimeouts(timeouts: IdleTimeouts): IdleTimeouts {
  return { ...timeouts, tcpEstablished: 350, udp: 120, udpStream: 120 };
}
