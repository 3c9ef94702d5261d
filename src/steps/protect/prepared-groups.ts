import { z } from "zod";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { rulesOfLevel } from "../../aws/level-rules.ts";
import { createGroup, faultOf, findGroup, writeRules, type GroupRule } from "../../aws/security-groups.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, type GroupOf, type IsolationLevel, type StepContext } from "../../core/step.ts";
import { spoiledIn } from "./spoiled-groups.ts";

const level = z.enum(["sealed", "open", "evidence", "workstation", "forensic", "forensic-windows"]);

/** Sealed first: it is the one that the cut waits for. */
const FOR_THE_CUT: readonly IsolationLevel[] = ["sealed", "open"];

const descriptions: Readonly<Record<IsolationLevel, string>> = {
  sealed: "Cordon made it: lets nothing in or out. For the interfaces of isolated instances. Add no rules.",
  open: "Cordon made it: lets everything in and out. An isolated instance has it for a minute, to drop tracked flows.",
  evidence: "Cordon made it: only HTTPS to the endpoints of Systems Manager and to S3. For collecting. Add no rules.",
  workstation:
    "Cordon made it: lets nothing in. For forensic workstations, which alone reach instances under forensics.",
  forensic: "Cordon made it: only SSH from forensic workstations. Add no rules.",
  "forensic-windows": "Cordon made it: only remote desktop from forensic workstations. Add no rules.",
};

/**
 * Makes the prepared groups of some levels in every VPC in which the instance has an interface: the two that the cut needs,
 * where nothing else is asked for. A forensic level brings the group of the workstations with it.
 *
 * `setup` makes them ahead of time; this step is for the VPC that nobody thought of. The groups go on no interface here.
 * They stay when the case is released, so that the next one finds them.
 *
 * A recorded group whose rules somebody changed counts as missing, and is named: a fresh one takes its place.
 *
 * A new group lets everything out. It counts only once its rules were read back and are what its level asks for.
 */
export const preparedGroups = defineStep({
  id: "protect.prepared-groups",
  title: "Make the prepared groups of each VPC",
  seals: true,
  reversible: "no",
  notRestored: "The groups stay for the next case. They are on no interface, and hold nothing.",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcEndpoints",
      ],
      run: [
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeManagedPrefixLists",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeVpcEndpoints",
        "ec2:RevokeSecurityGroupEgress",
      ],
      verify: ["ec2:DescribeManagedPrefixLists", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcEndpoints"],
    },
  },
  input: z.strictObject({ levels: z.array(level).min(1).optional() }),
  change: { before: z.null(), after: z.strictObject({ level, name: z.string() }) },

  async plan({ aws, target, prepared, nonce }, { levels: asked = FOR_THE_CUT }) {
    const levels = withWorkstations(asked);
    const [interfaces, ...found] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      ...levels.map(async (each) => ({
        level: each,
        groupOf: await prepared.groups(each),
        rulesOf: await rulesOfLevel(aws.ec2, each, () => prepared.groups("workstation")),
      })),
    ]);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId: target.instanceId });

    const vpcs = [...new Set(interfaces.filter(({ managedBy }) => managedBy === null).map(({ vpcId }) => vpcId))];
    const lacking = vpcs.flatMap((vpcId) =>
      found.filter(({ groupOf }) => groupOf(vpcId) === null).map((each) => ({ ...each, vpcId })),
    );
    // What a forensic level leads to is made beside it; what the evidence level leads to is there, or not.
    const isPossible = ({ level: each, rulesOf, vpcId }: (typeof lacking)[number]): boolean =>
      each !== "evidence" || rulesOf(vpcId) !== null;
    return {
      changes: lacking.filter(isPossible).map(({ level: each, vpcId, groupOf }) => ({
        resource: vpcId,
        attribute: each,
        before: null,
        after: { level: each, name: freeName(`cordon-${each}-${nonce.slice(0, 8)}`, groupOf) },
      })),
      left: [
        ...found.flatMap(({ groupOf }) => spoiledIn(groupOf, interfaces)),
        ...lacking
          .filter((each) => !isPossible(each))
          .map(({ vpcId }) => ({
            resource: vpcId,
            reason: "it has no endpoints of Systems Manager: sealing will end collection on the instance",
          })),
      ],
    };
  },

  async run({ aws, settings, prepared }, { resource, after }) {
    const rules = await rulesIn(aws.ec2, prepared, { level: after.level, vpcId: resource });
    const groupId = await createGroup(aws.ec2, {
      vpcId: resource,
      name: after.name,
      description: descriptions[after.level],
      tags: { "cordon:managed": "true", "cordon:prepared": after.level, Purpose: settings.purpose },
    });
    await writeRules(aws.ec2, groupId, { level: after.level, rules });
    return done({ groupId });
  },

  async verify({ aws, prepared }, { resource, after }, outcome) {
    const { groupId } = made.parse(outcome);
    const [group, rules] = await Promise.all([
      findGroup(aws.ec2, groupId),
      rulesIn(aws.ec2, prepared, { level: after.level, vpcId: resource }),
    ]);
    const fault = group === null ? "AWS does not show it yet" : faultOf(group, after.level, rules);
    return expectThat(`rules of ${groupId} in ${resource}`, fault === null, {
      expected: after.level,
      observed: fault ?? after.level,
    });
  },

  revert() {
    return Promise.resolve(done());
  },
});

/** A forensic group lets workstations in: theirs is made first. */
function withWorkstations(asked: readonly IsolationLevel[]): readonly IsolationLevel[] {
  const needsThem = asked.some((each) => each.startsWith("forensic"));
  return [...new Set([...(needsThem ? (["workstation"] as const) : []), ...asked])];
}

/** @throws CordonError `propagation_pending` while the VPC lacks what they lead to: it may be made beside this. */
async function rulesIn(
  ec2: StepContext["aws"]["ec2"],
  prepared: StepContext["prepared"],
  { level: each, vpcId }: { readonly level: IsolationLevel; readonly vpcId: string },
): Promise<readonly GroupRule[]> {
  const rulesOf = await rulesOfLevel(ec2, each, () => prepared.groups("workstation"));
  const rules = rulesOf(vpcId);
  if (rules === null) throw new CordonError("propagation_pending", { resource: vpcId });
  return rules;
}

/** A group that this case made earlier and somebody changed since keeps its name: the fresh one needs another. */
function freeName(name: string, { spoiled }: GroupOf): string {
  const taken = new Set(spoiled.map((group) => group.name));
  let free = name;
  for (let turn = 2; taken.has(free); turn++) free = `${name}-${turn}`;
  return free;
}

const made = z.strictObject({ groupId: z.string() });
