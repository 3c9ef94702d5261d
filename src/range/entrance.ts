import { Faults } from "./faults.ts";
import { createFront, type ServedCall } from "./front.ts";
import { randomOf } from "./staging.ts";
import type { Handle } from "./wire/request.ts";
import { createWire } from "./wire/server.ts";
import { randomText, type Random } from "./world/random.ts";
import { Throttle, type ForeignCalls } from "./world/throttle.ts";
import type { World } from "./world/world.ts";

const DEFAULT_LATENCY_MS = 40;

export interface EntranceOptions {
  readonly seed: number;
  /** Simulated time that a call takes; 40 ms when left out. */
  readonly latencyMs?: number;
  readonly foreignCalls?: ForeignCalls;
  /** The foreign caller has used up what there was before anybody else calls. */
  readonly areBucketsEmpty?: boolean;
  readonly onCall: (call: ServedCall) => void;
  /** The fault "pages for ever": no list of EC2, IAM or Systems Manager comes to an end. */
  readonly isEndless?: boolean;
  /** Any access key that the range does not know is an administrator's of this account. */
  readonly administratorsOf?: string | null;
  /** Called when a fault kills the calling process. */
  readonly onCrash?: () => void;
}

export interface Entrance {
  readonly handle: Handle;
  readonly faults: Faults;
}

/** The wire and what stands behind it: latency, throttling, faults, permissions, then the services. */
export function createEntrance(options: EntranceOptions, world: World): Entrance {
  const { onCrash, onCall, administratorsOf = null } = options;
  const faults = new Faults(onCrash ? { onCrash: () => onCrash() } : {});
  const random = randomOf(options.seed, "request-ids");
  const perform = createFront({
    world,
    latencyMs: options.latencyMs ?? DEFAULT_LATENCY_MS,
    faults,
    throttle: new Throttle({
      foreignCalls: options.foreignCalls ?? {},
      areBucketsEmpty: options.areBucketsEmpty === true,
    }),
    onCall,
    isEndless: options.isEndless === true,
    administratorsByAnyKey: administratorsOf === null ? null : { account: administratorsOf },
  });
  const { handle } = createWire({ requestId: () => newRequestId(random), perform, now: () => world.now() });
  world.door = handle;
  return { handle, faults };
}

function newRequestId(random: Random): string {
  const part = (length: number): string => randomText(random, "0123456789abcdef", length);
  return `${part(8)}-${part(4)}-4${part(3)}-a${part(3)}-${part(12)}`;
}
