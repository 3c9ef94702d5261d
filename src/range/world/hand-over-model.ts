import type { Resource } from "./model.ts";

/** What somebody put onto a bus. */
export interface PutEvent {
  readonly id: string;
  readonly source: string;
  readonly detailType: string;
  readonly detail: string;
  readonly at: number;
}

/** An event bus of EventBridge; its id is its name. Every Region has one that is called `default`. */
export interface EventBus extends Resource {
  readonly arn: string;
  events: PutEvent[];
}

export interface Execution {
  readonly name: string;
  readonly arn: string;
  readonly input: string;
  readonly startedAt: number;
  status: "RUNNING" | "SUCCEEDED" | "FAILED";
}

/** A state machine of Step Functions, of the standard kind; its id is its name. */
export interface StateMachine extends Resource {
  readonly arn: string;
  executions: Execution[];
}
