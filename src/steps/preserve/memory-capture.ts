import { z } from "zod";
import { hardwareOf } from "../../aws/instance-hardware.ts";
import { findInstance } from "../../aws/instances.ts";
import {
  commandWithComment,
  invocationOf,
  managedInstance,
  SCRIPT_DOCUMENTS,
  sendScript,
} from "../../aws/ssm-commands.ts";
import { Refusal } from "../../core/errors.ts";
import {
  collected,
  defineCollection,
  later,
  type CollectResult,
  type Item,
  type MemoryTool,
  type StepContext,
} from "../../core/step.ts";
import { linksTo, type PartLinks } from "./memory-links.ts";
import { memoryProgress, readTold, reasonIn, type MemoryProgress, type Phase } from "./memory-progress.ts";
import { linuxRenewal, linuxScript } from "./memory-script-linux.ts";
import { windowsRenewal, windowsScript } from "./memory-script-windows.ts";
import { isAgentExpected, lookForAgent, NO_AGENT_CAME, platformOf, reasonNotAsked } from "./ssm-agent.ts";
import { expectStored } from "./stored-content.ts";

const MIB = 1024 * 1024;

/** So many links, of which only number and signature differ, fit into the 64 KB of a command with room to spare. */
const MOST_PARTS = 600;

/** Each part is a call to S3 and a signature; a part in the making lies on the host's disk. */
const USUAL_PARTS = 150;
const SMALLEST_PART_MIB = 16;
const LARGEST_USUAL_PART_MIB = 512;

const item = z.strictObject({
  platform: z.enum(["Linux", "Windows"]),
  tool: z.union([
    z.strictObject({ from: z.literal("host"), path: z.string(), sha256: z.string() }),
    z.strictObject({ from: z.literal("vault"), key: z.string(), sha256: z.string() }),
  ]),
  instanceType: z.string(),
  memoryMiB: z.int(),
  partMiB: z.int(),
});

type Details = z.infer<typeof item>;

/** What an artifact's lineage says of what the host sent. */
const sent = z.looseObject({ sentSha256: z.string(), sentBytes: z.number(), verified: z.boolean() });

const times = { afterMs: 3_000, withinMs: 14_400_000 } as const;

const limits = { deliverWithinSeconds: 120, runWithinSeconds: 10_800 } as const;

/** Links are given anew this long before they end: the capture must have read them before each part that it sends. */
const RENEW_BEFORE_MS = 600_000;

/** What is read back in one call: well within what a call may take. */
const READ_PER_CALL = 256 * MIB;
const READ_AT_ONCE = 8 * MIB;

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
  item,

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
        return open(context, collecting, known?.since ?? context.now);
      case "opened":
        return send(context, collecting, known);
      case "capturing":
        return look(context, collecting, known);
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

function toolFor(platform: Details["platform"], memory: StepContext["settings"]["memory"]): MemoryTool | null {
  return (platform === "Windows" ? memory?.windows : memory?.linux) ?? null;
}

/** An image is a little larger than the memory: holes of the address space, and headers. */
function imageMiB(memoryMiB: number): number {
  return memoryMiB * 1.1 + 256;
}

function partSize(memoryMiB: number): number {
  const image = imageMiB(memoryMiB);
  const usual = Math.min(Math.ceil(image / USUAL_PARTS), LARGEST_USUAL_PART_MIB);
  return Math.max(SMALLEST_PART_MIB, usual, Math.ceil(image / MOST_PARTS));
}

function partsOf({ memoryMiB, partMiB }: Details): number {
  return Math.min(MOST_PARTS, Math.ceil(imageMiB(memoryMiB) / partMiB));
}

function goOn(progress: MemoryProgress, afterMs: number = times.afterMs): CollectResult {
  return later(progress, { ...times, afterMs });
}

/** Opens the upload when the agent is there. The journal has it before the host hears of it. */
async function open(
  context: StepContext,
  { resource: instanceId, details }: Item<Details>,
  since: number,
): Promise<CollectResult> {
  const agent = await lookForAgent(context, { instanceId, since });
  if (agent === "awaited") return goOn({ phase: "awaiting", since });
  if (agent === "absent") throw notCaptured(instanceId, NO_AGENT_CAME);
  const name = `${instanceId}.${details.platform === "Windows" ? "raw" : "lime"}`;
  const wish = { partBytes: details.partMiB * MIB, sentBy: "others" } as const;
  return goOn({ phase: "opened", upload: await context.vault.large.open("memory", name, wish) }, 0);
}

/** Sends the script. One that an earlier attempt may have sent is taken where AWS shows it: it runs once for one upload. */
async function send(
  context: StepContext,
  collecting: Item<Details>,
  { upload }: Phase<"opened">,
): Promise<CollectResult> {
  const { aws, lookSince, now } = context;
  const { resource: instanceId, details } = collecting;
  const comment = commentOf(context, upload);
  const found =
    lookSince === null ? null : await commandWithComment(aws.ssm, { instanceId, comment, since: lookSince });
  // Its links were signed before: as nobody knows until when they hold, they are renewed at once.
  if (found !== null) return goOn({ phase: "capturing", upload, commandId: found, linksUntil: now });
  const { tool, platform, partMiB } = details;
  const [links, fetch] = await Promise.all([
    linksTo(context, upload, partsOf(details)),
    tool.from === "vault" ? linkToTool(context, tool.key) : null,
  ]);
  const capture = { tool, fetch, word: wordOf(context, upload), partMiB, links };
  const lines = platform === "Windows" ? windowsScript(capture) : linuxScript(capture);
  const commandId = await sendScript(aws.ssm, { instanceId, platform, lines, comment, ...limits });
  return goOn({ phase: "capturing", upload, commandId, linksUntil: links.until });
}

async function linkToTool({ vault }: StepContext, key: string): Promise<string> {
  const link = await vault.large.links?.content(key, { withinMs: 900_000 });
  if (link === undefined) throw new TypeError("this vault gives no links");
  return link.url;
}

/** One word per upload, of letters and digits: it names the folder on the host and the command. */
function wordOf({ nonce }: StepContext, { key }: { readonly key: string }): string {
  const attempt = /-(\d+)\.\w+$/.exec(key)?.[1] ?? "0";
  return `${nonce.replaceAll(/\W/g, "").slice(0, 32)}-${attempt}`;
}

function commentOf(context: StepContext, upload: { readonly key: string }): string {
  return `cordon memory ${wordOf(context, upload)}`;
}

async function look(
  context: StepContext,
  collecting: Item<Details>,
  known: Phase<"capturing">,
): Promise<CollectResult> {
  const { resource: instanceId } = collecting;
  const { upload, commandId } = known;
  const invocation = await invocationOf(context.aws.ssm, { commandId, instanceId });
  switch (invocation.kind) {
    case "underWay":
      return context.now < known.linksUntil - RENEW_BEFORE_MS ? goOn(known) : renew(context, collecting, known);
    case "lost":
      throw notCaptured(instanceId, `its command ended without an answer: ${invocation.reason}`);
    case "ended": {
      const told = invocation.exitCode === 0 ? readTold(invocation.output) : null;
      const { startedAt, endedAt } = invocation;
      if (told !== null) return goOn({ phase: "arrived", upload, told: { ...told, commandId, startedAt, endedAt } }, 0);
      throw notCaptured(
        instanceId,
        reasonIn(invocation.output) ?? `code ${invocation.exitCode}: ${invocation.errors.slice(0, 900)}`,
      );
    }
    default:
      return invocation satisfies never;
  }
}

/** Sent twice it does no harm. */
async function renew(
  context: StepContext,
  { resource: instanceId, details }: Item<Details>,
  known: Phase<"capturing">,
): Promise<CollectResult> {
  const { platform } = details;
  const links: PartLinks = await linksTo(context, known.upload, partsOf(details));
  const word = wordOf(context, known.upload);
  const lines = platform === "Windows" ? windowsRenewal(word, links) : linuxRenewal(word, links);
  const comment = `${commentOf(context, known.upload)} links`;
  await sendScript(context.aws.ssm, {
    instanceId,
    platform,
    lines,
    comment,
    deliverWithinSeconds: 120,
    runWithinSeconds: 60,
  });
  return goOn({ ...known, linksUntil: links.until });
}

/** Reads back what lies in the vault, some hundred megabytes a call, and hashes it: S3 itself keeps no SHA-256 of the whole. */
async function readBack(
  { vault, now }: StepContext,
  { resource, details }: Item<Details>,
  known: Phase<"reading">,
): Promise<CollectResult> {
  const { upload, laid, told } = known;
  let { from, hash } = known;
  const end = Math.min(laid.bytes, from + READ_PER_CALL);
  while (from < end) {
    const piece = await vault.large.read(upload, { from, bytes: Math.min(READ_AT_ONCE, end - from) });
    if (piece === null || piece.length === 0) throw notCaptured(resource, `${laid.location} is not what was put there`);
    hash = await vault.large.extendHash(hash, piece);
    from += piece.length;
  }
  if (from < laid.bytes) return goOn({ ...known, from, hash }, 0);
  const sha256 = await vault.large.digest(hash);
  const { tool, platform, instanceType, memoryMiB } = details;
  const { location, bytes, lock } = laid;
  const startedAt = Date.parse(told.startedAt);
  const lineage = {
    instanceId: resource,
    instanceType,
    memoryMiB,
    program: { name: platform === "Windows" ? "WinPmem" : "AVML", ...tool },
    format: platform === "Windows" ? "raw" : "LiME",
    document: SCRIPT_DOCUMENTS[platform],
    source: "ssm:SendCommand",
    commandId: told.commandId,
    endedAt: told.endedAt,
    parts: told.parts,
    sentBytes: told.bytes,
    sentSha256: told.sha256,
    /** Whether the vault has what the host says that it sent. */
    verified: told.sha256 === sha256 && told.bytes === bytes,
  };
  const readAt = Number.isNaN(startedAt) ? now : startedAt;
  return collected({ kind: "memory", location, sha256, bytes, lock, readAt, lineage });
}

function notCaptured(resource: string, reason: string): Refusal {
  return new Refusal("memory_not_captured", { resource, reason });
}
