import type { Attacker } from "./attacker.ts";
import { createPersistentFlow, type PersistentFlowOptions } from "./persistent-flow.ts";

export type FlowActorOptions = Omit<PersistentFlowOptions, "startedBy" | "port" | "everyMs"> & {
  readonly port?: number;
  readonly everyMs?: number;
};

/** Command and control over HTTPS: one long connection, a few bytes every few seconds. */
export function createBeacon(options: FlowActorOptions): Attacker {
  return createPersistentFlow({ port: 443, everyMs: 5_000, ...options, startedBy: "inside" });
}

/** A miner: a Stratum connection to its pool that is never given up. Behind NAT it is tracked in any case. */
export function createMiner(options: FlowActorOptions): Attacker {
  return createPersistentFlow({ port: 3333, everyMs: 10_000, ...options, startedBy: "inside" });
}

/** A person at a keyboard: an SSH session from outside, and new ones when it hangs. */
export function createSshIntruder(options: FlowActorOptions): Attacker {
  return createPersistentFlow({ port: 22, everyMs: 3_000, ...options, startedBy: "outside" });
}
