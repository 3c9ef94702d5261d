import { z } from "zod";
import { deleteKeyPair, findKeyPair, instancesWithKey, keyNameOf, keyPairNamed } from "../../aws/key-pairs.ts";
import { defineStep, done, expectThat } from "../../core/step.ts";

/**
 * Deletes the key pair that the instance was launched with from the account, so that nobody launches another with it.
 *
 * It closes no door of this instance: the public key stays on its disk, and in every image and snapshot of it. Whoever has
 * the private key still gets in where SSH is let in. The seal keeps him out; only a clean disk takes the key away.
 *
 * The pair is one for the whole account and region: launches that name it fail from then on. The plan names who else has it.
 */
export const keyPair = defineStep({
  id: "contain.key-pair",
  title: "Delete the key pair of the instance",
  reversible: "no",
  notRestored: "A deleted key pair does not come back. Whoever has its public key may import it again, under a new id.",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances", "ec2:DescribeKeyPairs"],
      run: ["ec2:DeleteKeyPair"],
      verify: ["ec2:DescribeKeyPairs"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.strictObject({ name: z.string(), fingerprint: z.string() }), after: z.literal("deleted") },

  async plan({ aws, target: { instanceId } }) {
    const name = await keyNameOf(aws.ec2, instanceId);
    if (name === null)
      return { changes: [], left: [{ resource: instanceId, reason: "it was launched without a key pair" }] };
    const [pair, instances] = await Promise.all([keyPairNamed(aws.ec2, name), instancesWithKey(aws.ec2, name)]);
    if (pair === null) {
      const reason = `its key pair ${name} is not stored in the account any more; the public key is still on its disk`;
      return { changes: [], left: [{ resource: instanceId, reason }] };
    }
    const others = instances.filter((id) => id !== instanceId);
    const what =
      `Nobody launches with ${name} any more, and it cannot be undone; its public key stays on the disk of this instance, ` +
      `of the ${others.length} others that were launched with it, and in their images.`;
    return {
      changes: [
        {
          resource: pair.id,
          before: { name: pair.name, fingerprint: pair.fingerprint },
          after: "deleted" as const,
          blastRadius: { what, resources: others },
        },
      ],
      left: [{ resource: instanceId, reason: "the public key on its disk stays: only a clean disk is without it" }],
    };
  },

  async run({ aws }, { resource }) {
    await deleteKeyPair(aws.ec2, resource);
    return done();
  },

  async verify({ aws }, { resource, before: { name } }) {
    const isGone = (await findKeyPair(aws.ec2, resource)) === null;
    return expectThat(`key pair ${name}`, isGone, { expected: "deleted", observed: isGone ? "deleted" : "stored" });
  },

  revert() {
    return Promise.resolve(done());
  },
});
