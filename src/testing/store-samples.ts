import { type Actor, GENESIS, type Happening, type NewEvent } from "../core/journal.ts";
import type { Append, Store } from "../core/store.ts";
import type { Claim } from "../core/step.ts";

export const NOW = 1_768_478_400_000;
const engine: Actor = { kind: "cordon", id: "cordon", channel: "engine" };
export const target = { account: "111122223333", region: "eu-west-1", instanceId: "i-0123456789abcdef0" };

const event = (body: Happening): NewEvent => ({ actor: engine, body });
export const stage = (name: string): NewEvent => event({ type: "stage.started", stage: name });

export const opening = (instanceId = target.instanceId): NewEvent =>
  event({
    type: "case.opened",
    target: { ...target, instanceId },
    incident: "incident-1",
    playbook: "cut",
    verdict: "compromised",
    reason: "it was seen",
    orderedBy: null,
    nonce: "n",
    findings: [],
  });

export const first = (id: string, more: Partial<Append> = {}): Append => ({
  case: id,
  sequence: 0,
  previous: GENESIS,
  now: NOW,
  events: [opening()],
  ...more,
});

export const claim = (member: string, until: number | null = null): Claim => ({
  resource: "acl-1",
  step: "contain.remote-addresses",
  member,
  case: "case-1",
  value: { deny: "203.0.113.9/32" },
  until,
});

/** Gives a test a fresh store, and closes it. */
export type On = (use: (store: Store) => Promise<void>) => () => Promise<void>;
