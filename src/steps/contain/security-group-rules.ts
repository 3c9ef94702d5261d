import { z } from "zod";
import { authorizeRule, revokeRules, rulesOfGroup, type GroupRule } from "../../aws/group-rules.ts";
import { usersOfGroup } from "../../aws/group-users.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { membersInWords } from "../../aws/subnet-members.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { defineSharedStep, expectThat, type Ledger, type StepContext } from "../../core/step.ts";

const peer = z.union([
  z.strictObject({ kind: z.enum(["ipv4", "ipv6"]), cidr: z.string() }),
  z.strictObject({ kind: z.literal("prefixList"), id: z.string() }),
  z.strictObject({ kind: z.literal("group"), id: z.string(), account: z.string().nullable() }),
]);

const rule = z.strictObject({
  id: z.string(),
  direction: z.enum(["ingress", "egress"]),
  protocol: z.string(),
  ports: z.strictObject({ from: z.int(), to: z.int() }).nullable(),
  peer,
  description: z.string().nullable(),
  tags: z.record(z.string(), z.string()),
});

/** Rules that we took out, to be written again. */
const record = z.array(rule);

/** An outcome or a `before` holds 16 KiB: larger groups are counted there, and kept whole in the ledger. */
const MOST_RULES_SHOWN = 30;

/**
 * Empties the security groups that the instance has, instead of giving it others.
 *
 * For where the groups must not change: who else has them loses the same rules, and stands in the plan. Flows that AWS
 * tracks live on, as with any change of groups.
 *
 * The release writes every rule again as it was: ports, protocol, block, prefix list or group, description and tags.
 */
export const securityGroupRules = defineSharedStep({
  id: "contain.security-group-rules",
  title: "Empty the security groups of the instance",
  reversible: "equivalently",
  notRestored: "The same rules are written again; AWS gives each a new id.",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules"],
      reconcile: [
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
      ],
      verify: ["ec2:DescribeSecurityGroupRules"],
    },
  },
  input: z.strictObject({}),
  change: {
    before: z.strictObject({ count: z.int(), rules: z.array(rule) }),
    after: z.strictObject({ rules: z.literal("none") }),
  },

  async plan({ aws, target: { instanceId } }) {
    const interfaces = await interfacesOf(aws.ec2, instanceId);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
    const groups = [...new Set(interfaces.flatMap(({ groupIds }) => groupIds))];
    const changes = groups.map(async (resource) => {
      const [rules, users] = await Promise.all([
        rulesOfGroup(aws.ec2, resource),
        usersOfGroup(aws.ec2, resource, instanceId),
      ]);
      const what = `Whoever has ${resource} loses its ${rules.length} rules: ${membersInWords(users)}.`;
      return {
        resource,
        attribute: "rules",
        before: { count: rules.length, rules: rules.slice(0, MOST_RULES_SHOWN).map(kept) },
        after: { rules: "none" as const },
        claim: { member: "rules" },
        blastRadius: { what, resources: users.instances },
      };
    });
    return { changes: await Promise.all(changes), left: [] };
  },

  reconcile: reconcileRules,

  async verify({ aws }, { resource }) {
    const rules = await rulesOfGroup(aws.ec2, resource);
    return expectThat(`rules of ${resource}`, rules.length === 0, { expected: [], observed: rules.map(inWords) });
  },
});

/** Keeps the group empty while anybody claims it, and writes its rules again with the last claim. */
async function reconcileRules({ aws }: StepContext, groupId: string, ledger: Ledger): Promise<Json> {
  const ours = ledger.ours === null ? [] : record.parse(ledger.ours);
  if (ledger.claims.length === 0) {
    // What is there already, by an earlier attempt or by hand, counts as written.
    await Promise.all(ours.map((each) => authorizeRule(aws.ec2, groupId, each)));
    return { taken: 0 };
  }
  const present = await rulesOfGroup(aws.ec2, groupId);
  const fresh = present.filter(({ id }) => !ours.some((known) => known.id === id));
  const all = [...ours, ...fresh.map(kept)];
  if (ledger.ours === null || fresh.length > 0)
    await ledger.save({ original: ledger.original ?? present.map(kept), ours: all });
  const revoked = await Promise.all(
    (["ingress", "egress"] as const).map((direction) => {
      const ids = present.filter((each) => each.direction === direction).map(({ id }) => id);
      return revokeRules(aws.ec2, groupId, { direction, ids });
    }),
  );
  if (revoked.includes("stale")) throw new CordonError("propagation_pending", { resource: groupId });
  return { taken: all.length };
}

function kept(each: GroupRule): z.infer<typeof rule> {
  return rule.parse(each);
}

function inWords({ direction, protocol, ports, peer: other }: GroupRule): string {
  const where = "cidr" in other ? other.cidr : other.id;
  const what = protocol === "-1" ? "all protocols" : protocol;
  return `${direction} ${what}${ports === null ? "" : ` ${ports.from} to ${ports.to}`} ${where}`;
}
