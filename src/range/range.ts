import type { Json } from "../core/json.ts";
import type { Attacker } from "./attackers/attacker.ts";
import { createEntrance } from "./entrance.ts";
import type { Faults } from "./faults.ts";
import { type ServedCall, serveNow } from "./front.ts";
import { authorize } from "./iam/authorize.ts";
import type { Responder } from "./responder.ts";
import { TARGET_ACCOUNT, type Scenario } from "./scenarios/scenario.ts";
import { stageScenario, type StagingOptions } from "./staging.ts";
import { inProcessHandler, type InProcessHandler } from "./wire/request-handler.ts";
import type { WireRequest, WireResponse } from "./wire/request.ts";
import type { Network } from "./world/network/network.ts";
import { snapshot } from "./world/snapshot.ts";
import type { ForeignCalls } from "./world/throttle.ts";
import type { World } from "./world/world.ts";

export { scenarios } from "./staging.ts";

/** When simulated time begins: 2026-01-15T12:00:00Z. */
export const START_OF_SIMULATED_TIME_MS = 1_768_478_400_000;

export interface RangeOptions extends StagingOptions {
  /** Simulated time that a call takes; 40 ms when left out. */
  readonly latencyMs?: number;
  /** Calls per second that somebody else in the account makes of each of EC2's APIs that a cut needs; 0 when left out. */
  readonly foreignCaller?: number;
  /** The fault "pages for ever": every list gives a token for a next page. */
  readonly isEndless?: boolean;
  /** Any access key is an administrator's of the account, as in a served range. */
  readonly administratorsByAnyKey?: boolean;
  /** Called when a fault kills the calling process. */
  readonly onCrash?: () => void;
}

/** An AWS account in memory with a staged attack in it. */
export interface Range {
  readonly world: World;
  readonly network: Network;
  readonly faults: Faults;
  readonly scenario: Scenario;
  readonly responder: Responder;
  readonly calls: readonly ServedCall[];
  handle(request: WireRequest): Promise<WireResponse>;
  /** For the SDK's clients, in process. */
  requestHandler(): InProcessHandler;
  /** Lets the attackers and bystanders live on the clock until the signal aborts. */
  start(signal: AbortSignal): void;
  /** The findings that the scenario emits, in the EventBridge shape; none when a person starts by hand. */
  events(): readonly unknown[];
  attackers(): readonly Attacker[];
  /** The configuration of the target's account, to compare before and after. */
  snapshot(): Json;
}

/**
 * Builds the account of a scenario, stages the attack, and opens AWS's wire in front of it.
 *
 * @throws TypeError when there is no such scenario, or it does not know a variant.
 */
export function createRange(options: RangeOptions): Range {
  const { world, network, scenario, responder, attackers, events } = stageScenario(options, {
    authorize: (inWorld, request) => authorize(inWorld, request).allowed,
    serve: serveNow,
  });
  const calls: ServedCall[] = [];
  const { seed, latencyMs, onCrash } = options;
  const { handle, faults } = createEntrance(
    {
      seed,
      ...(latencyMs === undefined ? {} : { latencyMs }),
      foreignCalls: foreignCalls(options.foreignCaller ?? scenario.conditions?.foreignCallsPerSecond ?? 0),
      areBucketsEmpty: scenario.conditions !== null,
      onCall: (call) => calls.push(call),
      isEndless: options.isEndless === true,
      administratorsOf: options.administratorsByAnyKey === true ? TARGET_ACCOUNT : null,
      ...(onCrash === undefined ? {} : { onCrash }),
    },
    world,
  );
  return {
    world,
    network,
    faults,
    scenario,
    responder,
    calls,
    handle,
    requestHandler: () => inProcessHandler(handle),
    start(signal) {
      for (const attacker of attackers) void attacker.live(signal);
    },
    events: () => events,
    attackers: () => attackers,
    snapshot: () => snapshot(world, TARGET_ACCOUNT),
  };
}

/** EC2's APIs that a cut needs, and that another automation in the account would use as well. */
const SHARED_OPERATIONS = [
  "DescribeInstances",
  "DescribeNetworkAcls",
  "DescribeNetworkInterfaces",
  "DescribeSecurityGroups",
  "CreateNetworkAclEntry",
  "DeleteNetworkAclEntry",
  "ModifyNetworkInterfaceAttribute",
];

function foreignCalls(perSecond: number): ForeignCalls {
  return Object.fromEntries(SHARED_OPERATIONS.map((operation) => [operation, perSecond]));
}
