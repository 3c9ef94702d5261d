import { z } from "zod";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { createGroup, faultOf, findGroup, writeRules } from "../../aws/security-groups.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, type GroupOf, type IsolationLevel } from "../../core/step.ts";
import { spoiledIn } from "./spoiled-groups.ts";

const level = z.enum(["sealed", "open"]);

/** Sealed first: it is the one that the cut waits for. */
const levels: readonly IsolationLevel[] = ["sealed", "open"];

const descriptions: Readonly<Record<IsolationLevel, string>> = {
  sealed: "Cordon made it: lets nothing in or out. For the interfaces of isolated instances. Add no rules.",
  open: "Cordon made it: lets everything in and out. An isolated instance has it for a minute, to drop tracked flows.",
};

/**
 * Makes the two groups that the cut needs in every VPC in which the instance has an interface.
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
      plan: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups"],
      run: [
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupEgress",
      ],
      verify: ["ec2:DescribeSecurityGroups"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.null(), after: z.strictObject({ level, name: z.string() }) },

  async plan({ aws, target, prepared, nonce }) {
    const [interfaces, sealedOf, openOf] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      prepared.groups("sealed"),
      prepared.groups("open"),
    ]);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId: target.instanceId });

    const groupOf = { sealed: sealedOf, open: openOf };
    const vpcs = [...new Set(interfaces.filter(({ managedBy }) => managedBy === null).map(({ vpcId }) => vpcId))];
    const lacking = vpcs.flatMap((vpcId) =>
      levels.filter((each) => groupOf[each](vpcId) === null).map((each) => ({ vpcId, level: each })),
    );
    return {
      changes: lacking.map((each) => ({
        resource: each.vpcId,
        attribute: each.level,
        before: null,
        after: { level: each.level, name: freeName(`cordon-${each.level}-${nonce.slice(0, 8)}`, groupOf[each.level]) },
      })),
      left: [...spoiledIn(sealedOf, interfaces), ...spoiledIn(openOf, interfaces)],
    };
  },

  async run({ aws, settings }, { resource, after }) {
    const groupId = await createGroup(aws.ec2, {
      vpcId: resource,
      name: after.name,
      description: descriptions[after.level],
      tags: { "cordon:managed": "true", "cordon:prepared": after.level, Purpose: settings.purpose },
    });
    await writeRules(aws.ec2, groupId, after.level);
    return done({ groupId });
  },

  async verify({ aws }, { resource, after }, outcome) {
    const { groupId } = made.parse(outcome);
    const group = await findGroup(aws.ec2, groupId);
    const fault = group === null ? "AWS does not show it yet" : faultOf(group, after.level);
    return expectThat(`rules of ${groupId} in ${resource}`, fault === null, {
      expected: after.level,
      observed: fault ?? after.level,
    });
  },

  revert() {
    return Promise.resolve(done());
  },
});

/** A group that this case made earlier and somebody changed since keeps its name: the fresh one needs another. */
function freeName(name: string, { spoiled }: GroupOf): string {
  const taken = new Set(spoiled.map((group) => group.name));
  let free = name;
  for (let turn = 2; taken.has(free); turn++) free = `${name}-${turn}`;
  return free;
}

const made = z.strictObject({ groupId: z.string() });
