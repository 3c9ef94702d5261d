import type { Request } from "../core/journal.ts";
import type { Clock } from "../core/clock.ts";
import type { Finding } from "../core/finding.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Settings } from "../core/settings.ts";
import type { PreparedGroups, Target, TargetClients } from "../core/step.ts";
import type { Store } from "../core/store.ts";
import type { Urgency } from "../core/urgency.ts";
import type { Vault } from "../core/vault.ts";
import type { Registry } from "./registry.ts";

/** A call to AWS as the engine is told of it. */
export interface ObservedCall {
  readonly service: string;
  readonly operation: string;
  readonly requestId: string | null;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly error: string | null;
}

type ClientsOf<Clients> = (
  target: Target,
  onCall: (call: ObservedCall) => void,
  act: {
    readonly signal: AbortSignal;
    readonly urgency: Urgency;
    /** Rejects if nothing may be changed any more; asked before each call that changes something. */
    readonly beforeChange?: () => Promise<void>;
  },
) => Clients;

/** Everything that carrying out an act needs from outside. */
export interface Ports {
  readonly store: Store;
  readonly vault: Vault;
  readonly registry: Registry;
  readonly playbooks: ReadonlyMap<string, Playbook>;
  readonly clock: Clock;
  /** Uniform in [0, 1). Seeded in drills, so that a case's id and nonce are the same again. */
  readonly random: () => number;
  readonly settings: Settings;
  readonly clients: ClientsOf<TargetClients>;
  /** Clients of the account that evidence is copied to, in the target's Region; null where none is configured. */
  readonly evidence?: ClientsOf<TargetClients | null>;
  prepared(target: Target, aws: TargetClients, findings: readonly Finding[]): PreparedGroups;
  /** Told of every call, with the act it belongs to. */
  onCall?(call: ObservedCall & { readonly case: string; readonly act: string }): void;
}

/** The longest list of requests that an event carries: the journal is no packet log. */
const MOST_REQUESTS = 50;

export function requestsOf(calls: readonly ObservedCall[]): readonly Request[] {
  return calls.slice(0, MOST_REQUESTS).map(({ service, operation, requestId, startedAt, error }) => ({
    operation: `${service}:${operation}`,
    requestId,
    at: new Date(startedAt).toISOString(),
    error,
  }));
}
