import { z } from "zod";
import { associateProfile, associationsOf, disassociateProfile, isLive } from "../../aws/instance-profiles.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, later } from "../../core/step.ts";

const profile = z.strictObject({ arn: z.string(), name: z.string() });

/**
 * Takes the instance profile away, so that the instance gets no new credentials.
 *
 * Credentials that were issued before go on working, here and wherever they were copied: `contain.role-sessions` ends those.
 */
export const instanceProfile = defineStep({
  id: "contain.instance-profile",
  title: "Take the instance profile away",
  reversible: "equivalently",
  notRestored: "The same profile is associated again; AWS gives the association a new id.",
  waitsForPlansOf: ["contain.role-sessions"], // It learns the role from the association that goes away here.
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations"],
      run: ["ec2:DescribeIamInstanceProfileAssociations", "ec2:DisassociateIamInstanceProfile"],
      verify: ["ec2:DescribeIamInstanceProfileAssociations"],
      revert: ["ec2:AssociateIamInstanceProfile", "ec2:DescribeIamInstanceProfileAssociations", "iam:PassRole"],
    },
  },
  input: z.strictObject({}),
  change: { before: profile, after: z.null() },

  async plan({ aws, target: { instanceId } }) {
    const association = (await associationsOf(aws.ec2, instanceId)).find(isLive);
    if (association === undefined) {
      return { changes: [], left: [{ resource: instanceId, reason: "it has no instance profile" }] };
    }
    const before = { arn: association.arn, name: association.name };
    return {
      changes: [{ resource: instanceId, attribute: "instance-profile", before, after: null, ofTarget: true }],
      left: [],
    };
  },

  async run({ aws }, { resource, before }) {
    const association = (await associationsOf(aws.ec2, resource)).find(isLive);
    if (association === undefined) return done(); // An earlier attempt took it away.
    if (association.arn !== before.arn) {
      throw new Refusal("changed_since", { resource, expected: before.arn, observed: association.arn });
    }
    await disassociateProfile(aws.ec2, association.associationId);
    return done();
  },

  async verify({ aws }, { resource }) {
    const associations = await associationsOf(aws.ec2, resource);
    const observed = associations.map(({ arn, state }) => `${arn} (${state})`);
    return expectThat(`instance profile of ${resource}`, associations.length === 0, { expected: [], observed });
  },

  async revert({ aws }, { resource, before }) {
    const associations = await associationsOf(aws.ec2, resource);
    const live = associations.find(isLive);
    if (live?.arn === before.arn) return done(); // Never ran, or reverted already.
    if (live !== undefined) {
      throw new Refusal("changed_since", { resource, expected: "no instance profile", observed: live.arn });
    }
    // AWS refuses a second association while the first one is on its way out.
    if (associations.length > 0) return later(null, { afterMs: 2_000, withinMs: 60_000 });
    await associateProfile(aws.ec2, resource, before.arn);
    return done();
  },
});
