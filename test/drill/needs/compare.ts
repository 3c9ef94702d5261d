import { stringify } from "yaml";
import { shippedPlaybooks } from "../../../bench/playbooks.ts";
import { registry } from "../../../src/cli/compose.ts";
import { EVIDENCE_ACCOUNT, runDrill } from "../../../src/cli/drill/run.ts";
import type { DrillReport } from "../../../src/cli/drill/report.ts";
import type { Playbook } from "../../../src/core/playbook.ts";
import type { SimulatedClock } from "../../../src/core/clock.ts";
import type { AnyStep } from "../../../src/core/step.ts";
import type { Vault } from "../../../src/core/vault.ts";
import { readPlaybook } from "../../../src/playbooks/read.ts";
import type { Range } from "../../../src/range/range.ts";
import { imageState, snapshotState } from "../../../src/range/world/storage-model.ts";
import { memoryVault } from "../../../src/vault/memory.ts";
import type { Need, Seen, Sight, SmallPlaybook } from "./need.ts";

/** What is seen at the end of the drill with the technique, and of the same drill without it. */
export async function compare(need: Need): Promise<{ readonly with: Seen; readonly without: Seen }> {
  const playbook = playbookOf(need);
  if (!usesOf(playbook).includes(need.step) && !isEnabled(need.step))
    throw new TypeError(`${playbook.id} does not use ${need.step}`);
  return {
    with: await seenAfter(need, playbook, registry),
    without: await seenAfter(need, leaveOut(playbook, need.step), withoutEnabler(need.step)),
  };
}

/** The playbook of its drill, whole. */
export function playbookOf({ playbook }: Pick<Need, "playbook">): Playbook {
  return typeof playbook === "string" ? shipped(playbook) : small(playbook);
}

async function seenAfter(need: Need, playbook: Playbook, known: ReadonlyMap<string, AnyStep>): Promise<Seen> {
  let vault: Vault = memoryVault();
  let staged: Staged | null = null;
  const report = await runDrill({
    scenario: need.scenario,
    variants: need.variants,
    seed: 7,
    playbooks: [playbook],
    playbook: playbook.id,
    registry: known,
    vault: (range, clock) => (vault = need.vault?.(range, clock) ?? vault),
    ...(need.approve === undefined ? {} : { approve: need.approve }),
    ...(need.networkOptions === undefined ? {} : { range: { networkOptions: need.networkOptions } }),
    ...(need.settings === undefined ? {} : { settings: need.settings }),
    prepare(range, clock) {
      need.prepare?.(range);
      const { region, instanceId } = placeOf(range);
      const volumes = region.instances.get(instanceId)?.blockDevices.map(({ volumeId }) => volumeId) ?? [];
      staged = { range, clock, volumes, instances: [...region.instances.keys()] };
    },
  });
  if (staged === null) throw new TypeError("the drill was not staged");
  return seen(need.sees, { ...(staged as Staged), report, vault });
}

/** What was there before anybody did anything. */
interface Staged {
  readonly range: Range;
  readonly clock: SimulatedClock;
  readonly volumes: readonly string[];
  readonly instances: readonly string[];
}

interface Ended extends Staged {
  readonly report: DrillReport;
  readonly vault: Vault;
}

function placeOf(range: Range) {
  const [target] = range.scenario.targets;
  if (!target) throw new TypeError("the scenario has no target");
  return { ...range.world.place(target.account, target.region), instanceId: target.instanceId };
}

async function seen(sight: Sight, ended: Ended): Promise<Seen> {
  const { report, range, volumes, instances } = ended;
  const { region, world, instanceId } = placeOf(range);
  switch (sight.of) {
    case "attacker": {
      const attacker = report.result.attackers.find(({ name }) => name === sight.name);
      if (!attacker) throw new TypeError(`there is no attacker ${sight.name}`);
      return attacker.cut ? "cut" : "gets through";
    }
    case "verdict":
      return report.result.contained;
    case "instance":
      return region.instances.get(instanceId)?.state ?? "gone";
    case "memory": {
      const instance = region.instances.get(instanceId);
      return instance?.state === "running" && instance.reboots === 0 ? "kept" : "lost";
    }
    case "volumes":
      return volumes.filter((id) => region.volumes.has(id)).length;
    case "snapshots": {
      const { snapshots } =
        sight.account === "target" ? region : world.place(EVIDENCE_ACCOUNT.account, region.name).region;
      return [...snapshots.values()].filter((each) => snapshotState(each, world.now()) === "completed").length;
    }
    case "images":
      return [...region.images.values()].filter((each) => imageState(each, world.now()) === "available").length;
    case "evidence":
      return says(ended, sight);
    case "examinable disks":
      return examinableDisks(ended).length;
    case "launched":
      return [...region.instances.values()].filter(({ id, state }) => state === "running" && !instances.includes(id))
        .length;
  }
}

/** Volumes of snapshots of the instance's disks, attached to what was launched since. */
function examinableDisks({ range, volumes, instances }: Ended): readonly string[] {
  const { region } = placeOf(range);
  return [...region.volumes.values()]
    .filter(({ attachment }) => attachment !== null && !instances.includes(attachment.instanceId))
    .filter(({ snapshotId }) => volumes.includes(region.snapshots.get(snapshotId ?? "")?.volumeId ?? ""))
    .map(({ id }) => id);
}

async function says(
  { report, vault, clock }: Ended,
  { kind, says: text }: Sight & { of: "evidence" },
): Promise<boolean> {
  const keys = report.result.evidence
    .filter((each) => each.kind === kind)
    .flatMap(({ location }) => vault.keyOf(location) ?? []);
  const contents = await clock.run(() => Promise.all(keys.map((key) => vault.get(key))));
  return contents.some((content) => content !== null && Buffer.from(content).includes(text));
}

function shipped(id: string): Playbook {
  const found = shippedPlaybooks().find((playbook) => playbook.id === id);
  if (!found) throw new TypeError(`there is no shipped playbook ${id}`);
  return found;
}

/** The stages one after the other; what fails in one holds no other up. */
function small(stages: SmallPlaybook): Playbook {
  const file = {
    id: "small",
    title: "A small playbook of a test",
    autonomy: "suspected",
    stages: stages.map((steps, index) => ({ id: `stage-${index + 1}`, on_failure: "continue", steps })),
  };
  return readPlaybook(stringify(file), { file: "small.yaml", steps: registry.values() });
}

function usesOf({ stages }: Playbook): readonly string[] {
  return stages.flatMap(({ steps, around }) => [...steps, ...(around ? [around] : [])].map(({ use }) => use));
}

/** The same playbook without the technique. A stage in which nothing is left goes with it. */
function leaveOut(playbook: Playbook, step: string): Playbook {
  const stages = playbook.stages
    .map((stage) => ({
      ...stage,
      around: stage.around?.use === step ? null : stage.around,
      steps: stage.steps.filter(({ use }) => use !== step),
    }))
    .filter(({ steps }) => steps.length > 0);
  const kept = new Set(stages.map(({ id }) => id));
  return {
    ...playbook,
    stages: stages.map((stage) => ({ ...stage, needs: stage.needs.filter((id) => kept.has(id)) })),
  };
}

function isEnabled(step: string): boolean {
  return [...registry.values()].some((each) => "enabledBy" in each && each.enabledBy === step);
}

/** The registry in which the technique is not put in where another lacks what it makes. */
function withoutEnabler(step: string): ReadonlyMap<string, AnyStep> {
  return new Map(
    [...registry].map(([id, each]) => {
      if (!("enabledBy" in each) || each.enabledBy !== step) return [id, each];
      const { enabledBy: _, ...rest } = each;
      return [id, rest as AnyStep];
    }),
  );
}
