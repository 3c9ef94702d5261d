import { z } from "zod";
import { createRoute, deleteRoute } from "../../aws/internet-routes.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import {
  findRouteTable,
  routeTableOf,
  routeTablesOf,
  type DescribedRoute,
  type DescribedRouteTable,
} from "../../aws/route-tables.ts";
import { membersInWords, membersOfSubnets } from "../../aws/subnet-members.ts";
import { subnetsOfVpcs } from "../../aws/vpc-subnets.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { defineSharedStep, expectThat, type Ledger, type StepContext } from "../../core/step.ts";
import { INSTEAD_OF } from "./network-acl-container.ts";
import { STALE_READS_MS } from "./remote-addresses-entries.ts";

const route = z.strictObject({ destination: z.string(), gateway: z.string() });

type Route = z.infer<typeof route>;

/** Routes that we took out, and when, in milliseconds since 1970. */
const record = z.array(z.strictObject({ ...route.shape, at: z.number() }));

/**
 * Takes the routes to the internet gateway out of the route tables that serve the instance: 0.0.0.0/0, ::/0, and any other.
 *
 * This is how a gateway is taken away without detaching it. It cuts at once, also flows that AWS tracks, for every subnet of
 * those tables, all of which stand in the plan. What leaves through a NAT gateway is cut where that gateway's own subnet is
 * served by the same table, and otherwise goes on.
 */
export const internetRoutes = defineSharedStep({
  id: "contain.internet-routes",
  title: "Take the internet gateway's routes away",
  reversible: "exactly",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"],
      reconcile: ["ec2:CreateRoute", "ec2:DeleteRoute", "ec2:DescribeRouteTables"],
      verify: ["ec2:DescribeRouteTables"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.array(route), after: z.strictObject({ internetRoutes: z.literal("none") }) },

  async plan({ aws, target: { instanceId } }) {
    const interfaces = await interfacesOf(aws.ec2, instanceId);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
    const vpcIds = interfaces.map(({ vpcId }) => vpcId);
    const [tables, subnets] = await Promise.all([routeTablesOf(aws.ec2, vpcIds), subnetsOfVpcs(aws.ec2, vpcIds)]);
    const serving = interfaces.flatMap(({ subnetId: id, vpcId }) => {
      const table = routeTableOf(tables, { id, vpcId });
      // Ours may stand in for another, which comes back: the claim must lie on that as well.
      const behind = tables.find((other) => other.id === table?.tags[INSTEAD_OF]);
      return [table, behind].filter((each) => each != null);
    });
    const unique = [...new Map(serving.map((each) => [each.id, each])).values()];
    return {
      changes: await Promise.all(
        unique.filter(isOfInternet).map(async (table) => {
          const served = subnets.filter((subnet) => routeTableOf(tables, subnet)?.id === table.id).map(({ id }) => id);
          const members = await membersOfSubnets(aws.ec2, served, instanceId);
          const what =
            `Every subnet of ${table.id} (${served.join(", ") || "none"}) loses the internet gateway: ` +
            `${membersInWords(members)} in them.`;
          return {
            resource: table.id,
            attribute: "internet-routes",
            before: [...gatewayRoutes(table)],
            after: { internetRoutes: "none" as const },
            claim: { member: "internet-routes" },
            blastRadius: { what, resources: members.instances },
          };
        }),
      ),
      left: unique
        .filter((table) => !isOfInternet(table))
        .map(({ id }) => ({ resource: id, reason: "it has no route to an internet gateway" })),
    };
  },

  reconcile: reconcileRoutes,

  async verify({ aws }, { resource }) {
    const table = await findRouteTable(aws.ec2, resource);
    const open = (table?.routes ?? [])
      .filter(isToInternet)
      .map(({ destination, target }) => `${destination} to ${target}`);
    // A table that is gone, one of our own that was taken back, serves nobody.
    return expectThat(`internet routes of ${resource}`, open.length === 0, { expected: [], observed: open });
  },
});

/**
 * Whether a table leads to the internet, or may have: one without any default route may be another case's work, and is
 * claimed too, so that the other's release does not lift this cut.
 */
function isOfInternet({ routes }: DescribedRouteTable): boolean {
  return routes.some(isToInternet) || !routes.some(({ destination }) => destination === "0.0.0.0/0");
}

function isToInternet({ target }: DescribedRoute): boolean {
  return target.startsWith("igw-");
}

function gatewayRoutes({ routes }: DescribedRouteTable): readonly Route[] {
  return routes.filter(isToInternet).map(({ destination, target }) => ({ destination, gateway: target }));
}

/** Keeps the table without routes to the internet while anybody claims it, and puts them back with the last claim. */
async function reconcileRoutes({ aws, now }: StepContext, tableId: string, ledger: Ledger): Promise<Json> {
  const table = await findRouteTable(aws.ec2, tableId);
  const ours = ledger.ours === null ? [] : record.parse(ledger.ours);
  if (table === null) {
    // A table that is gone serves nobody.
    if (ledger.claims.length === 0 || ledger.ours !== null) return { removed: 0 };
    throw new CordonError("propagation_pending", { resource: tableId });
  }
  if (ledger.claims.length === 0) {
    await giveBack({ aws, now }, table, ours);
    return { removed: 0 };
  }
  const present = gatewayRoutes(table);
  const fresh = present.filter(({ destination }) => !ours.some((known) => known.destination === destination));
  const all = [...ours, ...fresh.map((each) => ({ ...each, at: now }))];
  if (ledger.ours === null || fresh.length > 0)
    await ledger.save({ original: ledger.original ?? [...present], ours: all });
  await Promise.all(present.map(({ destination }) => deleteRoute(aws.ec2, tableId, destination)));
  return { removed: all.length };
}

async function giveBack(
  { aws, now }: Pick<StepContext, "aws" | "now">,
  { id, routes }: DescribedRouteTable,
  ours: z.infer<typeof record>,
): Promise<void> {
  const answers = await Promise.all(ours.map((each) => createRoute(aws.ec2, id, each)));
  const taken = ours.filter((_, index) => answers[index] === "taken");
  const shown = (destination: string): string | null =>
    routes.find((each) => each.destination === destination)?.target ?? null;
  const hidden = taken.filter(({ destination, at }) => shown(destination) === null && now - at < STALE_READS_MS);
  if (hidden.length > 0) throw new CordonError("propagation_pending", { resource: id });
  const lost = taken.filter(({ destination, gateway }) => shown(destination) !== gateway);
  if (lost.length === 0) return;
  const inWords = lost.map(({ destination, gateway }) => `${destination} to ${gateway}`).join(", ");
  const observed = lost
    .map(({ destination }) => `${destination} to ${shown(destination) ?? "something else"}`)
    .join(", ");
  throw new Refusal("changed_since", { resource: id, expected: inWords, observed });
}
