import { z } from "zod";
import { invocationOf, sendScript, type Invocation } from "../../aws/ssm-commands.ts";
import type { Json } from "../../core/json.ts";
import type { StepContext } from "../../core/step.ts";
import {
  assemble,
  isSurelyWhole,
  MOST_PARTS,
  partScript,
  sizeOf,
  sizeScript,
  type KeptOutput,
} from "./whole-output.ts";

const size = z.strictObject({ sha256: z.string(), bytes: z.number(), parts: z.number() });

/** How far an output is, from the command that prints it to the last of its parts. */
export const outputProgress = [
  z.strictObject({ phase: z.literal("running"), commandId: z.string() }),
  z.strictObject({ phase: z.literal("sizing"), commandId: z.string(), sizing: z.string() }),
  z.strictObject({ phase: z.literal("fetching"), commandId: z.string(), size, fetching: z.array(z.string()) }),
] as const;

type Progress = z.infer<(typeof outputProgress)[number]>;

/** An output with what is known of the run that printed it. */
export interface Whole {
  readonly content: Uint8Array;
  readonly commandId: string;
  readonly exitCode: number;
  /** What it wrote to standard error apart from its output; at most 8,000 characters, and empty on Linux, where both go one way. */
  readonly errors: string;
  readonly startedAt: string;
  readonly endedAt: string;
  /** Why the content is not all that was printed; null when it is. */
  readonly cut: string | null;
}

export type Reading =
  | { readonly kind: "later"; readonly progress: Json }
  | { readonly kind: "lost"; readonly reason: string }
  | { readonly kind: "whole"; readonly whole: Whole };

type Ended = Extract<Invocation, { readonly kind: "ended" }>;
type Host = Pick<KeptOutput, "instanceId" | "platform">;

const WAIT_SECONDS = { deliverWithinSeconds: 120, runWithinSeconds: 120 } as const;

/** Reads on: looks at the commands that are under way, and sends those that come next. */
export async function readWhole(context: StepContext, host: Host, progress: Progress): Promise<Reading> {
  const invocation = await look(context, host, progress.commandId);
  if (invocation.kind === "underWay") return { kind: "later", progress };
  if (invocation.kind === "lost") return invocation;
  switch (progress.phase) {
    case "running":
      if (isSurelyWhole(invocation.output)) return asShown(progress.commandId, invocation, null);
      return sendSizing(context, host, progress);
    case "sizing":
      return sendFetching(context, host, { progress, invocation });
    case "fetching":
      return fetched(context, host, { progress, invocation });
    default:
      return progress satisfies never;
  }
}

function look({ aws }: StepContext, { instanceId }: Host, commandId: string): Promise<Invocation> {
  return invocationOf(aws.ssm, { commandId, instanceId });
}

function asShown(commandId: string, { output, ...ended }: Ended, cut: string | null): Reading {
  const { exitCode, errors, startedAt, endedAt } = ended;
  const content = new TextEncoder().encode(output);
  return { kind: "whole", whole: { content, commandId, exitCode, errors, startedAt, endedAt, cut } };
}

/** Only reads as well, so that one that is sent twice does no harm; it is not looked for. */
function send({ aws, nonce }: StepContext, host: Host, lines: readonly string[]): Promise<string> {
  return sendScript(aws.ssm, { ...host, lines, comment: `cordon ${nonce} output`, ...WAIT_SECONDS });
}

async function sendSizing(context: StepContext, host: Host, { commandId }: Progress): Promise<Reading> {
  const sizing = await send(context, host, sizeScript({ ...host, commandId }));
  return { kind: "later", progress: { phase: "sizing", commandId, sizing } };
}

async function sendFetching(
  context: StepContext,
  host: Host,
  {
    progress,
    invocation,
  }: { readonly progress: Extract<Progress, { readonly phase: "sizing" }>; readonly invocation: Ended },
): Promise<Reading> {
  const { commandId, sizing } = progress;
  const answer = await look(context, host, sizing);
  if (answer.kind === "underWay") return { kind: "later", progress };
  const told = answer.kind === "ended" ? sizeOf(answer.output) : null;
  if (told === null) return asShown(commandId, invocation, "AWS cut it, and the host did not say how long it is");
  if (told.parts > MOST_PARTS)
    return asShown(commandId, invocation, `AWS cut it: it has ${told.bytes} bytes, SHA-256 ${told.sha256} on the host`);
  const parts = Array.from({ length: told.parts }, (_, part) => partScript({ ...host, commandId }, part));
  const fetching = await Promise.all(parts.map((lines) => send(context, host, lines)));
  return { kind: "later", progress: { phase: "fetching", commandId, size: { ...told }, fetching } };
}

async function fetched(
  context: StepContext,
  host: Host,
  {
    progress,
    invocation,
  }: { readonly progress: Extract<Progress, { readonly phase: "fetching" }>; readonly invocation: Ended },
): Promise<Reading> {
  const { commandId, fetching, size: told } = progress;
  const answers = await Promise.all(fetching.map((id) => look(context, host, id)));
  if (answers.some(({ kind }) => kind === "underWay")) return { kind: "later", progress };
  const parts = answers.map((answer) => (answer.kind === "ended" ? answer.output : ""));
  const content = assemble(host.platform, parts, told);
  if (content === null)
    return asShown(
      commandId,
      invocation,
      `AWS cut it, and its parts do not make the ${told.bytes} bytes that the host hashed`,
    );
  const { exitCode, errors, startedAt, endedAt } = invocation;
  return { kind: "whole", whole: { content, commandId, exitCode, errors, startedAt, endedAt, cut: null } };
}
