import { sha256 } from "../../core/json.ts";
import type { EventTreatment, Remembered } from "../world/event-history.ts";
import type { Place } from "../world/world.ts";
import { pastUser, type Principal } from "./principals.ts";

export const DAY_MS = 86_400_000;
export const MINUTE_MS = 60_000;

/** A call of the past of which only the event is written: its effect stands already. */
export interface PastEvent {
  readonly at: number;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
  readonly by?: Principal;
  /** EC2 when left out. */
  readonly service?: Remembered["service"];
  readonly treatment?: EventTreatment;
}

/** Writes one event into the past of an account and Region. */
export function writeEvent({ world, account, region }: Place, event: PastEvent): void {
  const by = event.by ?? pastUser(account.id, "network-engineer");
  world.eventHistory.remember({
    accountId: account.id,
    region: region.name,
    service: event.service ?? "ec2",
    operation: event.operation,
    input: event.input,
    requestId: "",
    at: event.at,
    error: null,
    caller: by,
    sourceIp: by.service ?? "192.0.2.15",
    userAgent: by.service ?? "aws-cli/2.31.0",
    issued: null,
    output: event.output ?? {},
    isPast: true,
    ...(event.treatment === undefined ? {} : { treatment: event.treatment }),
  });
}

/** Whether a resource has its events already; from now on it has. */
export function isFounded({ world }: Place, id: string): boolean {
  const { founded } = world.eventHistory;
  if (founded.has(id)) return true;
  founded.add(id);
  return false;
}

/** An id that stood for something that is gone. */
export function formerId(prefix: string, text: string): string {
  return `${prefix}-0${sha256(text).slice(0, 16)}`;
}
