import { z } from "zod";
import { consoleOutput as readOutput } from "../../aws/console.ts";
import { hardwareOf } from "../../aws/instance-hardware.ts";
import { findInstance } from "../../aws/instances.ts";
import { stored } from "../../core/artifact.ts";
import { Refusal } from "../../core/errors.ts";
import { collected, defineCollection } from "../../core/step.ts";
import { expectStored } from "./stored-content.ts";

/**
 * Saves what the instance wrote to its serial console, byte for byte.
 *
 * AWS keeps the last 64 KiB. On Nitro this is the present output, elsewhere what AWS kept shortly after the last start; an
 * empty file says that AWS had none. The intruder can write to the console: the bytes are data, escape sequences and all.
 */
export const consoleOutput = defineCollection({
  id: "preserve.console-output",
  title: "Save the output of the serial console",
  settlesWithinMs: 0,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceTypes", "ec2:DescribeInstances"],
      collect: ["ec2:GetConsoleOutput"],
      verify: [],
    },
  },
  input: z.strictObject({}),
  item: z.strictObject({ latest: z.boolean() }),

  async plan({ aws, target: { instanceId, account, region } }) {
    const instance = await findInstance(aws.ec2, instanceId);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    const { isNitro } = await hardwareOf(aws.ec2, instance.instanceType);
    return { items: [{ resource: instanceId, details: { latest: isNitro } }], left: [] };
  },

  async collect({ aws, vault, now }, { resource, details: { latest } }) {
    const { content, updatedAt } = await readOutput(aws.ec2, { instanceId: resource, latest });
    const kept = await vault.put("console-output", `${resource}.log`, content);
    const lineage = {
      instanceId: resource,
      source: "ec2:GetConsoleOutput",
      latest,
      updatedAt: updatedAt === null ? null : new Date(updatedAt).toISOString(),
    };
    return collected(stored("console-output", kept, { readAt: now, lineage }));
  },

  verify: (_, { resource }, artifacts) => Promise.resolve(expectStored(`console output of ${resource}`, artifacts)),
});
