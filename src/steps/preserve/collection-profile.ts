import { z } from "zod";
import {
  associateProfile,
  associationsOf,
  disassociateProfile,
  isLive,
  profileArn,
  replaceProfile,
} from "../../aws/instance-profiles.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, later } from "../../core/step.ts";

const input = z.strictObject({
  profile: z
    .string()
    .min(1)
    .max(128)
    .optional()
    .describe("Name of the restricted profile; `collectionProfile` of the configuration where left out."),
  seconds: z.int().min(30).max(7200).default(600).describe("How long it stays at most."),
});

const profile = z.strictObject({ arn: z.string(), name: z.string() });

/** The profile that is there meanwhile, and for how long at most. */
const restricted = profile.extend({ seconds: z.number() });

/** How long taking it away may be tried, once it is due. */
const CLOSE_WITHIN_MS = 24 * 3_600_000;

/**
 * Gives the instance a restricted profile while it is collected from: one that lets the agent of Systems Manager work, and
 * no more. Made to stand around the stage that collects.
 *
 * The profile that the instance has is taken away in the same call, and the restricted one goes when the collecting has
 * ended, at the latest in its time, and first of all after a crash. That it is gone is verified. The original does not come
 * back then, but on release only.
 *
 * Credentials that were issued meanwhile live on for hours, and whoever rules the host has them: `contain.role-sessions`
 * ends them, with those of the original. The agent may go on with the original's credentials while these still work.
 */
export const collectionProfile = defineStep({
  id: "preserve.collection-profile",
  title: "Lend a restricted profile for collecting",
  reversible: "equivalently",
  notRestored: "The same profile is associated again; AWS gives the association a new id.",
  brackets: true,
  settlesWithinMs: 60_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations", "iam:GetInstanceProfile"],
      run: [
        "ec2:AssociateIamInstanceProfile",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DisassociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
        "iam:PassRole",
      ],
      verify: ["ec2:DescribeIamInstanceProfileAssociations"],
      revert: [
        "ec2:AssociateIamInstanceProfile",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DisassociateIamInstanceProfile",
        "iam:PassRole",
      ],
    },
  },
  input,
  change: { before: profile.nullable(), after: restricted },

  async plan({ aws, outcomes, settings, target: { instanceId } }, { profile: wanted, seconds }) {
    const leave = (reason: string) => ({ changes: [], left: [{ resource: instanceId, reason }] });
    const name = wanted ?? settings.collectionProfile ?? null;
    if (name === null)
      return leave(
        "no restricted profile is configured (`collectionProfile`): what is collected relies on what the instance has",
      );
    const [associations, arn] = await Promise.all([associationsOf(aws.ec2, instanceId), profileArn(aws.iam, name)]);
    if (arn === null)
      return leave(
        `the account has no instance profile ${name} with a role: what is collected relies on what the instance has`,
      );
    const known = outcomes["preserve.collection-profile"]?.find(({ state }) => state !== "planned");
    if (known !== undefined) return { changes: [], left: [] }; // Lent once, and not again.
    const present = associations.find(isLive);
    // One that was left behind is no original: it is taken away for good.
    const before = present === undefined || present.arn === arn ? null : { arn: present.arn, name: present.name };
    const after = { arn, name, seconds };
    return {
      changes: [{ resource: instanceId, attribute: "instance-profile", before, after, ofTarget: true }],
      left: [],
    };
  },

  async run({ aws }, { resource, before, after }, progress) {
    const associations = await associationsOf(aws.ec2, resource);
    const live = associations.find(isLive);
    if (progress !== null) {
      // Another one that somebody put there meanwhile is not this step's to take away.
      if (live?.arn === after.arn) await disassociateProfile(aws.ec2, live.associationId);
      return done({ takenBack: after.arn });
    }
    if (live !== undefined && live.arn !== after.arn) {
      if (live.arn !== before?.arn)
        throw new Refusal("changed_since", {
          resource,
          expected: before?.arn ?? "no instance profile",
          observed: live.arn,
        });
      await replaceProfile(aws.ec2, live.associationId, after.arn);
    } else if (live === undefined) {
      // AWS refuses an association while another is on its way out.
      if (associations.length > 0) throw new CordonError("propagation_pending", { resource });
      await associateProfile(aws.ec2, resource, after.arn);
    }
    const afterMs = after.seconds * 1000;
    return later({ lent: after.arn }, { afterMs, withinMs: afterMs + CLOSE_WITHIN_MS });
  },

  async verify({ aws }, { resource, before, after }, outcome) {
    const associations = await associationsOf(aws.ec2, resource);
    const kept = associations.filter(({ arn }) => arn === after.arn || arn === before?.arn);
    const observed = kept.map(({ arn, state }) => `${arn} (${state})`);
    const isOver = outcome !== null && kept.length === 0;
    return expectThat(`restricted profile of ${resource}`, isOver, { expected: [], observed });
  },

  async revert({ aws }, { resource, before, after }) {
    const associations = await associationsOf(aws.ec2, resource);
    const live = associations.find(isLive);
    if (live?.arn === before?.arn) {
      if (before !== null || associations.length === 0) return done();
    } else if (live?.arn === after.arn) await disassociateProfile(aws.ec2, live.associationId);
    else if (live !== undefined)
      throw new Refusal("changed_since", { resource, expected: "no instance profile", observed: live.arn });
    else if (associations.length === 0 && before !== null) {
      await associateProfile(aws.ec2, resource, before.arn);
      return done();
    }
    return later(null, { afterMs: 2_000, withinMs: 60_000 });
  },
});
