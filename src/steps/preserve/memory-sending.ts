import { commandWithComment, type Invocation, invocationOf, sendScript } from "../../aws/ssm-commands.ts";
import type { ArrivedPart, Upload } from "../../core/content-in-parts.ts";
import type { CollectResult, Item, StepContext } from "../../core/step.ts";
import { goOn, MIB, type MemoryDetails, notCaptured, partsOf } from "./memory-item.ts";
import { linksTo, type PartLinks } from "./memory-links.ts";
import { readTold, reasonIn, type Phase } from "./memory-progress.ts";
import { linuxRenewal, linuxScript } from "./memory-script-linux.ts";
import { windowsRenewal, windowsScript } from "./memory-script-windows.ts";
import { lookForAgent, NO_AGENT_CAME } from "./ssm-agent.ts";

type Ended = Extract<Invocation, { readonly kind: "ended" }>;

const limits = { deliverWithinSeconds: 120, runWithinSeconds: 10_800 } as const;

/**
 * Links are given anew this long before they end: the capture must have read them before each part that it sends. They end
 * with the credentials that signed them, which are fetched anew five minutes before; sooner, the new ones would end no later.
 */
const RENEW_BEFORE_MS = 240_000;

/** Opens the upload when the agent is there. The journal has it before the host hears of it. */
export async function openUpload(
  context: StepContext,
  { resource: instanceId, details }: Item<MemoryDetails>,
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
export async function sendCapture(
  context: StepContext,
  collecting: Item<MemoryDetails>,
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

export async function lookAtCapture(
  context: StepContext,
  collecting: Item<MemoryDetails>,
  known: Phase<"capturing">,
): Promise<CollectResult> {
  const { resource: instanceId, details } = collecting;
  const { upload, commandId } = known;
  const invocation = await invocationOf(context.aws.ssm, { commandId, instanceId });
  switch (invocation.kind) {
    case "underWay":
      return context.now < known.linksUntil - RENEW_BEFORE_MS ? goOn(known) : renew(context, collecting, known);
    case "lost":
      throw notCaptured(instanceId, `its command ended without an answer: ${invocation.reason}`);
    case "ended": {
      const linked = { parts: partsOf(details), partBytes: upload.partBytes };
      const told = invocation.exitCode === 0 ? readTold(invocation.output, linked) : null;
      if (told === null) throw notCaptured(instanceId, reasonOf(invocation));
      const reason = reasonNotWhole(await context.vault.large.arrived(upload), told.parts, upload);
      if (reason !== null) throw notCaptured(instanceId, reason);
      const { startedAt, endedAt } = invocation;
      return goOn({ phase: "arrived", upload, told: { ...told, commandId, startedAt, endedAt } }, 0);
    }
    default:
      return invocation satisfies never;
  }
}

function reasonOf({ exitCode, output, errors }: Ended): string {
  const said = reasonIn(output);
  if (exitCode === 0) return `what the host says is no end of a capture: ${said ?? output.slice(0, 900)}`;
  return said ?? `code ${exitCode}: ${errors.slice(0, 900)}`;
}

/** Whoever rules the host can say that he sent what he did not, and send parts of other sizes. */
function reasonNotWhole(arrived: readonly ArrivedPart[], parts: number, { partBytes }: Upload): string | null {
  const sizes = new Map(arrived.map(({ number, bytes }) => [number, bytes]));
  for (let number = 1; number <= parts; number++) {
    const bytes = sizes.get(number);
    if (bytes === undefined) return `the host says that it sent ${parts} parts, and part ${number} never arrived`;
    if (number < parts && bytes !== partBytes) return `part ${number} has ${bytes} bytes, not ${partBytes}`;
  }
  return null;
}

/** Sent twice it does no harm. */
async function renew(
  context: StepContext,
  { resource: instanceId, details }: Item<MemoryDetails>,
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
