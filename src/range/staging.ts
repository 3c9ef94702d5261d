import type { Clock } from "../core/clock.ts";
import type { Attacker } from "./attackers/attacker.ts";
import { callerOf, type Serve } from "./attackers/aws-caller.ts";
import type { Authorize } from "./attackers/credential-user.ts";
import { foundPast } from "./past/founding.ts";
import { createResponder, type Responder } from "./responder.ts";
import { scenarioDefinitions } from "./scenarios/catalogue.ts";
import {
  TARGET_ACCOUNT,
  TARGET_REGION,
  type Scenario,
  type ScenarioDefinition,
  type ScenarioSummary,
  type Variant,
} from "./scenarios/scenario.ts";
import { Network } from "./world/network/network.ts";
import type { NetworkOptions } from "./world/network/options.ts";
import { seededRandom, type Random } from "./world/random.ts";
import { evidenceBucket, type EvidenceBucket } from "./world/s3.ts";
import { World } from "./world/world.ts";

const DEFAULT_INTERFACE_ATTACHED_AFTER_MS = 60_000;

export interface StagingOptions {
  readonly scenario: string;
  /** The same seed gives the same account, the same ids and the same attackers. */
  readonly seed: number;
  readonly clock: Clock;
  readonly variants?: readonly Variant[];
  /** Describe calls may show a changed resource as it was for at most this long; 0 when left out. */
  readonly staleMs?: number;
  /** What AWS does not document about tracked flows; the worst for who contains when left out. */
  readonly networkOptions?: Partial<NetworkOptions>;
  /** For the variant `interface-attached-during-approval`; a minute when left out. */
  readonly interfaceAttachedAfterMs?: number;
  /** A bucket for evidence, in the target's account and Region unless it says otherwise; none when left out. */
  readonly evidenceBucket?: Pick<EvidenceBucket, "name"> & Partial<EvidenceBucket>;
}

/** A world with a scenario in it: flows are open and credentials stolen, and nobody has noticed. */
export interface StagedWorld {
  readonly world: World;
  readonly network: Network;
  readonly scenario: Scenario;
  readonly responder: Responder;
  readonly attackers: readonly Attacker[];
  readonly events: readonly unknown[];
}

/** What can be staged, without a seed. */
export const scenarios: readonly ScenarioSummary[] = scenarioDefinitions.map(summaryOf);

/**
 * Builds the account of a scenario and stages the attack.
 *
 * @throws TypeError when there is no such scenario, or it does not know a variant.
 */
export function stageScenario(
  options: StagingOptions,
  doors: {
    /** Whether AWS would allow what the range does not serve. */
    readonly authorize: (world: World, request: Parameters<Authorize>[0]) => boolean;
    readonly serve: Serve;
  },
): StagedWorld {
  const definition = findScenario(options);
  const staleMs = options.staleMs ?? definition.conditions?.staleMs ?? 0;
  let builtBeforeMs = staleMs; // Built early enough that no read of the finished account is stale.
  const { clock } = options;
  const world = new World({
    clock: {
      now: () => clock.now() - builtBeforeMs,
      sleep: (ms, signal) => clock.sleep(ms, signal),
      monotonic: () => clock.monotonic(),
      hold: () => clock.hold(),
    },
    random: randomOf(options.seed, "world"),
    consistency: { maximumLagMs: staleMs },
  });
  const place = world.place(TARGET_ACCOUNT, TARGET_REGION);
  const network = new Network(world, options.networkOptions);
  const responder = createResponder(place);
  if (options.evidenceBucket) {
    evidenceBucket(world, { account: TARGET_ACCOUNT, region: TARGET_REGION, ...options.evidenceBucket });
  }
  const { targets, attackers, events } = definition.stage({
    place,
    network,
    authorize: (request) => doors.authorize(world, request),
    call: callerOf(world, TARGET_REGION, doors.serve),
    randomFor: (name) => randomOf(options.seed, name),
    variants: new Set(options.variants),
    interfaceAttachedAfterMs: options.interfaceAttachedAfterMs ?? DEFAULT_INTERFACE_ATTACHED_AFTER_MS,
  });
  foundPast(world);
  for (const attacker of attackers) attacker.begin();
  builtBeforeMs = 0;
  const scenarioTargets = targets.map(({ id }) => ({ account: TARGET_ACCOUNT, region: TARGET_REGION, instanceId: id }));
  return {
    world,
    network,
    scenario: { ...summaryOf(definition), conditions: definition.conditions ?? null, targets: scenarioTargets },
    responder,
    attackers,
    events,
  };
}

/** A stream of chance of its own for each name, so that what one part draws never moves what another does. */
export function randomOf(seed: number, name: string): Random {
  let mixed = seed >>> 0;
  for (const character of name) mixed = Math.imul(mixed ^ (character.codePointAt(0) ?? 0), 16_777_619) >>> 0;
  return seededRandom(mixed);
}

function findScenario({ scenario, variants = [] }: StagingOptions): ScenarioDefinition {
  const definition = scenarioDefinitions.find(({ id }) => id === scenario);
  if (!definition) {
    throw new TypeError(`no such scenario: ${scenario} (known: ${scenarioDefinitions.map(({ id }) => id).join(", ")})`);
  }
  const unknown = variants.find((variant) => !definition.variants.includes(variant));
  if (unknown !== undefined) {
    throw new TypeError(`scenario ${scenario} has no variant ${unknown} (known: ${definition.variants.join(", ")})`);
  }
  return definition;
}

function summaryOf(definition: ScenarioDefinition): ScenarioSummary {
  const { id, title, description, attackers, expected, suggestedApprovals, variants } = definition;
  return { id, title, description, attackers, expected, suggestedApprovals, variants };
}
