import { noVault } from "../../src/core/artifact.ts";
import { createClients } from "../../src/aws/clients.ts";
import { preparedGroups, type KnownGroups } from "../../src/aws/prepared-groups.ts";
import { changeId, type Change, type ChangeDraft } from "../../src/core/change.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Json } from "../../src/core/json.ts";
import type { Plan, StepContext, Target, Verification } from "../../src/core/step.ts";
import { createRange, START_OF_SIMULATED_TIME_MS, type Range, type RangeOptions } from "../../src/range/range.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import type { NetworkInterface, SecurityGroup } from "../../src/range/world/model.ts";
import type { Place } from "../../src/range/world/world.ts";

/** A staged range and what a step is handed in it. */
export interface Bench {
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly place: Place;
  readonly target: Target;
  readonly context: StepContext;
  /** The target's interfaces, as they are and not as a read shows them, by device index. */
  interfaces(): readonly NetworkInterface[];
  /** Cordon's group of a level in the VPC of an interface; undefined where there is none. */
  prepared(level: "sealed" | "open", vpcId: string): SecurityGroup | undefined;
  /** The names of the operations that were served since the last question. */
  operations(): readonly string[];
}

export interface BenchOptions extends Partial<RangeOptions> {
  readonly context?: Partial<StepContext>;
  readonly known?: KnownGroups;
}

/** Stages a scenario (`c2-beacon` when left out) and runs the test on its clock. */
export async function onRange<T>(options: BenchOptions, test: (bench: Bench) => Promise<T>): Promise<T> {
  const bench = openBench(options);
  return bench.clock.run(() => test(bench));
}

/** The same for tests that stage more before time runs. */
export function openBench(options: BenchOptions = {}): Bench {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "c2-beacon", seed: 7, ...options, clock });
  return benchOf(range, clock, options);
}

function benchOf(range: Range, clock: SimulatedClock, { context: given, known }: BenchOptions): Bench {
  const [target] = range.scenario.targets;
  if (!target) throw new Error("the scenario has no target");
  const place = range.world.place(target.account, target.region);
  const aws = createClients({
    region: target.region,
    credentials: range.responder,
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(1),
  }).observed(() => {}, new AbortController().signal);
  const context: StepContext = {
    case: { id: "case-1", openedAt: clock.now(), incident: "incident-1" },
    findings: [],
    target,
    aws,
    prepared: preparedGroups(aws.ec2, known ?? new Map()),
    outcomes: {},
    survivors: null,
    settings: { purpose: "forensics", neverDeny: [] },
    now: clock.now(),
    signal: new AbortController().signal,
    attempt: 1,
    lookSince: null,
    vault: noVault("this step keeps no evidence"),
    changesSent: () => [],
    nonce: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    ...given,
  };
  let heard = 0;
  return {
    clock,
    range,
    place,
    target,
    context,
    interfaces: () =>
      [...place.region.interfaces.values()]
        .filter(({ attachment }) => attachment?.instanceId === target.instanceId)
        .sort((left, right) => (left.attachment?.deviceIndex ?? 0) - (right.attachment?.deviceIndex ?? 0)),
    prepared: (level, vpcId) =>
      [...place.region.securityGroups.values()].find(
        (group) =>
          group.vpcId === vpcId && group.tags.some(({ key, value }) => key === "cordon:prepared" && value === level),
      ),
    operations() {
      const since = range.calls.slice(heard).map(({ operation }) => operation);
      heard = range.calls.length;
      return since;
    },
  };
}

/** The changes of a plan as the engine hands them to the other verbs: with ids, and after a journey through JSON. */
export function changesOf<Before extends Json, After extends Json>(
  step: { readonly id: string },
  { changes }: Plan<Before, After>,
): readonly Change<Before, After>[] {
  const named = changes.map((draft: ChangeDraft<Before, After>) => ({
    ...draft,
    id: changeId(step.id, draft),
    step: step.id,
  }));
  return JSON.parse(JSON.stringify(named)) as readonly Change<Before, After>[];
}

/** Asks as the engine does: again and again while the answer is "not yet", for at most the given time. */
export async function settled(
  clock: SimulatedClock,
  withinMs: number,
  look: () => Promise<Verification>,
): Promise<Verification> {
  const until = clock.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen.kind !== "notYet" || clock.now() >= until) return seen;
    await clock.sleep(250);
  }
}
