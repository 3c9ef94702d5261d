import { z } from "zod";
import { deleteTags, mostTags, putTags, tagsOf } from "../../aws/tags.ts";
import { defineStep, done, expectThat, type StepContext } from "../../core/step.ts";

const values = z.record(z.string(), z.string());

/**
 * Tags the instance with its case, so that whoever meets it in the console knows what happened to it and whom to ask.
 *
 * The tags inform people and decide nothing: anybody in the account can write them, and Cordon reads none of them back.
 * Release takes away exactly what was written, and puts back what was overwritten. A value that somebody changed since is
 * theirs, and stays.
 */
export const caseTags = defineStep({
  id: "preserve.case-tags",
  title: "Tag the instance with its case",
  reversible: "exactly",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeTags"],
      run: ["ec2:CreateTags"],
      verify: ["ec2:DescribeTags"],
      revert: ["ec2:CreateTags", "ec2:DeleteTags", "ec2:DescribeTags"],
    },
  },
  input: z.strictObject({}),
  change: { before: values, after: values },

  async plan(context) {
    const { aws, target } = context;
    const present = await tagsOf(aws.ec2, target.instanceId);
    const after = caseTagsOf(context);
    const lacking = Object.keys(after).filter((key) => present[key] !== after[key]);
    if (lacking.length === 0) return { changes: [], left: [] };
    const own = Object.keys(present).filter((key) => !key.startsWith("aws:"));
    if (new Set([...own, ...lacking]).size > mostTags) {
      const reason = `it has ${own.length} tags, and AWS allows ${mostTags}`;
      return { changes: [], left: [{ resource: `tags of ${target.instanceId}`, reason }] };
    }
    const before = Object.fromEntries(lacking.flatMap((key) => pair(key, present[key])));
    return {
      changes: [{ resource: target.instanceId, attribute: "tags", before, after, ofTarget: true }],
      left: [],
    };
  },

  async run({ aws }, { resource, after }) {
    await putTags(aws.ec2, resource, after);
    return done();
  },

  async verify({ aws }, { resource, after }) {
    const present = await tagsOf(aws.ec2, resource);
    const observed = Object.fromEntries(Object.keys(after).flatMap((key) => pair(key, present[key])));
    const isThere = Object.entries<string>(after).every(([key, value]) => present[key] === value);
    return expectThat(`tags of ${resource}`, isThere, { expected: after, observed });
  },

  async revert({ aws }, { resource, before, after }) {
    const ours = Object.entries<string>(after);
    const added = Object.fromEntries(ours.filter(([key]) => before[key] === undefined));
    if (Object.keys(added).length > 0) await deleteTags(aws.ec2, resource, added);
    if (Object.keys(before).length === 0) return done();
    const present = await tagsOf(aws.ec2, resource);
    const overwritten = Object.entries<string>(before).filter(([key]) => present[key] === after[key]);
    if (overwritten.length > 0) await putTags(aws.ec2, resource, Object.fromEntries(overwritten));
    return done();
  },
});

function caseTagsOf({ case: { id, incident } }: Pick<StepContext, "case">): Record<string, string> {
  return { "cordon:case": id, "cordon:incident": incident, "cordon:status": "in-response" };
}

function pair(key: string, value: string | undefined): readonly (readonly [string, string])[] {
  return value === undefined ? [] : [[key, value]];
}
