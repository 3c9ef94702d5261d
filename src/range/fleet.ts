import type { Clock } from "../core/clock.ts";
import { createEntrance } from "./entrance.ts";
import type { Faults } from "./faults.ts";
import type { ServedCall } from "./front.ts";
import { createResponder, type Responder } from "./responder.ts";
import { stageFleet } from "./scenarios/fleet.ts";
import { TARGET_REGION, type ScenarioTarget } from "./scenarios/scenario.ts";
import { randomOf } from "./staging.ts";
import { inProcessHandler, type InProcessHandler } from "./wire/request-handler.ts";
import type { ForeignCalls } from "./world/throttle.ts";
import { World } from "./world/world.ts";

export interface FleetOptions {
  readonly seed: number;
  readonly clock: Clock;
  /** In every account. */
  readonly instances: number;
  /** One when left out. */
  readonly accounts?: number;
  /** Whether each instance has a role of its own, or all of an account share one. */
  readonly roles: "own" | "one";
  /** Simulated time that a call takes; 40 ms when left out. */
  readonly latencyMs?: number;
  readonly foreignCalls?: ForeignCalls;
  /** Told of every call. Nothing keeps them: there are tens of thousands. */
  readonly onCall?: (call: ServedCall) => void;
}

/** Accounts in memory, all of whose instances were compromised by the same intruder. */
export interface Fleet {
  readonly world: World;
  readonly faults: Faults;
  readonly targets: readonly ScenarioTarget[];
  /** One finding for each instance, all of the same second, in the EventBridge shape. */
  readonly events: readonly unknown[];
  /** Cordon's role in an account of the fleet. */
  responderIn(account: string): Responder;
  requestHandler(): InProcessHandler;
}

/** Builds the accounts, and opens AWS's wire in front of them. */
export function createFleet(options: FleetOptions): Fleet {
  const { seed, clock, accounts = 1, latencyMs, foreignCalls = {}, onCall = () => {} } = options;
  const world = new World({ clock, random: randomOf(seed, "world"), eventHistory: 0 }); // Its memory is measured.
  const responders = new Map<string, Responder>();
  const targets: ScenarioTarget[] = [];
  const events: unknown[] = [];
  for (let index = 0; index < accounts; index++) {
    const account = String(200_000_000_000 + index);
    const place = world.place(account, TARGET_REGION);
    responders.set(account, createResponder(place));
    const staged = stageFleet(place, { ...options, random: randomOf(seed, `findings ${account}`) });
    events.push(...staged.events);
    targets.push(...staged.instances.map(({ id }) => ({ account, region: TARGET_REGION, instanceId: id })));
  }
  const { handle, faults } = createEntrance(
    { seed, foreignCalls, onCall, ...(latencyMs === undefined ? {} : { latencyMs }) },
    world,
  );
  return {
    world,
    faults,
    targets,
    events,
    responderIn(account) {
      const responder = responders.get(account);
      if (!responder) throw new TypeError(`the fleet has no account ${account}`);
      return responder;
    },
    requestHandler: () => inProcessHandler(handle),
  };
}
