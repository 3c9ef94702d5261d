import { describe, expect, it } from "vitest";
import { registry } from "../../src/cli/compose.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { DrillOptions } from "../../src/cli/drill/rehearsal.ts";
import type { Playbook } from "../../src/core/playbook.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import type { Range } from "../../src/range/range.ts";
import type { AutoScalingGroup } from "../../src/range/world/scaling-model.ts";

const CUT = `
  - id: cut
    on_failure: continue
    steps: [contain.security-groups, contain.remote-addresses, contain.connection-timeouts]
  - id: prove
    on_failure: continue
    steps: [assess.containment]
`;

const HOLD = `
  - id: hold
    alongside: true
    on_failure: continue
    steps:
      - protect.termination-protection
      - { use: protect.auto-scaling, with: { mode: MODE } }
      - protect.load-balancers
`;

function playbook(stages: string): Playbook {
  const head =
    "id: hold-and-cut\ntitle: Hold the evidence and cut it off\nanswers: [Execution:Runtime/*]\nautonomy: confirmed\nstages:";
  return readPlaybook(head + stages, { file: "hold-and-cut.yaml", steps: registry.values() });
}

const holding = (mode: "detach" | "standby"): Playbook => playbook(HOLD.replace("MODE", mode) + CUT);

/** What became of the account, as it is and not as a read shows it. */
interface Aftermath {
  readonly group: AutoScalingGroup;
  readonly launched: readonly string[];
  readonly ended: readonly string[];
  readonly targetState: string | undefined;
  readonly target: string;
  /** How many of the volumes that the target had are still there. */
  readonly volumes: number;
}

async function drill(options: Partial<DrillOptions> & { readonly playbooks: readonly Playbook[] }) {
  let range: Range | null = null;
  let known: readonly string[] = [];
  let volumes: readonly string[] = [];
  const report = await runDrill({
    scenario: "ssh-intruder",
    seed: 7,
    ...options,
    prepare(staged) {
      range = staged;
      const { region, target } = placeOf(staged);
      known = [...region.instances.keys()];
      volumes = region.instances.get(target)?.blockDevices.map(({ volumeId }) => volumeId) ?? [];
    },
  });
  if (range === null) throw new TypeError("the drill was not staged");
  return { report, aftermath: aftermathOf(range, { known, volumes }) };
}

function placeOf(range: Range) {
  const [target] = range.scenario.targets;
  if (!target) throw new TypeError("the scenario has no target");
  return { ...range.world.place(target.account, target.region), target: target.instanceId };
}

function aftermathOf(
  range: Range,
  { known, volumes }: { readonly known: readonly string[]; readonly volumes: readonly string[] },
): Aftermath {
  const { region, target } = placeOf(range);
  const group = region.autoScalingGroups.get("storefront");
  if (!group) throw new TypeError("the scenario has no group");
  const instances = [...region.instances.values()];
  return {
    group,
    launched: instances.filter(({ id }) => !known.includes(id)).map(({ id }) => id),
    ended: instances.filter(({ state }) => state === "shutting-down" || state === "terminated").map(({ id }) => id),
    targetState: region.instances.get(target)?.state,
    target,
    volumes: volumes.filter((id) => region.volumes.has(id)).length,
  };
}

const serving = ({ members }: AutoScalingGroup): number =>
  [...members.values()].filter(({ lifecycleState }) => lifecycleState === "InService").length;

describe("ssh-intruder", () => {
  it("loses the instance, and its volume, to its own group when it is cut and not held", async () => {
    const { report, aftermath } = await drill({ playbooks: [playbook(CUT)] });
    expect(report.result.attackers).toEqual([{ name: "intruder", cut: true, lastSuccessMs: expect.any(Number) }]);
    expect(aftermath.ended).toEqual([aftermath.target]);
    expect([aftermath.targetState, aftermath.volumes]).toEqual(["terminated", 0]);
    expect(report.result.score).toBe(0);
  });

  it("is cut and held: its group lets go of it, ends nobody, and has its capacity again by a clean one", async () => {
    const { report, aftermath } = await drill({ playbooks: [holding("detach")] });
    const { result, breaches } = report;
    expect(result.attackers).toEqual([{ name: "intruder", cut: true, lastSuccessMs: expect.any(Number) }]);
    expect(result.roundTripsToIsolation).toBe(2);
    expect(breaches).toEqual([]);
    expect(result.changes.filter(({ step }) => step.startsWith("protect.")).map(({ state }) => state)).toEqual(
      Array<string>(5).fill("verified"),
    );
    expect(aftermath).toMatchObject({ ended: [], targetState: "running", volumes: 1 });
    expect(aftermath.launched).toHaveLength(1);
    expect([...aftermath.group.members.keys()]).not.toContain(aftermath.target);
    expect([serving(aftermath.group), aftermath.group.desiredCapacity]).toEqual([2, 2]);
    expect(result.checks.filter(({ what }) => what === "customers keeps working").map(({ ok }) => ok)).toEqual([true]);
  });

  it("is put back on release, beside the one that came in its place", async () => {
    const { report, aftermath } = await drill({ playbooks: [holding("detach")], release: true });
    expect(report.result.released?.ok).toBe(true);
    expect(aftermath).toMatchObject({ ended: [], targetState: "running" });
    expect([...aftermath.group.members.keys()]).toContain(aftermath.target);
    expect([serving(aftermath.group), aftermath.group.desiredCapacity, aftermath.group.maxSize]).toEqual([3, 3, 3]);
  });

  it("leaves no difference at all when it was put on standby", async () => {
    const { report, aftermath } = await drill({ playbooks: [holding("standby")], release: true });
    expect(report.result.released).toEqual({ ok: true, differences: expect.any(Array) });
    expect(
      report.result.released?.differences.map(({ what }) => what).filter((what) => /scaling|target-group/.test(what)),
    ).toEqual([]);
    expect(aftermath).toMatchObject({ ended: [], launched: [], targetState: "running" });
    expect([serving(aftermath.group), aftermath.group.minSize, aftermath.group.desiredCapacity]).toEqual([2, 2, 2]);
  });
});
