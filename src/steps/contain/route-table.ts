import { z } from "zod";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { routeTableOf, routeTablesOf } from "../../aws/route-tables.ts";
import { membersInWords, membersOfSubnets } from "../../aws/subnet-members.ts";
import { subnetsById } from "../../aws/subnets.ts";
import { subnetsOfVpcs } from "../../aws/vpc-subnets.ts";
import { Refusal } from "../../core/errors.ts";
import { defineSharedStep, expectThat } from "../../core/step.ts";
import { localTable } from "./route-table-container.ts";
import { reconcileSwap } from "./subnet-swap.ts";

/**
 * Serves the instance's subnets with a route table of our own that leads nowhere but into the VPC.
 *
 * Cuts at once whatever goes through a gateway: internet, NAT, peering, transit and private networks, gateway endpoints.
 * What stays inside the VPC goes on, and so do interface endpoints, which lie in it. It hits everybody in those subnets, who
 * all stand in the plan.
 *
 * Each subnet gets back the table it had; one that followed the VPC's main table follows it again.
 */
export const routeTable = defineSharedStep({
  id: "contain.route-table",
  title: "Serve the subnets with local routes only",
  reversible: "equivalently",
  notRestored: "A subnet with a table of its own is associated with it again under a new association id.",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables", "ec2:DescribeSubnets"],
      reconcile: [
        "ec2:AssociateRouteTable",
        "ec2:CreateRouteTable",
        "ec2:CreateTags",
        "ec2:DeleteRouteTable",
        "ec2:DescribeRouteTables",
        "ec2:DescribeSubnets",
        "ec2:DisassociateRouteTable",
        "ec2:ReplaceRouteTableAssociation",
      ],
      verify: ["ec2:DescribeRouteTables", "ec2:DescribeSubnets"],
    },
  },
  input: z.strictObject({ scope: z.enum(["subnet", "vpc"]).default("subnet") }),
  change: {
    before: z.strictObject({ table: z.string(), isMain: z.boolean() }),
    after: z.strictObject({ routes: z.literal("local") }),
  },

  async plan({ aws, target: { instanceId } }, { scope }) {
    const interfaces = await interfacesOf(aws.ec2, instanceId);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
    const vpcIds = interfaces.map(({ vpcId }) => vpcId);
    const own = interfaces.map(({ subnetId: id, vpcId }) => ({ id, vpcId }));
    const [tables, subnets] = await Promise.all([
      routeTablesOf(aws.ec2, vpcIds),
      scope === "vpc" ? subnetsOfVpcs(aws.ec2, vpcIds) : [...new Map(own.map((each) => [each.id, each])).values()],
    ]);
    const members = await Promise.all(subnets.map(({ id }) => membersOfSubnets(aws.ec2, [id], instanceId)));
    const changes = subnets.flatMap((subnet, index) => {
      const table = routeTableOf(tables, subnet);
      const others = members[index];
      if (table === null || others === undefined) return [];
      return [
        {
          resource: subnet.id,
          attribute: "routes",
          before: { table: table.id, isMain: table.associations[subnet.id] === undefined },
          after: { routes: "local" as const },
          claim: { member: "routes" },
          blastRadius: {
            what: `Subnet ${subnet.id} loses every way out of ${subnet.vpcId}: ${membersInWords(others)} in it.`,
            resources: others.instances,
          },
        },
      ];
    });
    const missing = subnets.filter(({ id }) => !changes.some(({ resource }) => resource === id));
    return {
      changes,
      left: missing.map(({ id }) => ({ resource: id, reason: "AWS showed no route table for this subnet" })),
    };
  },

  reconcile: (context, subnetId, ledger) => reconcileSwap(context, { subnetId, ledger, kind: localTable(context) }),

  async verify({ aws }, { resource }) {
    const [subnet] = await subnetsById(aws.ec2, [resource]);
    const table = subnet === undefined ? null : routeTableOf(await routeTablesOf(aws.ec2, [subnet.vpcId]), subnet);
    const routes = (table?.routes ?? []).map(({ destination, target }) => `${destination} to ${target}`);
    const isLocal = table !== null && table.routes.every(({ target }) => target === "local");
    return expectThat(`routes of ${resource}`, isLocal, { expected: "local only", observed: routes });
  },
});
