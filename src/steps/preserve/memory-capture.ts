import { z } from "zod";
import { hardwareOf } from "../../aws/instance-hardware.ts";
import { findInstance } from "../../aws/instances.ts";
import { managedInstance } from "../../aws/ssm-commands.ts";
import { Refusal } from "../../core/errors.ts";
import type { MemoryTool } from "../../core/settings.ts";
import { defineCollection, type StepContext } from "../../core/step.ts";
import { goOn, MIB, memoryItem, type MemoryDetails, MOST_PARTS, partSize } from "./memory-item.ts";
import { memoryProgress } from "./memory-progress.ts";
import { readBack } from "./memory-reading.ts";
import { lookAtCapture, openUpload, sendCapture } from "./memory-sending.ts";
import { isAgentExpected, platformOf, reasonNotAsked } from "./ssm-agent.ts";
import { expectStored } from "./stored-content.ts";

/** What an artifact's lineage says of what the host sent. */
const sent = z.looseObject({ sentSha256: z.string(), sentBytes: z.number(), verified: z.boolean() });

/**
 * Captures what the instance's memory holds: AVML on Linux, WinPmem on Windows, on x86-64, by Run Command of Systems Manager.
 *
 * The program is one that an operator put there before and named with its SHA-256 (`memory` of the configuration); the host
 * runs it only if it has that hash. What it writes goes part by part to the vault, by signed links that each let one part of
 * one upload be put: the host gets no credentials, and needs none. The links are renewed while a capture goes on.
 *
 * The host hashes what it sends. What the vault has is then read back and hashed by Cordon, and that hash is the artifact's;
 * where the two differ the lineage says so, and the artifact is kept as it came.
 *
 * Capturing writes to the instance's disk (one part at a time on Linux, all of its memory on Windows) and runs a program in
 * its memory: it belongs after the snapshots and before anything else that is asked of the system.
 *
 * Best effort. Whoever rules the system rules what its memory seems to hold. A locked-down kernel, an Arm processor, a full
 * disk, a program that is missing or another, no way to S3: the reason is journalled, and nothing waits for it.
 */
export const memoryCapture = defineCollection({
  id: "preserve.memory-capture",
  title: "Capture what the memory holds",
  settlesWithinMs: 0,
  // What stands around it may have attached the profile a moment ago: the agent is waited for then.
  reads: ["preserve.collection-profile"],
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceTypes", "ec2:DescribeInstances", "ssm:DescribeInstanceInformation"],
      collect: [
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommandInvocations",
        "ssm:SendCommand",
      ],
      verify: [],
    },
  },
  input: z.strictObject({}),
  item: memoryItem,

  async plan(context) {
    const { aws, target, settings, vault } = context;
    const { instanceId, account, region } = target;
    const [instance, managed] = await Promise.all([
      findInstance(aws.ec2, instanceId),
      managedInstance(aws.ssm, instanceId),
    ]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    const left = (reason: string) => ({ items: [], left: [{ resource: instanceId, reason }] });
    const notAsked = reasonNotAsked(instance, managed, isAgentExpected(context));
    if (notAsked !== null) return left(notAsked);
    if (vault.large.links === null)
      return left("this vault gives no links by which the instance could send it: only one in a bucket does");
    const platform = platformOf(instance, managed);
    const tool = toolFor(platform, settings.memory ?? null);
    if (tool === null)
      return left(`no program that captures the memory of ${platform} is configured (\`memory\`): Cordon brings none`);
    const { isGraviton, memoryMiB } = await hardwareOf(aws.ec2, instance.instanceType);
    if (isGraviton) return left("its processor is Arm, and there is no program for it");
    if (memoryMiB === null) return left(`AWS does not say how much memory ${instance.instanceType} has`);
    const partMiB = partSize(memoryMiB);
    if (partMiB * MIB > vault.large.limits.largestPartBytes)
      return left(`its memory of ${memoryMiB} MiB is more than ${MOST_PARTS} parts of 5 GiB can carry`);
    const details = { platform, tool, instanceType: instance.instanceType, memoryMiB, partMiB } as const;
    return { items: [{ resource: instanceId, details }], left: [] };
  },

  async collect(context, collecting, given) {
    const known = given === null ? null : memoryProgress.parse(given);
    switch (known?.phase) {
      case undefined:
      case "awaiting":
        return openUpload(context, collecting, known?.since ?? context.now);
      case "opened":
        return sendCapture(context, collecting, known);
      case "capturing":
        return lookAtCapture(context, collecting, known);
      case "arrived": {
        const laid = await context.vault.large.complete(known.upload, known.told.parts);
        return goOn({ phase: "reading", upload: known.upload, told: known.told, laid, from: 0, hash: null });
      }
      case "reading":
        return readBack(context, collecting, known);
      default:
        return known satisfies never;
    }
  },

  verify(_, { resource }, artifacts) {
    const different = artifacts
      .map(({ lineage }) => sent.safeParse(lineage))
      .find(({ data }) => data?.verified === false);
    if (different?.data === undefined) return Promise.resolve(expectStored(`memory of ${resource}`, artifacts));
    const { sentSha256, sentBytes } = different.data;
    const expected = `${sentBytes} bytes with the SHA-256 ${sentSha256}, as the host sent them`;
    const observed = artifacts.map(({ bytes, sha256 }) => `${bytes} bytes with the SHA-256 ${sha256}`);
    return Promise.resolve({ kind: "failed", what: `memory of ${resource} in the vault`, expected, observed });
  },
});

function toolFor(platform: MemoryDetails["platform"], memory: StepContext["settings"]["memory"]): MemoryTool | null {
  return (platform === "Windows" ? memory?.windows : memory?.linux) ?? null;
}
