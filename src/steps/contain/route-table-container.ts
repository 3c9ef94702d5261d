import {
  associateRouteTable,
  createRouteTable,
  deleteRouteTable,
  disassociateRouteTable,
  replaceRouteTableAssociation,
  routeTableOf,
  routeTablesOf,
} from "../../aws/route-tables.ts";
import { subnetsById } from "../../aws/subnets.ts";
import type { StepContext } from "../../core/step.ts";
import { INSTEAD_OF } from "./network-acl-container.ts";
import type { ContainerKind } from "./subnet-swap.ts";

/** A route table with the VPC's local routes only, in the place of the one that serves a subnet. */
export function localTable({ aws: { ec2 }, settings }: StepContext): ContainerKind {
  return {
    async present(subnetId) {
      const subnet = (await subnetsById(ec2, [subnetId])).find(({ id }) => id === subnetId);
      if (subnet === undefined) return null;
      const table = routeTableOf(await routeTablesOf(ec2, [subnet.vpcId]), subnet);
      if (table === null) return null;
      return { vpcId: subnet.vpcId, id: table.id, associationId: table.associations[subnetId] ?? null };
    },
    create: ({ vpcId, token, insteadOf }) =>
      createRouteTable(ec2, {
        vpcId,
        token,
        tags: [
          { Key: "cordon:managed", Value: "true" },
          { Key: INSTEAD_OF, Value: insteadOf },
          { Key: "Purpose", Value: settings.purpose },
        ],
      }),
    async point(subnetId, { associationId }, tableId) {
      if (associationId === null)
        return (await associateRouteTable(ec2, { subnetId, tableId })) === "associated" ? "done" : "stale";
      return (await replaceRouteTableAssociation(ec2, { associationId, tableId })) === "replaced" ? "done" : "stale";
    },
    async unpoint({ associationId }) {
      if (associationId !== null) await disassociateRouteTable(ec2, associationId);
    },
    remove: (id) => deleteRouteTable(ec2, id),
  };
}
