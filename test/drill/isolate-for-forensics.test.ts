import { describe, expect, it } from "vitest";
import type { CaseState } from "../../src/core/case.ts";
import type { Survivor } from "../../src/core/containment.ts";
import type { Finding } from "../../src/core/finding.ts";
import type { Actor } from "../../src/core/journal.ts";
import type { Json } from "../../src/core/json.ts";
import type { Settings } from "../../src/core/settings.ts";
import { workstationsIn } from "../../src/cli/render/workstation.ts";
import { terminated } from "../../src/cli/drill/observation.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { judge } from "../../src/intake/triage.ts";
import type { Range } from "../../src/range/range.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import type { Instance, NetworkInterface } from "../../src/range/world/model.ts";
import { interfacesOf } from "../../src/range/world/place.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { receive } from "../../src/runners/reception.ts";
import { endState } from "../../src/testing/end-state.ts";
import { prepareWorkstation, withWorkstation } from "../contract/workstations.ts";
import { askRelease, createLaboratory, type Laboratory, type Life, shippedPlaybook } from "../engine/harness.ts";

const playbook = shippedPlaybook("isolate-for-forensics");
const person: Actor = { kind: "person", id: "analyst", channel: "cli" };
const HOUR_MS = 3_600_000;

interface Incident {
  readonly laboratory: Laboratory;
  readonly life: Life;
  readonly range: Range;
  readonly instances: readonly Instance[];
  readonly cases: readonly CaseState[];
  /** The account before anything was received. */
  readonly before: Json;
  readonly finding: Finding;
}

/** A person orders the isolation of the instances that a finding names. */
function arrive(finding: Finding, { store, clock }: Laboratory, { runner }: Life) {
  return receive(
    { finding, judgement: judge(finding), playbook, orderedBy: person.id, actor: person },
    { runner, store, clock, random: seededRandom(1), owner: "intake" },
  );
}

/** Three of the scenario's five instances, ordered by a person: one incident, worked on until nothing is left to do. */
async function isolated(
  play: (incident: Incident) => Promise<void>,
  {
    settings = withWorkstation,
    prepare = prepareWorkstation,
  }: { readonly settings?: (range: Range) => Partial<Settings>; readonly prepare?: (range: Range) => void } = {},
): Promise<void> {
  const laboratory = createLaboratory({ scenario: "attack-sequence", seed: 7, playbook, settings });
  const { clock, range, signal } = laboratory;
  prepare(range);
  const before = structuredClone(range.snapshot());
  const life = laboratory.live();
  try {
    await clock.run(async () => {
      range.start(signal);
      await clock.sleep(30_000);
      const instances = range.scenario.targets.slice(0, 3).map((target) => instanceOf(range, target.instanceId));
      const [finding] = range
        .events()
        .flatMap((event) => readGuardDuty(JSON.stringify(event), { file: "event" }).findings);
      const ordered = { ...finding!, instances: instances.map(({ id }) => id) };
      const received = await arrive(ordered, laboratory, life);
      const until = clock.now() + HOUR_MS;
      await Promise.all(received.map(({ caseId }) => life.runner.work(caseId, { signal, until })));
      const cases = await Promise.all(received.map(({ caseId }) => life.runner.load(caseId)));
      await play({ laboratory, life, range, instances, cases, before, finding: ordered });
    });
  } finally {
    laboratory.close();
  }
}

function placeOf(range: Range) {
  const { account, region } = range.scenario.targets[0]!;
  return range.world.place(account, region);
}

function instanceOf(range: Range, id: string): Instance {
  return placeOf(range).region.instances.get(id)!;
}

/** What a launch of Cordon's made. */
function workstationsOf(range: Range): readonly Instance[] {
  return [...placeOf(range).region.instances.values()].filter(({ clientToken }) => clientToken !== undefined);
}

function interfaceOf(range: Range, instance: Instance): NetworkInterface {
  return interfacesOf(placeOf(range), instance)[0]!;
}

function reaches(range: Range, from: Instance, to: Instance, port: number): boolean {
  const [near, far] = [interfaceOf(range, from), interfaceOf(range, to)];
  return range.network.send({
    from: { kind: "interface", interfaceId: near.id, ip: near.privateIps[0]! },
    to: { kind: "interface", interfaceId: far.id, ip: far.privateIps[0]! },
    protocol: "tcp",
    fromPort: 40_000 + port,
    toPort: port,
    tcp: "syn",
  }).delivered;
}

describe("isolate-for-forensics", () => {
  it("gives an incident of three instances one workstation with all their disks", async () => {
    await isolated(async ({ range, instances, cases }) => {
      expect(new Set(cases.map(({ incident }) => incident)).size).toBe(1);
      const [workstation, ...more] = workstationsOf(range);
      expect(more).toEqual([]);
      expect(workstation).toMatchObject({
        state: "running",
        instanceType: "m6i.large",
        disableApiTermination: true,
        shutdownBehavior: "stop",
        metadataOptions: { httpTokens: "required", httpPutResponseHopLimit: 1 },
      });
      const { region } = placeOf(range);
      const saved = instances.flatMap(({ blockDevices }) => blockDevices.map(({ volumeId }) => volumeId));
      const attached = workstation!.blockDevices
        .filter(({ deviceName }) => deviceName !== workstation!.rootDeviceName)
        .map(({ volumeId }) => region.volumes.get(volumeId)!);
      const sources = attached.map(({ snapshotId }) => region.snapshots.get(snapshotId ?? "")?.volumeId);
      expect(new Set(sources)).toEqual(new Set(saved));
      expect(sources).toHaveLength(3);
      expect(attached.every(({ availabilityZone }) => availabilityZone === workstation!.availabilityZone)).toBe(true);
      const root = workstation!.blockDevices.find(({ deviceName }) => deviceName === workstation!.rootDeviceName);
      expect(region.volumes.get(root!.volumeId)).toMatchObject({ encrypted: true });
      const [known, ...others] = workstationsIn(cases);
      expect(others).toEqual([]);
      expect(known).toMatchObject({ incident: cases[0]!.incident, instance: workstation!.id });
      expect(new Set(known?.disks.map(({ volume }) => volume))).toEqual(new Set(saved));
      expect(known?.session).toBe(`aws ssm start-session --region eu-central-1 --target ${workstation!.id}`);
      for (const { stages } of cases) expect(stages.get("investigate")?.outcome).toBe("done");
    });
  });

  it("leaves SSH from the workstation open, and nothing else to anybody", async () => {
    await isolated(async ({ range, instances, cases }) => {
      const workstation = workstationsOf(range)[0]!;
      const stranger = instanceOf(range, range.scenario.targets[4]!.instanceId);
      for (const instance of instances) {
        expect(reaches(range, workstation, instance, 22)).toBe(true);
        expect(reaches(range, workstation, instance, 443)).toBe(false);
        expect(reaches(range, stranger, instance, 22)).toBe(false);
        expect(reaches(range, instance, workstation, 22)).toBe(false);
        expect(reaches(range, instance, stranger, 22)).toBe(false);
      }
      const now = range.world.now();
      const cut = range.attackers().slice(0, 3);
      expect(cut.map((attacker) => attacker.succeededAt(now - HOUR_MS / 2))).toEqual([[], [], []]);
      expect(cases.map(({ assessments }) => assessments.at(-1)?.contained)).toEqual(["partial", "partial", "partial"]);
      expect(cases[0]?.assessments.at(-1)?.survivors.map(({ code }) => code)).toContain("forensic.way-in");
      expect(cases.flatMap(strangers)).toEqual([]);
    });
  });

  it("says of no instance that it is contained while a thief's machine is among the workstations", async () => {
    let thief = "";
    const prepare = (range: Range): void => {
      prepareWorkstation(range);
      const { region } = placeOf(range);
      const target = instanceOf(range, range.scenario.targets[0]!.instanceId);
      const group = [...region.securityGroups.values()].find(
        ({ name }) => name === `cordon-workstation-${target.vpcId}`,
      )!;
      const options = { subnetId: target.subnetId, groupIds: [group.id] };
      thief = launchInstance(placeOf(range), options).instance.id;
    };
    await isolated(
      async ({ range, instances, cases }) => {
        expect(reaches(range, instanceOf(range, thief), instances[0]!, 22)).toBe(true);
        expect(cases.map(({ assessments }) => assessments.at(-1)?.contained)).toEqual([
          "partial",
          "partial",
          "partial",
        ]);
        // And of nothing else: by now each case knows its incident's own workstation.
        const way = `${thief} in the workstations' group can reach TCP 22`;
        expect(cases.map(strangers)).toEqual([[way], [way], [way]]);
      },
      { prepare },
    );
  });

  it("takes the workstation for the incident's own in a case that joins when it stands already", async () => {
    await isolated(async ({ laboratory, life, range, cases, instances, finding }) => {
      const late = instanceOf(range, range.scenario.targets[3]!.instanceId);
      const order = { ...finding, instances: [...instances, late].map(({ id }) => id) };
      const received = await arrive(order, laboratory, life);
      const joined = received.find(({ caseId }) => cases.every(({ id }) => id !== caseId))!.caseId;
      const settled = await life.runner.work(joined, { signal: laboratory.signal });
      expect(settled.incident).toBe(cases[0]!.incident);
      expect(settled.assessments.map(({ contained }) => contained)).toEqual(["partial", "sealed"]);
      const own = `${workstationsOf(range)[0]!.id} in the workstations' group can reach TCP 22`;
      expect(settled.assessments.map((each) => strangersIn(each.survivors))).toEqual([[own], []]);
      expect(settled.settled).toBe("sealed");
      expect(workstationsOf(range)).toHaveLength(1);
    });
  });

  it("keeps for each interface the groups that it had, and says what the workstation costs", async () => {
    await isolated(async ({ cases }) => {
      for (const { changes, target } of cases) {
        const seals = [...changes.values()].filter(({ change }) => change.step === "contain.security-groups");
        expect(seals.map(({ change }) => change.before)).toEqual([[expect.stringMatching(/^sg-/)]]);
        const launch = [...changes.values()].find(({ change }) => change.step === "investigate.forensic-workstation");
        expect(launch?.change.claim).toEqual({ member: target.instanceId });
        expect(launch?.change.blastRadius?.what).toMatch(
          /^Launches one m6i\.large of ami-\S+ in subnet-\S+, once for the whole incident\. It costs until /,
        );
      }
    });
  });

  it.each([
    [0, 1, 2],
    [2, 1, 0],
    [1, 2, 0],
  ])("released in the order %i, %i, %i leaves the account as it was", async (...order) => {
    await isolated(async ({ laboratory, life, range, cases, before }) => {
      const { clock, signal } = laboratory;
      for (const [position, index] of order.entries()) {
        expect(workstationsOf(range).map(({ state }) => state)).toEqual(["running"]);
        const { id } = cases[index]!;
        await askRelease(life, id);
        await life.runner.work(id, { signal });
        expect((await life.runner.load(id)).release?.ended).toBe("released");
        // Its root, and a volume for each case that is not released.
        const devices = workstationsOf(range)[0]?.blockDevices.length;
        expect(devices).toBe([3, 2, 0][position]);
      }
      expect(workstationsOf(range).map(({ state }) => state)).toEqual(["terminated"]);
      expect(terminated(range)).toEqual([]);
      await clock.sleep(13 * HOUR_MS); // What the deny of sessions leaves is over, and AWS has forgotten the workstation.
      for (const { id } of cases) await life.runner.endResidues(id, signal);
      const left = endState(before, range.snapshot());
      expect(left.filter((line) => !EXPECTED.some((pattern) => pattern.test(line)))).toEqual([]);
    });
  });

  it("goes on without a workstation where none is configured, and says what would bring one", async () => {
    await isolated(
      async ({ range, cases }) => {
        expect(workstationsOf(range)).toEqual([]);
        const left = cases[0]?.steps.get("investigate/investigate.forensic-workstation")?.left ?? [];
        expect(left.map(({ reason }) => reason)).toEqual([
          "no forensic workstation is configured: set `workstation` (image, type, subnet) in cordon.yaml",
        ]);
        expect(cases.map(({ assessments }) => assessments.at(-1)?.contained)).toEqual([
          "partial",
          "partial",
          "partial",
        ]);
      },
      { settings: () => ({ workstation: null }) },
    );
  });

  it("leaves the workstation and its volumes where they are to be kept, and says so", async () => {
    const keep = (range: Range): Partial<Settings> => {
      const { workstation } = withWorkstation(range);
      return { workstation: workstation ? { ...workstation, keep: true } : null };
    };
    await isolated(
      async ({ laboratory, life, range, cases }) => {
        const launch = [...cases[0]!.changes.values()].find(
          ({ change }) => change.step === "investigate.forensic-workstation",
        );
        expect(launch?.change.blastRadius?.what).toContain("It stays after the release, and costs until you end it.");
        for (const { id } of cases) {
          await askRelease(life, id);
          await life.runner.work(id, { signal: laboratory.signal });
        }
        const [workstation] = workstationsOf(range);
        expect(workstation).toMatchObject({ state: "running", disableApiTermination: true });
        expect(workstation?.blockDevices).toHaveLength(4);
      },
      { settings: keep },
    );
  });
});

/** The machines in the workstations' group that a proof names as ways in. */
function strangersIn(survivors: readonly Survivor[]): readonly string[] {
  return survivors.filter(({ code }) => code === "forensic.stranger").map(({ what }) => what);
}

function strangers({ assessments }: CaseState): readonly string[] {
  return strangersIn(assessments.at(-1)?.survivors ?? []);
}

/** What the steps say that they do not bring back, and the evidence that stays. */
const EXPECTED: readonly RegExp[] = [
  /^snapshot <new> is new$/,
  /^instance i-[0-9a-f]+ profileAssociation\.id: /,
  /^network-interface eni-[0-9a-f]+ connectionTracking: absent -> /,
];
