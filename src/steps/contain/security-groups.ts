import { z } from "zod";
import { ifReadable } from "../../aws/if-readable.ts";
import { findInstance } from "../../aws/instances.ts";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { findInterface, interfacesOf, setGroups, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { type Change, sameSet } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectSame, type IsolationLevel, type StepContext } from "../../core/step.ts";
import { spoiledIn } from "../protect/spoiled-groups.ts";
import { readRulesAtCut, type RulesAtCut, rulesAtCutOf, unknownRules } from "./rules-at-cut.ts";

const groups = z.array(z.string()).min(1);

/**
 * Seals the instance: every interface gets the prepared group of its VPC and nothing else.
 *
 * Three levels. `sealed` lets nothing through. `evidence` leaves HTTPS to the endpoints of Systems Manager and to S3, for
 * collecting. `forensic` (also `forensic-access`) leaves SSH, or remote desktop on Windows, from forensic workstations, and
 * nothing outwards. Only `sealed` counts as contained; the others need their groups made before, by `setup --level`.
 *
 * Every interface, because each has its own groups: one left alone is a way out.
 * (The call for the whole instance refuses an instance with two.)
 * It plans again once its changes are verified, until nothing is new: an intruder may attach one meanwhile.
 *
 * Does not cut flows that AWS already tracks: security groups are stateful.
 * `contain.remote-addresses` and `contain.tracked-connections` do that.
 *
 * The rules of the old groups are read beside the swap and kept: they say which flows AWS may go on tracking, whatever
 * becomes of those groups later. Where they cannot be known as of the swap, the proof takes any flow for possible.
 */
export const securityGroups = defineStep({
  id: "contain.security-groups",
  title: "Seal every network interface",
  seals: true,
  reversible: "exactly",
  enabledBy: "protect.prepared-groups",
  plansUntilQuiet: true,
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeInstances",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeTrunkInterfaceAssociations",
        "ec2:DescribeVpcEndpoints",
      ],
      run: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroupRules", "ec2:ModifyNetworkInterfaceAttribute"],
      verify: ["ec2:DescribeNetworkInterfaces"],
      revert: ["ec2:DescribeNetworkInterfaces", "ec2:ModifyNetworkInterfaceAttribute"],
    },
  },
  input: z.strictObject({ level: z.enum(["sealed", "evidence", "forensic", "forensic-access"]).default("sealed") }),
  change: { before: groups, after: groups },

  async plan({ aws, target, prepared, outcomes }, { level: asked }) {
    const level = await groupLevel(aws.ec2, target.instanceId, asked);
    const [attached, groupOf] = await Promise.all([interfacesOf(aws.ec2, target.instanceId), prepared.groups(level)]);
    // What is attached is sealed first; the plan that follows looks for what shares a trunk, which takes two calls more.
    const isFirst = (outcomes["contain.security-groups"] ?? []).length === 0;
    const hasWork = attached.some(
      ({ managedBy, groupIds, vpcId }) => managedBy === null && !isIn(groupIds, groupOf(vpcId)),
    );
    const { branches, unlisted } =
      isFirst && hasWork ? { branches: [], unlisted: [] } : await branchesOf(aws.ec2, attached);
    const interfaces = [...attached, ...branches];
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId: target.instanceId });

    const sealedGroup = ({ vpcId }: NetworkInterface): string => {
      const group = groupOf(vpcId);
      if (group === null) throw new Refusal("prepared_group_missing", { vpcId, level });
      return group;
    };
    return {
      changes: interfaces
        .filter(({ managedBy }) => managedBy === null)
        .map((one) => ({
          resource: one.id,
          attribute: "groups",
          before: [...one.groupIds],
          after: [sealedGroup(one)],
          approves: { level },
          ofTarget: true,
        }))
        .filter(({ before, after }) => !sameSet(before, after)),
      left: [
        ...interfaces.flatMap(({ id, managedBy }) =>
          managedBy === null ? [] : [{ resource: id, reason: `managed by ${managedBy}: only its owner may change it` }],
        ),
        ...unlisted.map((id) => ({
          resource: id,
          reason: "the branch interfaces that share this trunk could not be listed",
        })),
        ...spoiledIn(groupOf, interfaces),
      ],
    };
  },

  async run(context, change) {
    const [rules] = await Promise.all([
      rulesBefore(context, change),
      setGroups(context.aws.ec2, change.resource, change.after),
    ]);
    return done(rules);
  },

  async verify({ aws }, { resource, after }) {
    const seen = await findInterface(aws.ec2, resource);
    return expectSame(`groups of ${resource}`, after, seen?.groupIds ?? []);
  },

  async revert({ aws }, { resource, before, after }) {
    const seen = await findInterface(aws.ec2, resource);
    if (seen === null) return done(); // Its groups went with it.
    if (sameSet(seen.groupIds, before)) return done(); // Never ran, or reverted already.
    if (!sameSet(seen.groupIds, after)) {
      throw new Refusal("changed_since", { resource, expected: after.join(), observed: seen.groupIds.join() });
    }
    await setGroups(aws.ec2, resource, before);
    return done();
  },
});

/** Whether an interface has one group and no other. */
function isIn(groupIds: readonly string[], group: string | null): boolean {
  return groupIds.length === 1 && groupIds[0] === group;
}

/** `forensic-access` is another name of `forensic`, which is remote desktop instead of SSH where the system is Windows. */
async function groupLevel(
  ec2: StepContext["aws"]["ec2"],
  instanceId: string,
  asked: "sealed" | "evidence" | "forensic" | "forensic-access",
): Promise<IsolationLevel> {
  if (asked === "sealed" || asked === "evidence") return asked;
  const instance = await findInstance(ec2, instanceId);
  return instance?.isWindows === true ? "forensic-windows" : "forensic";
}

/** So soon after the case was opened, the rules of the old groups count as those of the swap. */
const SOON_MS = 60_000;

/**
 * What the groups let through at the swap, which is sent together with this. The first swap of an interface finds them as
 * they were; a repeated one looks whether it came first, because the rules may have been changed behind an earlier one.
 */
async function rulesBefore(
  { aws, attempt, outcomes, now, case: { openedAt } }: StepContext,
  { id, step, resource, before, after }: Change<string[], string[]>,
): Promise<RulesAtCut> {
  const own = (outcomes[step] ?? []).find(({ change }) => change.id === id);
  const kept = rulesAtCutOf(own?.outcome ?? null);
  if (attempt === 1 && kept === null) return readRulesAtCut(aws, before);
  const [seen, rules] = await Promise.all([ifReadable(findInterface(aws.ec2, resource)), readRulesAtCut(aws, before)]);
  const groupIds = seen?.groupIds ?? [];
  const isSealed = sameSet(groupIds, after);
  if (kept !== null) return isSealed ? kept : unknownRules("somebody changed its groups after it had been sealed");
  if (sameSet(groupIds, before) || (isSealed && now - openedAt <= SOON_MS)) return rules;
  return unknownRules("it had been sealed for a while before the rules of its groups were read");
}
