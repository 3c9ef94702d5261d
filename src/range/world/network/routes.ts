import { parseRange, rangeContains } from "../addresses.ts";
import type { NetworkAcl, RegionState, Route, RouteTable, Subnet } from "../model.ts";

/** The route a subnet's packets to `ip` take: the most specific one of its table, else of the VPC's main table. */
export function findRoute(
  region: RegionState,
  subnet: Subnet,
  ip: string,
): { readonly route: Route; readonly table: RouteTable } | null {
  const table = routeTableOf(region, subnet);
  let best: { readonly route: Route; readonly prefix: number } | null = null;
  for (const route of table?.routes ?? []) {
    for (const cidr of cidrsOf(region, route.destination)) {
      const prefix = parseRange(cidr)?.prefix ?? -1;
      if (rangeContains(cidr, ip) && prefix > (best?.prefix ?? -1)) best = { route, prefix };
    }
  }
  return table && best ? { route: best.route, table } : null;
}

export function routeTableOf(region: RegionState, subnet: Subnet): RouteTable | undefined {
  const tables = [...region.routeTables.values()].filter(({ vpcId }) => vpcId === subnet.vpcId);
  const own = tables.find(({ associations }) => associations.some(({ subnetId }) => subnetId === subnet.id));
  return own ?? tables.find(({ associations }) => associations.some(({ subnetId }) => subnetId === null));
}

/** The one network ACL of a subnet; a new subnet has its VPC's default one. */
export function networkAclOf(region: RegionState, subnet: Subnet): NetworkAcl | undefined {
  const acls = [...region.networkAcls.values()].filter(({ vpcId }) => vpcId === subnet.vpcId);
  return (
    acls.find(({ associations }) => associations.some(({ subnetId }) => subnetId === subnet.id)) ??
    acls.find(({ isDefault }) => isDefault)
  );
}

function cidrsOf(region: RegionState, destination: string): readonly string[] {
  return destination.startsWith("pl-")
    ? (region.prefixLists.get(destination)?.entries ?? []).map(({ cidr }) => cidr)
    : [destination];
}
