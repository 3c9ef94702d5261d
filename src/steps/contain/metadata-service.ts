import { z } from "zod";
import { metadataOptionsOf, setMetadataOptions } from "../../aws/metadata-options.ts";
import { sameJson } from "../../core/json.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, later } from "../../core/step.ts";

const onOff = z.enum(["enabled", "disabled"]);

const options = z.strictObject({
  endpoint: onOff,
  tokens: z.enum(["optional", "required"]),
  hopLimit: z.int(),
  ipv6: onOff,
  tags: onOff,
});

/**
 * Switches the instance metadata service off, so that nothing on the instance gets new credentials of its role from it.
 *
 * No security group and no network ACL filters that service: this is the only thing that closes it.
 *
 * Credentials that were fetched before go on working until they expire: `contain.role-sessions` ends those. Systems Manager
 * lives on such credentials, whether they come from the instance profile or from default host management: its agent falls
 * silent when those it has cached expire, so collect what it must collect before.
 */
export const metadataService = defineStep({
  id: "contain.metadata-service",
  title: "Switch the instance metadata service off",
  reversible: "exactly",
  settlesWithinMs: 60_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances"],
      run: ["ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions"],
      verify: ["ec2:DescribeInstances"],
      revert: ["ec2:DescribeInstances", "ec2:ModifyInstanceMetadataOptions"],
    },
  },
  input: z.strictObject({}),
  change: { before: options, after: z.strictObject({ endpoint: z.literal("disabled") }) },

  async plan({ aws, target }) {
    const { account, region, instanceId } = target;
    const seen = await metadataOptionsOf(aws.ec2, instanceId);
    if (seen === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    if (hasEnded(seen.instanceState))
      throw new Refusal("instance_gone", { instanceId, region, state: seen.instanceState });
    const nothing = (reason: string) => ({ changes: [], left: [{ resource: instanceId, reason }] });
    if (seen.managedBy !== null) return nothing(`managed by ${seen.managedBy}: only its owner may change it`);
    if (seen.options.endpoint === "disabled") return nothing("its metadata service is off already");
    return {
      changes: [
        {
          resource: instanceId,
          attribute: "metadata-options",
          before: { ...seen.options },
          after: { endpoint: "disabled" as const },
          ofTarget: true,
        },
      ],
      left: [],
    };
  },

  async run({ aws }, { resource, after }) {
    const seen = await metadataOptionsOf(aws.ec2, resource);
    if (seen?.options.endpoint !== after.endpoint) await setMetadataOptions(aws.ec2, resource, after);
    return done();
  },

  async verify({ aws }, { resource }) {
    const seen = await metadataOptionsOf(aws.ec2, resource);
    const endpoint = seen?.options.endpoint ?? "gone with the instance";
    const observed = seen?.isApplied === false ? `${endpoint}, not in force yet` : endpoint;
    return expectThat(`metadata service of ${resource}`, observed === "disabled", { expected: "disabled", observed });
  },

  async revert({ aws }, { resource, before }) {
    const seen = await metadataOptionsOf(aws.ec2, resource);
    if (seen === null || hasEnded(seen.instanceState)) return done();
    const isBack = sameJson({ ...seen.options }, before);
    if (isBack && seen.isApplied) return done();
    if (!isBack) {
      if (seen.options.endpoint !== "disabled") {
        const [expected, observed] = ["a metadata service that is off", JSON.stringify(seen.options)];
        throw new Refusal("changed_since", { resource, expected, observed });
      }
      await setMetadataOptions(aws.ec2, resource, before);
    }
    return later(null, { afterMs: 2_000, withinMs: 60_000 }); // Until AWS shows them in force.
  },
});

function hasEnded(state: string): boolean {
  return state === "shutting-down" || state === "terminated";
}
