import type { Command, DeserializeMiddleware } from "@smithy/types";
import { childSignal } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { misfitOf } from "./answer-shape.ts";
import { AwsCallError, type CallFailure } from "./aws-call-error.ts";
import { sharedFilesRead } from "./shared-files.ts";

/** After this long without an answer a call counts as lost: AWS's APIs answer in less than a second, or not at all. */
const deadlineMs = 10_000;

/** Made once: an error takes down where it was made, which every call would pay for. */
const itEnded = new Error("the call ended");
const tooLate = new Error("the call took too long");

type AnyCommand<Input extends object, Output extends object> = Command<any, Input, any, Output, any>; // oxlint-disable-line no-explicit-any -- the SDK's command types differ per client; input and output stay typed.

/** An SDK client, as far as one attempt needs it. */
export interface SdkClient {
  send(command: AnyCommand<any, any>, options: { readonly abortSignal: AbortSignal }): Promise<any>; // oxlint-disable-line no-explicit-any -- the same.
}

export interface AttemptContext {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly service: string;
  readonly operation: string;
  readonly caller: string;
  /** Reads a streamed body to its end within the attempt. */
  readonly isWhole?: boolean;
}

/**
 * Sends a command once. Time is held while the SDK works (it signs and parses on promises that a simulated clock cannot see),
 * and runs while the request is under way.
 */
export async function sendOnce<Input extends object, Output extends object>(
  client: SdkClient,
  command: AnyCommand<Input, Output>,
  context: AttemptContext,
): Promise<Output> {
  const { clock, signal } = context;
  signal.throwIfAborted();
  const transport = transportOf(clock);
  const call = childSignal(signal);
  const answered = new AbortController();
  const begun = { wall: clock.now(), monotonic: clock.monotonic() };
  let expired = false;
  command.middlewareStack.add(transport.middleware as never, {
    step: "deserialize",
    priority: "low",
    name: "cordonTransport",
    override: true,
  });
  const expire = (): void => {
    expired = true;
    call.abort(tooLate);
  };
  const answeredOrCalledOff = (): void => {};
  const deadline = clock.sleep(deadlineMs, answered.signal).then(expire, answeredOrCalledOff);
  try {
    await sharedFilesRead();
    const abortSignal = call.signal;
    const sent =
      context.isWhole === true ? sendWhole(client, command, abortSignal) : client.send(command, { abortSignal });
    const answer = (await Promise.race([sent, rejectionOf(abortSignal)])) as Output;
    // A process that was stopped meanwhile finds the answer before its timer: it is as old all the same.
    if (clock.now() - begun.wall > deadlineMs || clock.monotonic() - begun.monotonic > deadlineMs) expire();
    if (expired) throw tooLate;
    const unfit = misfitOf(command, answer);
    if (unfit !== null) throw lost("AnswerUnreadable", unfit, { context, command, error: null });
    return answer;
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof AwsCallError) throw error;
    if (expired) throw lost("NoAnswer", `no answer within ${deadlineMs / 1000} s`, { context, command, error });
    if (transport.broke() || error instanceof BodyBroke)
      throw lost("ConnectionLost", messageOf(error), { context, command, error });
    throw answerOf(error, { context, command });
  } finally {
    answered.abort(itEnded);
    call.end();
    await deadline;
    transport.end();
  }
}

/** The answer came, and its body did not come to an end. */
class BodyBroke extends Error {}

/** Sends, and reads what comes as a stream; in its place stands what has been read. */
async function sendWhole(
  client: SdkClient,
  command: AnyCommand<any, any>, // oxlint-disable-line no-explicit-any -- the same.
  abortSignal: AbortSignal,
): Promise<object> {
  const answer = (await client.send(command, { abortSignal })) as Record<string, unknown>;
  for (const [name, member] of Object.entries(answer)) {
    if (!isStreamed(member)) continue;
    try {
      const bytes = await member.transformToByteArray();
      answer[name] = { transformToByteArray: () => Promise.resolve(bytes) };
    } catch (error) {
      throw new BodyBroke(`the body broke off: ${messageOf(error)}`, { cause: error });
    }
  }
  return answer;
}

function isStreamed(member: unknown): member is { transformToByteArray(): Promise<Uint8Array> } {
  return typeof member === "object" && member !== null && "transformToByteArray" in member;
}

/** A hold on the clock that is let go while the innermost part of the SDK, the request handler, runs. */
function transportOf(clock: Clock): {
  middleware: DeserializeMiddleware<object, object>;
  broke(): boolean;
  end(): void;
} {
  let release = clock.hold();
  let ended = false;
  let broken = false;
  return {
    middleware: (next) => async (request) => {
      release();
      try {
        return await next(request);
      } catch (error) {
        broken = true;
        throw error;
      } finally {
        if (!ended) release = clock.hold(); // An answer that nobody waits for any more must not stop time.
      }
    },
    broke: () => broken,
    end: () => {
      ended = true;
      release();
    },
  };
}

function rejectionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("called off", { cause: signal.reason })), { once: true });
  });
}

interface Sent {
  readonly context: AttemptContext;
  readonly command: AnyCommand<any, any>; // oxlint-disable-line no-explicit-any -- only its input is looked at.
}

function lost(
  awsCode: string,
  message: string,
  { context, command, error }: Sent & { readonly error: unknown },
): AwsCallError {
  const failure = { ...whatWasSent({ context, command }), awsCode, message, httpStatus: null, requestId: null };
  return new AwsCallError(failure, { cause: error });
}

/** AWS's refusal as our error; an error without an answer of AWS behind it is a mistake of ours and passes unchanged. */
function answerOf(error: unknown, sent: Sent): Error {
  if (!(error instanceof Error)) return new Error("the SDK threw what is not an error", { cause: error });
  const { $metadata } = error as { $metadata?: { httpStatusCode?: number; requestId?: string } };
  if ($metadata?.httpStatusCode === undefined) return error;
  const { httpStatusCode: httpStatus, requestId = null } = $metadata;
  // It said that all was well, and what it said beside that cannot be read: the call had its effect, or may have had it.
  if (httpStatus < 300) return lost("AnswerUnreadable", error.message, { ...sent, error });
  return new AwsCallError(
    { ...whatWasSent(sent), awsCode: error.name, message: error.message, httpStatus, requestId },
    { cause: error },
  );
}

function whatWasSent({ context, command }: Sent): Pick<CallFailure, "service" | "operation" | "resource" | "caller"> {
  const { service, operation, caller } = context;
  return { service, operation, caller, resource: namedResource(command.input as Record<string, unknown>) };
}

/** The first id in a call's input: what the call is about, for people. */
function namedResource(input: Readonly<Record<string, unknown>>): string {
  const entry = Object.entries(input).find(
    ([name, value]) => /(Id|Ids|Name|Names|Arn)$/.test(name) && value !== undefined,
  );
  return entry === undefined ? "this account" : [entry[1]].flat().slice(0, 3).join(", ");
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
