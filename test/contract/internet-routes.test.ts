import type { Range } from "../../src/range/range.ts";
import { createPrefixList, putRoute } from "../../src/range/world/build-network.ts";
import { internetRoutes } from "../../src/steps/contain/internet-routes.ts";
import { contract } from "../../src/testing/contract.ts";

contract(internetRoutes, {
  scenario: "c2-beacon",
  brings: [/^route-table rtb-\S+ routes: .* -> \[\{"destination":"10\.20\.0\.0\/16","target":\{"kind":"local"\}\}\]$/],
  also: [
    { scenario: "c2-beacon", prepare: addRoutes },
    { scenario: "miner-behind-nat" },
    { scenario: "c2-beacon", variants: ["two-vpcs"] },
  ],
});

/** A table with every form of route to the gateway: IPv6, and a prefix list. */
function addRoutes({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    const place = world.place(account, region);
    const list = createPrefixList(place, { name: "offices", cidrs: ["198.51.100.0/24"] });
    for (const table of place.region.routeTables.values()) {
      const target = table.routes.find((route) => route.target.kind === "internet-gateway")?.target;
      if (!target) continue;
      putRoute(place, table, "::/0", target);
      putRoute(place, table, list.id, target);
    }
  }
}
