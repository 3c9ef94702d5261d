import {
  aclsOfSubnets,
  createAcl,
  deleteAcl,
  findAcl,
  replaceAclAssociation,
  type NetworkAcl,
} from "../../aws/network-acls.ts";
import type { Sender } from "../../aws/sender.ts";
import type { StepContext } from "../../core/step.ts";
import type { ContainerKind } from "./subnet-swap.ts";

/** A network ACL without entries, which denies everything, in the place of a subnet's own. A subnet always has exactly one. */
export function emptyAcl({ aws: { ec2 }, settings }: StepContext): ContainerKind {
  return {
    async present(subnetId) {
      const acl = (await aclsOfSubnets(ec2, [subnetId])).find(({ subnetIds }) => subnetIds.includes(subnetId));
      const associationId = acl?.associations[subnetId];
      return acl === undefined || associationId === undefined ? null : { vpcId: acl.vpcId, id: acl.id, associationId };
    },
    create: ({ vpcId, token, insteadOf }) =>
      createAcl(ec2, {
        vpcId,
        token,
        tags: [
          { Key: "cordon:managed", Value: "true" },
          { Key: INSTEAD_OF, Value: insteadOf },
          { Key: "Purpose", Value: settings.purpose },
        ],
      }),
    async point(_subnetId, { associationId }, aclId) {
      if (associationId === null) return "stale";
      return (await replaceAclAssociation(ec2, { associationId, aclId })) === "replaced" ? "done" : "stale";
    },
    unpoint: () => Promise.resolve(), // There is no subnet without an association.
    remove: (id) => deleteAcl(ec2, id),
  };
}

/**
 * The tag that says which container ours stands in for. It finds, and never decides: whoever plans on ours plans on the one
 * that it names as well.
 */
export const INSTEAD_OF = "cordon:instead-of";

/**
 * Adds the NACLs in whose place ours stand, by the tag: they come back when the case that made ours ends, and what another
 * case denies must be denied there too.
 */
export async function withThoseBehind(ec2: Sender, acls: readonly NetworkAcl[]): Promise<readonly NetworkAcl[]> {
  const ids = acls.flatMap(({ tags }) => tags[INSTEAD_OF] ?? []).filter((id) => id.startsWith("acl-"));
  if (ids.length === 0) return acls;
  const found = await Promise.all([...new Set(ids)].map((id) => findAcl(ec2, id)));
  const behind = found.filter((acl) => acl !== null);
  const vpcIds = new Set(acls.map(({ vpcId }) => vpcId));
  return [...new Map([...acls, ...behind].map((acl) => [acl.id, acl])).values()].filter(({ vpcId }) =>
    vpcIds.has(vpcId),
  );
}
