import type { NetworkInterface } from "../world/model.ts";
import type { Network } from "../world/network/network.ts";
import { interfacesOf } from "../world/place.ts";
import type { Target } from "../world/scaling-model.ts";
import type { Place } from "../world/world.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import { ephemeralPort, TcpConnection } from "./tcp-connection.ts";

export interface WebShellUserOptions extends Omit<ActorOptions, "everyMs"> {
  readonly place: Place;
  readonly network: Network;
  readonly targetGroupArn: string;
  /** The instance that the web shell lies on. */
  readonly instanceId: string;
  /** The node of the load balancer that the requests come through. */
  readonly node: NetworkInterface;
}

/**
 * Sends requests for a page that the intruder left on a web server. They come from the load balancer, as everybody's do, over
 * a connection that it keeps open to its target: a new one is made only where there is none.
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
 *
 * A load balancer sends to healthy targets, and to all that are registered where none is healthy:
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
 */
export function createWebShellUser(options: WebShellUserOptions): Attacker {
  const { place, instanceId } = options;
  let kept: TcpConnection | null = null;
  return createActor(
    { ...options, everyMs: 4_000 },
    {
      begin() {
        const connection = connect(options);
        kept = connection?.open("outside") === true ? connection : null;
      },
      beat() {
        const targets = routableTargets(options);
        if (!targets.some(({ id }) => id === instanceId)) return false;
        if (kept?.exchange("outside") === true) return true;
        if (place.region.instances.get(instanceId)?.state !== "running") return false;
        const next = connect(options);
        if (next?.open("outside") !== true) return false;
        kept = next;
        return next.exchange("outside");
      },
    },
  );
}

/** Where the load balancer sends requests now. */
function routableTargets({ place, targetGroupArn }: WebShellUserOptions): readonly Target[] {
  place.world.places(); // Health checks up to now.
  const targets = [...(place.region.targetGroups.get(targetGroupArn)?.targets.values() ?? [])];
  const healthy = targets.filter(({ observedHealth }) => observedHealth.state === "healthy");
  return healthy.length > 0 ? healthy : targets;
}

function connect(options: WebShellUserOptions): TcpConnection | null {
  const { place, network, node, instanceId, random, targetGroupArn } = options;
  const target = interfacesOf(place, { id: instanceId })[0];
  const port = place.region.targetGroups.get(targetGroupArn)?.port;
  if (!target || port === undefined) return null;
  return new TcpConnection(network, {
    inside: { kind: "interface", interfaceId: target.id, ip: target.privateIps[0] ?? "" },
    outside: { kind: "interface", interfaceId: node.id, ip: node.privateIps[0] ?? "" },
    insidePort: port,
    outsidePort: ephemeralPort(random),
  });
}
