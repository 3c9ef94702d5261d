/** Puts flows in place that began in the past. */
import type { Route } from "../model.ts";
import type { World } from "../world.ts";
import { packetOf, type Flow, type PlantedPast } from "./flow.ts";
import { findHop, type Hop } from "./hop.ts";
import type { FlowPast, InterfaceFilter, PathKind } from "./interface-filter.ts";
import { viewOf } from "./packet.ts";
import { findRoute } from "./routes.ts";

/** Where a flow begins, and the route that it takes now. */
export function plantable(
  world: World,
  flow: Flow,
  { beganAt, lastPacketAt }: PlantedPast,
): { readonly source: Hop; readonly route: Route | null } {
  if (lastPacketAt < beganAt || lastPacketAt > world.now())
    throw new TypeError("a planted flow has its last packet after its beginning and before now");
  const source = endOf(world, flow.inside.interfaceId);
  const route = findRoute(source.place.region, source.subnet, flow.outside.ip)?.route ?? null;
  return { source, route };
}

/** The entries at both ends, where the other end lies in the range. */
export function plantEntries(
  filter: InterfaceFilter,
  planted: { readonly flow: Flow; readonly past: PlantedPast; readonly source: Hop; readonly path: PathKind },
): void {
  const { flow, past, source, path } = planted;
  const packet = packetOf(flow, "outward");
  const isFromInside = past.startedBy === "inside";
  const common = {
    beganAt: past.beganAt,
    lastPacketAt: past.lastPacketAt,
    transactions: past.isStream === false ? 0 : 2,
  };
  filter.plant(source, { view: viewOf(packet, "egress"), path }, {
    ...common,
    startedBy: isFromInside ? "egress" : "ingress",
    groupIds: past.groupIds ?? source.network.groupIds,
    timeouts: past.timeouts ?? {},
  } satisfies FlowPast);
  if (flow.outside.kind !== "interface") return;
  const far = endOf(source.place.world, flow.outside.interfaceId);
  filter.plant(far, { view: viewOf(packet, "ingress"), path }, {
    ...common,
    startedBy: isFromInside ? "ingress" : "egress",
    groupIds: far.network.groupIds,
    timeouts: {},
  } satisfies FlowPast);
}

function endOf(world: World, interfaceId: string): Hop {
  const hop = findHop(world, interfaceId);
  if (!hop) throw new TypeError(`no such interface in the range: ${interfaceId}`);
  return hop;
}
