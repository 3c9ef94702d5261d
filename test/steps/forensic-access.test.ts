import { expect, it } from "vitest";
import { containment } from "../../src/core/containment.ts";
import type { ChangeView } from "../../src/core/step.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import type { Instance, NetworkInterface } from "../../src/range/world/model.ts";
import { containmentAssessment } from "../../src/steps/assess/containment.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { prepareLevels } from "../contract/isolation-levels.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

/** A bench whose target has been cut to the level that leaves examiners a way in. */
function whereExaminersReach(test: (bench: Bench, seals: readonly ChangeView[]) => Promise<void>): Promise<void> {
  return onRange({}, async (bench) => {
    prepareLevels(bench.range);
    const { context } = bench;
    const changes = changesOf(securityGroups, await securityGroups.plan(context, { level: "forensic" }));
    const seals: ChangeView[] = [];
    for (const change of changes) {
      const result = await securityGroups.run(context, change, null);
      if (result.kind !== "done") throw new Error("a seal is done at once");
      seals.push({ change, state: "verified", outcome: result.outcome, verifiedAt: context.now });
    }
    await bench.clock.sleep(120_000);
    return test(bench, seals);
  });
}

/** What the proof says of machines among the workstations, and what follows from that alone. */
async function judge(
  { context }: Bench,
  seals: readonly ChangeView[],
  { level = "forensic", workstation }: { readonly level?: "forensic" | "sealed"; readonly workstation?: string } = {},
) {
  const launch = seals.slice(0, workstation === undefined ? 0 : 1).map((view) => ({
    ...view,
    outcome: { instanceId: workstation ?? "", instanceType: "m6i.large", zone: "eu-central-1a" },
  }));
  const outcomes = { [securityGroups.id]: seals, "investigate.forensic-workstation": launch };
  const { checks, survivors } = await containmentAssessment.assess({ ...context, outcomes }, { level });
  const strangers = survivors.filter(({ what }) => what.includes("in the workstations' group"));
  const seal = checks.filter(({ kind }) => kind === "sealed");
  return { strangers, contained: containment(seal, strangers, context.now).contained };
}

function workstationGroup({ place, interfaces }: Bench): string {
  const { vpcId } = interfaces()[0]!;
  return [...place.region.securityGroups.values()].find(({ name }) => name === `cordon-workstation-${vpcId}`)!.id;
}

/** A machine in the workstations' group, with everything that tags can say for it. */
function launchedInGroup(bench: Bench): { readonly instance: Instance; readonly nic: NetworkInterface } {
  const { instance, primary } = launchInstance(bench.place, {
    subnetId: bench.interfaces()[0]!.subnetId,
    groupIds: [workstationGroup(bench)],
    tags: [
      { key: "cordon:managed", value: "true" },
      { key: "cordon:workstation", value: "true" },
      { key: "cordon:incident", value: "incident-1" },
    ],
  });
  return { instance, nic: primary };
}

it("names a machine that somebody launched among the workstations, whatever its tags say", () =>
  whereExaminersReach(async (bench, seals) => {
    expect(await judge(bench, seals)).toEqual({ strangers: [], contained: true });
    const { instance, nic } = launchedInGroup(bench);
    await bench.clock.sleep(120_000);
    expect(await judge(bench, seals)).toEqual({
      strangers: [
        {
          code: "forensic.stranger",
          what: `${instance.id} in the workstations' group can reach TCP 22`,
          kind: "tcp",
          certainty: "possible",
          why: `${nic.id} has ${workstationGroup(bench)}, which the level \`forensic\` lets in, and this case does not know it as its incident's workstation`,
          lever: `other groups for ${nic.id}, or contain.security-groups with level sealed`,
          blastRadius: "whoever works on that machine, as examiners of another incident do",
        },
      ],
      contained: "partial",
    });
  }));

it("names a machine that had been there before and was put among them, and an interface that nothing uses yet", () =>
  whereExaminersReach(async (bench, seals) => {
    const { instance, nic } = launchedInGroup(bench);
    bench.place.world.change(nic, (each) => (each.groupIds = [...each.groupIds, bench.interfaces()[0]!.groupIds[0]!]));
    await bench.clock.sleep(120_000);
    expect((await judge(bench, seals)).strangers.map(({ what }) => what)).toEqual([
      `${instance.id} in the workstations' group can reach TCP 22`,
    ]);
    bench.place.world.change(nic, (each) => (each.attachment = null));
    await bench.clock.sleep(120_000);
    expect(await judge(bench, seals)).toMatchObject({
      strangers: [{ what: `${nic.id} in the workstations' group can reach TCP 22` }],
      contained: "partial",
    });
  }));

it("takes the incident's own workstation for none, by the answer of its launch, and only that one", () =>
  whereExaminersReach(async (bench, seals) => {
    const own = launchedInGroup(bench).instance.id;
    await bench.clock.sleep(120_000);
    expect(await judge(bench, seals, { workstation: own })).toEqual({ strangers: [], contained: true });
    const other = launchedInGroup(bench).instance.id;
    await bench.clock.sleep(120_000);
    const { strangers, contained } = await judge(bench, seals, { workstation: own });
    expect(strangers.map(({ what }) => what)).toEqual([`${other} in the workstations' group can reach TCP 22`]);
    expect(contained).toBe("partial");
  }));
