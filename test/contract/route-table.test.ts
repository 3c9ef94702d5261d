import { describe } from "vitest";
import type { Range } from "../../src/range/range.ts";
import { routeTable } from "../../src/steps/contain/route-table.ts";
import { contract } from "../../src/testing/contract.ts";

const made = /^route-table <new> is new$/;
const associations = /^route-table rtb-\S+ associations/;

const inTwoVpcs = { scenario: "c2-beacon", variants: ["two-vpcs"], input: { scope: "vpc" } } as const;

describe.each([
  ["with a table of its own", { scenario: "c2-beacon" }, [made, associations]],
  ["with the main table", { scenario: "miner-behind-nat", prepare: followMainTable }, [made]],
])("%s", (_, staging, brings) => {
  contract(routeTable, {
    ...staging,
    brings,
    leaves: [associations],
    also: [inTwoVpcs, { scenario: "c2-beacon" }, { scenario: "miner-behind-nat", prepare: followMainTable }],
  });
});

/** Takes every table off its subnets, and gives the main one the way out of the private subnet. */
function followMainTable({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    const tables = [...world.place(account, region).region.routeTables.values()];
    const way = tables.flatMap(({ routes }) => routes).filter(({ target }) => target.kind === "nat-gateway");
    for (const table of tables) {
      const main = table.associations.filter(({ subnetId }) => subnetId === null);
      world.change(table, () => {
        table.associations = main;
        if (main.length > 0) table.routes = [...table.routes, ...way];
      });
    }
  }
}
