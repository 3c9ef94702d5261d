import type { HttpHandlerUserInput } from "@smithy/core/protocols";
import type { Command } from "@smithy/types";
import type { Clock } from "../core/clock.ts";
import type { TargetClients } from "../core/step.ts";
import type { Urgency } from "../core/urgency.ts";
import { sendOnce, type SdkClient } from "./attempt.ts";
import { type AttemptOptions, onlyReads, withAttempts } from "./attempts.ts";
import { AwsCallError } from "./aws-call-error.ts";
import { currentCredentials, type CredentialSource } from "./credentials.ts";
import type { Lanes } from "./lanes.ts";
import type { Limiter, Turn } from "./limiter.ts";
import { createPresigner, type Presigner } from "./presign.ts";
import { once, presigningClient, sdkClients } from "./sdk-clients.ts";
import type { CallRecord, Sender } from "./sender.ts";
import type { Endpoints, Service } from "./services.ts";

export interface ClientOptions {
  readonly region: string;
  readonly credentials: CredentialSource;
  /** Every service at this address instead of AWS's own. */
  readonly endpoint?: string;
  /** Single services at other addresses. */
  readonly endpoints?: Endpoints;
  /** How requests travel; the range puts itself here. Without it, the SDK's own HTTP. */
  readonly requestHandler?: HttpHandlerUserInput;
  readonly clock: Clock;
  readonly random: () => number;
  /** Calls off everything that these clients do. */
  readonly signal?: AbortSignal;
  /** Holds calls to AWS's limits of this account, and to what the process can have under way; without it they go when they come. */
  readonly limits?: { readonly limiter: Limiter; readonly lanes: Lanes; readonly account: string };
  /** Who calls, for the message when AWS refuses: a role's name or ARN. */
  readonly caller?: string;
}

/** The clients of one account and region under one identity. */
export interface ClientSet {
  /** A view on them for one act: cheap, and every attempt that it sends is told to `onCall`. */
  observed(
    onCall: (record: CallRecord) => void,
    signal: AbortSignal,
    urgency?: Urgency,
    beforeChange?: () => Promise<void>,
  ): TargetClients;
  /** Signs addresses of S3 for somebody else. */
  readonly presigner: Presigner;
}

/**
 * Makes clients that sign, wait and give up by the injected clock.
 *
 * The SDK's own retries are off: they wait in real time and their quota is shared by everything in the process.
 */
export function createClients(options: ClientOptions): ClientSet {
  const credentials = currentCredentials(options.credentials, options.clock);
  const regions = new Map<string, ReturnType<typeof sdkClients>>();
  const clientOf = (region: string): ReturnType<typeof sdkClients> => {
    const clients = regions.get(region) ?? sdkClients({ ...options, region }, credentials.held);
    regions.set(region, clients);
    return clients;
  };
  return {
    presigner: createPresigner({
      client: once(() => presigningClient(options, credentials.held)),
      held: credentials.held,
      clock: options.clock,
      refresh: credentials.refresh,
    }),
    observed(onCall, signal, urgency = "rest", beforeChange = async () => {}) {
      const both = options.signal === undefined ? signal : AbortSignal.any([options.signal, signal]);
      const sender = (service: Service, region = options.region): Sender => ({
        send: (command, wish) =>
          send(command, {
            isWhole: wish?.whole === true,
            options: { ...options, region },
            service,
            client: clientOf(region)[service],
            refresh: credentials.refresh,
            urgency: wish?.urgency ?? urgency,
            onCall,
            beforeChange,
            signal: both,
          }),
      });
      return new Observed(() => options.clock.now(), sender);
    },
  };
}

/** Views on the services, each made when it is used: an act uses one or two of them, and thousands of acts may wait at once. */
class Observed implements TargetClients {
  readonly now: () => number;
  readonly #sender: (service: Service, region?: string) => Sender;

  constructor(now: () => number, sender: (service: Service, region?: string) => Sender) {
    this.now = now;
    this.#sender = sender;
  }

  cloudtrailIn(region: string): Sender {
    return this.#sender("cloudtrail", region);
  }

  get autoscaling(): Sender {
    return this.#sender("autoscaling");
  }

  get elb(): Sender {
    return this.#sender("elb");
  }

  get ebs(): Sender {
    return this.#sender("ebs");
  }

  get ec2(): Sender {
    return this.#sender("ec2");
  }

  get iam(): Sender {
    return this.#sender("iam");
  }

  get s3(): Sender {
    return this.#sender("s3");
  }

  get sts(): Sender {
    return this.#sender("sts");
  }

  get ssm(): Sender {
    return this.#sender("ssm");
  }

  get events(): Sender {
    return this.#sender("events");
  }

  get states(): Sender {
    return this.#sender("states");
  }

  get logs(): Sender {
    return this.#sender("logs");
  }
}

interface Sending {
  readonly options: ClientOptions;
  readonly service: Service;
  readonly isWhole: boolean;
  readonly client: () => SdkClient;
  readonly refresh: () => Promise<void>;
  readonly urgency: Urgency;
  readonly onCall: (record: CallRecord) => void;
  /** Rejects if the call may not be sent any more: somebody else works on the case. Asked right before each sending. */
  readonly beforeChange: () => Promise<void>;
  readonly signal: AbortSignal;
}

function send<Input extends object, Output extends object>(
  command: Command<any, Input, any, Output, any>, // oxlint-disable-line no-explicit-any -- as in Sender.
  { options, service, isWhole, client, refresh, urgency, onCall, beforeChange, signal }: Sending,
): Promise<Output> {
  const { clock, random, caller = "these credentials" } = options;
  const operation = operationOf(command);
  const attempt = async (): Promise<Output> => {
    await refresh();
    if (!onlyReads(operation)) await beforeChange();
    const startedAt = clock.now();
    const record = (requestId: string | null, error: string | null): void =>
      onCall({ service, operation, requestId, startedAt, endedAt: clock.now(), error });
    try {
      const output = await sendOnce(client(), command, { clock, signal, service, operation, caller, isWhole });
      record(requestIdOf(output), null);
      return output;
    } catch (error) {
      if (error instanceof AwsCallError) record(error.requestId, error.awsCode);
      else record(null, error instanceof Error ? error.name : "unknown");
      throw error;
    }
  };
  const lanes = options.limits?.lanes;
  return withAttempts(lanes ? () => lanes.through(urgency, signal, attempt) : attempt, {
    clock,
    random,
    signal,
    operation,
    ...limited(options, { service, operation, urgency }, signal),
  });
}

function limited(
  { limits, region }: ClientOptions,
  call: Pick<Turn, "service" | "operation" | "urgency">,
  signal: AbortSignal,
): Pick<AttemptOptions, "turn" | "onThrottled"> {
  if (!limits) return {};
  const { limiter, account } = limits;
  const turn: Turn = { account, region, ...call };
  return {
    turn: (before) => limiter.take(turn, before, signal),
    onThrottled: (refused) => limiter.throttled(turn, refused),
  };
}

/** The schema's third entry is the operation's name; a class name would not survive minifying. */
function operationOf(command: { readonly schema?: unknown }): string {
  const name: unknown = Array.isArray(command.schema) ? command.schema[2] : undefined;
  if (typeof name !== "string") throw new TypeError("this command carries no schema");
  return name;
}

function requestIdOf(output: object): string | null {
  const { $metadata } = output as { $metadata?: { requestId?: string } };
  return $metadata?.requestId ?? null;
}
