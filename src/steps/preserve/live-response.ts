import { z } from "zod";
import { findInstance } from "../../aws/instances.ts";
import { commandWithComment, managedInstance, SCRIPT_DOCUMENTS, sendScript } from "../../aws/ssm-commands.ts";
import { stored } from "../../core/artifact.ts";
import { Refusal } from "../../core/errors.ts";
import {
  collected,
  defineCollection,
  later,
  type CollectResult,
  type Item,
  type StepContext,
} from "../../core/step.ts";
import { liveResponseCommands } from "./live-response-commands.ts";
import { outputProgress, readWhole, type Whole } from "./live-response-output.ts";
import { isAgentExpected, lookForAgent, NO_AGENT_CAME, platformOf, reasonNotAsked } from "./ssm-agent.ts";
import { expectStored } from "./stored-content.ts";

const names = liveResponseCommands.map(({ name }) => name);

const input = z.strictObject({
  commands: z.array(z.enum(names)).min(1).optional().describe("Which commands are asked; all where left out."),
});

const item = z.strictObject({
  command: z.string(),
  shows: z.string(),
  script: z.string(),
  platform: z.enum(["Linux", "Windows"]),
});

type Details = z.infer<typeof item>;

const progress = z.discriminatedUnion("phase", [
  /** The agent is not there yet: a profile that lets it work was attached a moment ago. */
  z.strictObject({ phase: z.literal("awaiting"), since: z.number() }),
  ...outputProgress,
]);

/** What needs the memory as it was is let go first, and not for ever: the questions disturb it. */
const MEMORY_FIRST_MS = 240_000;

/** All of one command, with every part of its output. */
const times = { afterMs: 2_000, withinMs: 900_000 } as const;

const limits = { deliverWithinSeconds: 300, runWithinSeconds: 300 } as const;

/**
 * Asks the running system what is lost when it stops: processes, sockets, logins, what runs by the clock, kernel modules,
 * files changed lately, containers. By Run Command of Systems Manager, each command once, each output whole and on its own.
 *
 * The commands only read. The agent writes what they print into a file of its own, as it does with every command: where AWS
 * cuts an output, at 24,000 characters, the rest is read from there in parts and compared with the hash that the host gave.
 * It is not sent to a bucket by the host: that would need the host's own credentials to write where evidence lies. An output
 * that is larger than sixty such parts, about a megabyte when packed, is kept as far as AWS shows it, and says so.
 *
 * Best effort. Whoever rules the system rules what it answers. Without an agent that reports there is nothing to ask; a
 * command that fails or never ends leaves its reason in the journal, and the next one is asked all the same.
 */
export const liveResponse = defineCollection({
  id: "preserve.live-response",
  title: "Ask the running system what it is doing",
  settlesWithinMs: 0,
  // What stands around it may have attached the profile a moment ago: the agent is waited for then. Memory comes first.
  reads: ["preserve.collection-profile", "preserve.memory-capture"],
  permissions: {
    target: {
      plan: ["ec2:DescribeInstances", "ssm:DescribeInstanceInformation"],
      collect: [
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommandInvocations",
        "ssm:SendCommand",
      ],
      verify: [],
    },
  },
  input,
  item,

  async plan(context, { commands }) {
    const { aws, target } = context;
    const { instanceId, account, region } = target;
    const [instance, managed] = await Promise.all([
      findInstance(aws.ec2, instanceId),
      managedInstance(aws.ssm, instanceId),
    ]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    const reason = reasonNotAsked(instance, managed, isAgentExpected(context));
    if (reason !== null) return { items: [], left: [{ resource: instanceId, reason }] };
    const platform = platformOf(instance, managed);
    return {
      items: liveResponseCommands.flatMap(({ name, shows, linux, windows }) => {
        const script = platform === "Windows" ? windows : linux;
        if (script === null || commands?.includes(name) === false) return [];
        return [
          { resource: instanceId, attribute: name, details: { command: name, shows, script, platform } } as const,
        ];
      }),
      left: [],
    };
  },

  async collect(context, collecting, given) {
    const known = given === null ? null : progress.parse(given);
    if (known === null || known.phase === "awaiting") return begin(context, collecting, known?.since ?? context.now);
    const { resource, details } = collecting;
    const result = await readWhole(context, { instanceId: resource, platform: details.platform }, known);
    switch (result.kind) {
      case "later":
        return later(result.progress, times);
      case "lost":
        throw new Refusal("command_unanswered", { command: details.command, resource, reason: result.reason });
      case "whole":
        return keep(context, collecting, result.whole);
      default:
        return result satisfies never;
    }
  },

  verify: (_, { resource, details }, artifacts) =>
    Promise.resolve(expectStored(`${details.command} of ${resource}`, artifacts)),
});

/** Sends the command when the agent is there. One that an earlier attempt may have sent is taken where AWS shows it. */
async function begin(
  context: StepContext,
  { resource: instanceId, details }: Item<Details>,
  since: number,
): Promise<CollectResult> {
  const { aws, lookSince, nonce, now } = context;
  const { command, script, platform } = details;
  const comment = `cordon ${nonce} ${command}`;
  const sent = lookSince === null ? null : await commandWithComment(aws.ssm, { instanceId, comment, since: lookSince });
  if (sent !== null) return later({ phase: "running", commandId: sent }, times);
  if (isMemoryTaken(context) && now < since + MEMORY_FIRST_MS) return later({ phase: "awaiting", since }, times);
  const agent = await lookForAgent(context, { instanceId, since });
  if (agent === "awaited") return later({ phase: "awaiting", since }, times);
  if (agent === "absent")
    throw new Refusal("command_unanswered", { command, resource: instanceId, reason: NO_AGENT_CAME });
  const lines = platform === "Windows" ? [script] : ["exec 2>&1", script];
  // Sent twice at worst: it only reads.
  const commandId = await sendScript(aws.ssm, { instanceId, platform, lines, comment, ...limits });
  return later({ phase: "running", commandId }, times);
}

/** Whether the same case is about to capture the memory, or at it. */
function isMemoryTaken({ outcomes }: StepContext): boolean {
  return (outcomes["preserve.memory-capture"] ?? []).some(({ state }) => state === "planned" || state === "started");
}

async function keep(
  { vault, now }: StepContext,
  { resource, details }: Item<Details>,
  { content, ...told }: Whole,
): Promise<CollectResult> {
  const { command, shows, script, platform } = details;
  const kept = await vault.put("live-response", `${resource}-${command}.txt`, content);
  const lineage = {
    instanceId: resource,
    command,
    shows,
    script,
    document: SCRIPT_DOCUMENTS[platform],
    source: "ssm:SendCommand",
    ...told,
  };
  const startedAt = Date.parse(told.startedAt);
  const readAt = Number.isNaN(startedAt) ? now : startedAt;
  return collected(stored("live-response", kept, { readAt, lineage }));
}
