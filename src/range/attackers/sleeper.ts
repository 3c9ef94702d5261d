/** An intruder who is silent for days: his flow is there from before, and says nothing until he comes back. */
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";
import type { Network } from "../world/network/network.ts";
import { packetOf, type Flow } from "../world/network/flow.ts";

export interface SleeperOptions extends Omit<ActorOptions, "everyMs" | "firstAfterMs"> {
  readonly network: Network;
  readonly flow: Flow;
  readonly startedBy: "inside" | "outside";
  /** How long before the drill his last packet was. */
  readonly silentSinceMs: number;
  /** When he comes back, counted from the beginning of the drill. */
  readonly wakesAfterMs: number;
  /** Between two tries once he is awake; a minute when left out. */
  readonly everyMs?: number;
}

/** How long the flow had existed when he fell silent. */
const LIVED_MS = 86_400_000;

/**
 * Plants his flow as it has been since his last packet, and tries it in both directions when he wakes. He opens no new
 * connection: what counts is whether the old one outlived what was done in the meantime.
 */
export function createSleeper(options: SleeperOptions): Attacker {
  const { network, flow, startedBy, silentSinceMs, wakesAfterMs, everyMs = 60_000, clock } = options;
  return createActor(
    { ...options, everyMs, firstAfterMs: wakesAfterMs },
    {
      begin() {
        const lastPacketAt = clock.now() - silentSinceMs;
        network.plant(flow, { startedBy, beganAt: lastPacketAt - LIVED_MS, lastPacketAt });
      },
      beat: () => network.send(packetOf(flow, "inward")).delivered || network.send(packetOf(flow, "outward")).delivered,
    },
  );
}
