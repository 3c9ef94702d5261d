import type { Command } from "@smithy/types";
import type { Urgency } from "../core/urgency.ts";

/** What was sent to AWS and what came of it: for the journal, for the count of round trips, for the report. */
export interface CallRecord {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string | null;
  /** Milliseconds since 1970, by the injected clock. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** AWS's error code; null when it went well. */
  readonly error: string | null;
}

/**
 * One service of one account and region, as the functions of this folder use it.
 *
 * Throttled calls are sent again after a pause on the injected clock. A call whose effect is uncertain (5xx, connection lost)
 * is sent again here only if it reads; otherwise it throws AwsCallError with `isTransient`, and the engine runs the verb again,
 * which looks before it acts.
 */
export interface Sender {
  send<Input extends object, Output extends object>(
    command: Command<any, Input, any, Output, any>, // oxlint-disable-line no-explicit-any -- the SDK's own command types differ per client; input and output stay typed.
    wish?: SendWish,
  ): Promise<Output>;
}

/** How an answer is taken. */
export interface SendWish {
  /**
   * A body that comes as a stream is read to its end before the answer counts as there: one that breaks off is a lost answer,
   * within the same deadline. Only for bodies that may be held whole.
   */
  readonly whole?: boolean;
  /** How urgent this call is, where that is not what the rest of its act is. */
  readonly urgency?: Urgency;
}

declare module "../core/step.ts" {
  interface TargetClients {
    /** The time by the clock that these clients wait on, in milliseconds since 1970: when something was read. */
    readonly now: () => number;
    readonly ebs: Sender;
    readonly ec2: Sender;
    readonly iam: Sender;
    readonly s3: Sender;
    readonly sts: Sender;
    readonly ssm: Sender;
    readonly autoscaling: Sender;
    readonly elb: Sender;
    /** CloudTrail of a Region, which need not be the clients' own: global services are recorded in one. */
    readonly cloudtrailIn: (region: string) => Sender;
    readonly events: Sender;
    readonly states: Sender;
    readonly logs: Sender;
  }
}
