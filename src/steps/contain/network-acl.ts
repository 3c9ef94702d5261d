import { z } from "zod";
import { aclsOfSubnets, findAcl, type NetworkAcl } from "../../aws/network-acls.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { membersInWords, membersOfSubnets } from "../../aws/subnet-members.ts";
import { subnetsOfVpcs } from "../../aws/vpc-subnets.ts";
import type { ChangeDraft } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineSharedStep, expectThat, type Verification } from "../../core/step.ts";
import { reconcileNetworkAcl } from "./network-acl-claims.ts";
import { emptyAcl, INSTEAD_OF, withThoseBehind } from "./network-acl-container.ts";
import { EVERYWHERE } from "./network-acl-everything.ts";
import { roomFor, type Displaced, type WhenFull } from "./network-acl-room.ts";
import { directions, isAllDenied } from "./remote-addresses-entries.ts";
import { reconcileSwap } from "./subnet-swap.ts";

const whenFull = z.enum(["renumber", "remove-least", "new-acl", "refuse"]);

const after = z.strictObject({
  action: z.literal("deny-everything"),
  whenFull,
  /** What makes room, as the plan sees it: rules that move or go until the release. */
  makesRoom: z.array(z.string()),
});

type After = z.infer<typeof after>;

/** AWS's default; raised quotas are not readable here, and then nothing needs to make room. https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html */
const ENTRIES_PER_DIRECTION = 20;

/**
 * Denies everything in the network ACLs of the instance's subnets: both ways, both families, below every rule that allows.
 *
 * Network ACLs are stateless: this cuts at once, also flows that AWS tracks, and behind a NAT gateway. It hits everybody in
 * those subnets, who all stand in the plan. It does not cut what stays inside a subnet, nor what AWS filters nowhere.
 *
 * Where no two numbers are free below the first allow, or the NACL holds as many rules as its quota allows, `whenFull` says
 * what makes room until the release: `renumber` moves rules up, `remove-least` takes out allows, which do nothing below a
 * deny of everything, `new-acl` moves the subnets to an empty NACL of our own, `refuse` leaves it.
 */
export const networkAcl = defineSharedStep({
  id: "contain.network-acl",
  title: "Deny everything in the network ACLs",
  reversible: "equivalently",
  notRestored: "With `new-acl`, the subnets are associated with their NACLs again under new association ids.",
  sharesLedgerOf: "contain.remote-addresses",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"],
      reconcile: [
        "ec2:CreateNetworkAcl",
        "ec2:CreateNetworkAclEntry",
        "ec2:CreateTags",
        "ec2:DeleteNetworkAcl",
        "ec2:DeleteNetworkAclEntry",
        "ec2:DescribeNetworkAcls",
        "ec2:ReplaceNetworkAclAssociation",
      ],
      verify: ["ec2:DescribeNetworkAcls"],
    },
  },
  input: z.strictObject({
    scope: z.enum(["subnet", "vpc"]).default("subnet"),
    whenFull: whenFull.default("refuse"),
  }),
  change: { before: z.null(), after },

  async plan({ aws, target }, { scope, whenFull: wayOut }) {
    const { instanceId } = target;
    const interfaces = await interfacesOf(aws.ec2, instanceId);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
    const subnets =
      scope === "vpc"
        ? (
            await subnetsOfVpcs(
              aws.ec2,
              interfaces.map(({ vpcId }) => vpcId),
            )
          ).map(({ id }) => id)
        : [...new Set(interfaces.map(({ subnetId }) => subnetId))];
    const serving = await aclsOfSubnets(aws.ec2, subnets);
    const acls = wayOut === "new-acl" ? serving : await withThoseBehind(aws.ec2, serving);
    const changes = await Promise.all(
      acls.map(async (acl): Promise<readonly ChangeDraft<null, After>[]> => {
        // Where another case has moved them already, this one holds them there as well.
        const isOurs = wayOut === "new-acl" && acl.tags[INSTEAD_OF] !== undefined;
        const room = isOurs ? null : roomIn(acl, wayOut);
        const isMoved = room === null;
        const hit = isMoved ? acl.subnetIds.filter((id) => subnets.includes(id)) : acl.subnetIds;
        const what = `Every subnet of ${acl.id}: ${hit.join(", ")}`;
        const resources = isMoved ? hit : [acl.id];
        return Promise.all(
          resources.map(async (resource) => {
            const subnetIds = isMoved ? [resource] : hit;
            const members = await membersOfSubnets(aws.ec2, subnetIds, instanceId);
            return {
              resource,
              attribute: "everything",
              before: null,
              after: { action: "deny-everything", whenFull: wayOut, makesRoom: [...(room ?? [])] },
              approves: { action: "deny-everything", whenFull: wayOut },
              claim: { member: "everything" },
              blastRadius: {
                what: `${isMoved ? `Subnet ${resource}` : what} is cut off: ${membersInWords(members)} in it.`,
                resources: members.instances,
              },
            };
          }),
        );
      }),
    );
    const missing = subnets.filter((id) => !serving.some(({ subnetIds }) => subnetIds.includes(id)));
    return {
      changes: changes.flat(),
      left: missing.map((resource) => ({ resource, reason: "AWS showed no network ACL for this subnet" })),
    };
  },

  reconcile(context, resource, ledger) {
    return isSubnet(resource)
      ? reconcileSwap(context, { subnetId: resource, ledger, kind: emptyAcl(context) })
      : reconcileNetworkAcl(context, resource, ledger);
  },

  async verify({ aws }, { resource }) {
    const acl = isSubnet(resource)
      ? ((await aclsOfSubnets(aws.ec2, [resource])).find(({ subnetIds }) => subnetIds.includes(resource)) ?? null)
      : await findAcl(aws.ec2, resource);
    return verifyDenied(resource, acl);
  },
});

/** A NACL that is gone, one of our own that was taken back, filters no subnet. */
function verifyDenied(resource: string, acl: NetworkAcl | null): Verification {
  const isBlind = acl === null && isSubnet(resource);
  const open = directions.flatMap((way) =>
    EVERYWHERE.filter((cidr) => isBlind || (acl !== null && !isAllDenied(acl.entries, way, cidr))).map(
      (cidr) => `${way} ${cidr}`,
    ),
  );
  const observed = open.length === 0 ? "denied both ways" : `not denied: ${open.join(", ")}`;
  return expectThat(`everything in ${resource}`, open.length === 0, { expected: "denied both ways", observed });
}

/** What makes room in a NACL, in words; null where nothing does. */
function roomIn({ id, entries }: NetworkAcl, wayOut: WhenFull): readonly string[] | null {
  const words: string[] = [];
  for (const way of directions) {
    const own = entries.filter(({ direction, number }) => direction === way && number <= HIGHEST_NUMBER);
    // Under our own denies already: whoever holds it has made room.
    if (EVERYWHERE.every((cidr) => isAllDenied(own, way, cidr) && own.some((entry) => entry.cidr === cidr))) continue;
    const spare = own.length > ENTRIES_PER_DIRECTION ? Infinity : ENTRIES_PER_DIRECTION - own.length;
    const room = roomFor(own, { whenFull: wayOut, spare });
    if (room === null && wayOut === "new-acl") return null;
    if (room === null) {
      const reason = `its ${way} rules leave no room below the first allow; whenFull "renumber", "remove-least" or "new-acl" makes some`;
      throw new Refusal("claim_conflict", { resource: id, reason });
    }
    words.push(...room.displaced.map((each) => inWords(each)));
  }
  return words;
}

const HIGHEST_NUMBER = 32_766;

function inWords({ entry: { direction, number, action, cidr }, to }: Displaced): string {
  return `${direction} rule ${number} (${action} ${cidr}) ${to === null ? "goes until the release" : `has number ${to} until the release`}`;
}

function isSubnet(resource: string): boolean {
  return resource.startsWith("subnet-");
}
