import { z } from "zod";
import { consoleScreenshot as readScreenshot } from "../../aws/console.ts";
import { hardwareOf, type InstanceHardware } from "../../aws/instance-hardware.ts";
import { findInstance } from "../../aws/instances.ts";
import { stored } from "../../core/artifact.ts";
import { Refusal } from "../../core/errors.ts";
import { collected, defineCollection } from "../../core/step.ts";
import { expectStored } from "./stored-content.ts";

/**
 * Saves a picture of the instance's console.
 *
 * A picture of one moment: a ransom note, a boot loop, a login nobody expected. It sends no key to the machine.
 * AWS has none of Graviton and bare metal types, nor of an instance that does not run: these are left, with the reason.
 */
export const consoleScreenshot = defineCollection({
  id: "preserve.console-screenshot",
  title: "Save a picture of the console",
  settlesWithinMs: 0,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceTypes", "ec2:DescribeInstances"],
      collect: ["ec2:GetConsoleScreenshot"],
      verify: [],
    },
  },
  input: z.strictObject({}),
  item: z.strictObject({ instanceType: z.string() }),

  async plan({ aws, target: { instanceId, account, region } }) {
    const instance = await findInstance(aws.ec2, instanceId);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    const { instanceType, state } = instance;
    const reason = refusal(await hardwareOf(aws.ec2, instanceType), state);
    return reason === null
      ? { items: [{ resource: instanceId, details: { instanceType } }], left: [] }
      : { items: [], left: [{ resource: instanceId, reason }] };
  },

  async collect({ aws, vault, now }, { resource, details }) {
    const picture = await readScreenshot(aws.ec2, resource);
    const kept = await vault.put("console-screenshot", `${resource}.jpg`, picture);
    const lineage = {
      instanceId: resource,
      instanceType: details.instanceType,
      mediaType: "image/jpeg",
      source: "ec2:GetConsoleScreenshot",
    };
    return collected(stored("console-screenshot", kept, { readAt: now, lineage }));
  },

  verify: (_, { resource }, artifacts) => Promise.resolve(expectStored(`picture of ${resource}`, artifacts)),
});

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshoot-unreachable-instance.html */
function refusal({ instanceType, isBareMetal, isGraviton }: InstanceHardware, state: string): string | null {
  if (isGraviton) return `${instanceType} has an AWS Graviton processor: AWS has no picture of its console`;
  if (isBareMetal) return `${instanceType} is bare metal: AWS has no picture of its console`;
  return state === "running" ? null : `it is ${state}: AWS has pictures of running instances only`;
}
