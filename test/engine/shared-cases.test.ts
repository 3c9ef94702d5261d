import fc from "fast-check";
import { expect, test } from "vitest";
import type { CaseState } from "../../src/core/case.ts";
import type { Finding } from "../../src/core/finding.ts";
import type { Actor } from "../../src/core/journal.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { receive } from "../../src/runners/reception.ts";
import { endState } from "../../src/testing/end-state.ts";
import { askRelease, createLaboratory, cutAndProve, type Laboratory, type Life } from "./harness.ts";

const RUNS = 8;
const SEED = 20_260_301;

/** The deny on a role ends so long after a release. */
const RESIDUE_MS = 13 * 3_600_000;

/** What a release says that it brings back as good as it was: the association by another id, the type's own timers by name. */
const EQUIVALENT = [
  /^instance i-[0-9a-f]+ profileAssociation\.id: \S+ -> "<new>"$/,
  /^network-interface eni-[0-9a-f]+ connectionTracking: absent -> \{"tcpEstablishedTimeout":432000,"udpStreamTimeout":180,"udpTimeout":30\}$/,
];

const playbook = cutAndProve();
const intake: Actor = { kind: "cordon", id: "intake", channel: "engine" };

/** When a case comes, whether another finding joins it, and how long it stays contained: in simulated milliseconds. */
interface Course {
  readonly comesAfterMs: number;
  readonly joinsAfterMs: number | null;
  readonly staysMs: number;
  /** Whether it is worked on by a process of its own, or by the other's. */
  readonly isAlone: boolean;
}

const course: fc.Arbitrary<Course> = fc.record({
  // Beside the other, or about when the other is contained and released.
  comesAfterMs: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 58_000, max: 66_000 })),
  joinsAfterMs: fc.option(fc.integer({ min: 0, max: 2000 })),
  staysMs: fc.integer({ min: 0, max: 4000 }),
  isAlone: fc.boolean(),
});

/** The scenario's finding, about the instance or its neighbour, which has the same subnet, role and group. */
function findingOn({ range }: Laboratory, instanceId: string): Finding {
  const [event] = range.events();
  const [finding] = readGuardDuty(JSON.stringify(event), { file: "event" }).findings;
  if (!finding) throw new TypeError("the scenario emits no finding");
  return { ...finding, id: `finding-on-${instanceId}`, instances: [instanceId], interfaces: [] };
}

function instancesOf({ range }: Laboratory): readonly [string, string] {
  const [target] = range.scenario.targets;
  if (target === undefined) throw new TypeError("the scenario has no target");
  const { region } = range.world.place(target.account, target.region);
  const neighbour = [...region.instances.values()].find(({ tags }) =>
    tags.some(({ value }) => value === "payroll-neighbour"),
  );
  if (neighbour === undefined) throw new TypeError("there is no neighbour");
  return [target.instanceId, neighbour.id];
}

/** Everything that a case holds at this moment and that somebody else's release could have lifted. */
function expectHeld({ range }: Laboratory, { target, changes }: CaseState): void {
  const { region, account } = range.world.place(target.account, target.region);
  const held = [...changes.values()].filter(({ state }) => state === "verified");
  expect(held.map(({ change }) => change.step)).toEqual(
    expect.arrayContaining(["contain.security-groups", "contain.remote-addresses", "contain.role-sessions"]),
  );
  for (const { change } of held) {
    switch (change.step) {
      case "contain.security-groups":
        expect(region.interfaces.get(change.resource)?.groupIds).toEqual(change.after);
        break;
      case "contain.remote-addresses": {
        const entries = region.networkAcls.get(change.resource)?.entries ?? [];
        const denies = entries.filter(({ action, cidr }) => action === "deny" && cidr === `${change.attribute}/32`);
        expect(new Set(denies.map(({ egress }) => egress))).toEqual(new Set([false, true]));
        break;
      }
      case "contain.role-sessions": {
        const role = [...account.roles.values()].find(({ arn }) => arn === change.resource);
        expect([...(role?.inlinePolicies.values() ?? [])].map(({ text }) => text).join()).toContain(target.instanceId);
        break;
      }
      default: // What belongs to the instance alone.
    }
  }
}

/** One case from its finding to its release. */
async function live(
  laboratory: Laboratory,
  life: Life,
  { instance, ...course }: Course & { readonly instance: string; readonly random: () => number },
): Promise<string> {
  const { clock, store, signal } = laboratory;
  const { runner } = life;
  await clock.sleep(course.comesAfterMs);
  const finding = findingOn(laboratory, instance);
  const judgement = { verdict: "compromised", reason: "a property" } as const;
  const tools = { runner, store, clock, random: course.random, owner: "intake" };
  const [received] = await receive({ finding, judgement, playbook, orderedBy: null, actor: intake }, tools);
  const caseId = received?.caseId ?? "";
  const joins = async (): Promise<void> => {
    if (course.joinsAfterMs === null) return;
    await clock.sleep(course.joinsAfterMs);
    const remoteAddresses = [{ address: "198.51.100.140", port: 443, protocol: "tcp" as const }];
    const another: Finding = { ...finding, id: `another-on-${instance}`, remoteAddresses };
    await runner.append(caseId, [{ type: "finding.joined", finding: another, ...judgement }], intake);
  };
  await Promise.all([runner.work(caseId, { signal }), joins()]);
  await runner.work(caseId, { signal }); // What joined at the very end.
  expectHeld(laboratory, await runner.load(caseId));
  await clock.sleep(course.staysMs);
  expectHeld(laboratory, await runner.load(caseId));
  await askRelease(life, caseId);
  await runner.work(caseId, { signal });
  return caseId;
}

test(
  "two cases that share a subnet, a role and a group hold their own cut whatever the other does, and leave the account as it was",
  { timeout: 300_000 },
  async () => {
    let joined = 0;
    await fc.assert(
      fc.asyncProperty(course, course, async (courseOfA, courseOfB) => {
        const laboratory = createLaboratory({
          scenario: "c2-beacon",
          seed: 7,
          playbook,
          range: { variants: ["neighbour"] },
        });
        try {
          await laboratory.clock.run(async () => {
            const before = structuredClone(laboratory.range.snapshot());
            const [a, b] = instancesOf(laboratory);
            const life = laboratory.live();
            const random = seededRandom(1); // One chance for both: two of the same seed would name both cases alike.
            const other = courseOfB.isAlone ? laboratory.live() : life;
            const lived = await Promise.allSettled([
              live(laboratory, life, { ...courseOfA, instance: a, random }),
              live(laboratory, other, { ...courseOfB, instance: b, random }),
            ]);
            const failed = lived.find((one) => one.status === "rejected"); // Not before the other has come to its end.
            if (failed) throw failed.reason as Error;
            const cases = lived.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
            const states = await Promise.all(cases.map((id) => life.runner.load(id)));
            joined += states.filter(({ findings }) => findings.length > 1).length;
            expect(states.map(({ release }) => release?.ended)).toEqual(["released", "released"]);
            await laboratory.clock.sleep(RESIDUE_MS);
            for (const id of cases) await life.runner.endResidues(id, laboratory.signal);
            const left = endState(before, laboratory.range.snapshot());
            expect(left.filter((line) => !EQUIVALENT.some((pattern) => pattern.test(line)))).toEqual([]);
          });
        } finally {
          laboratory.close();
        }
      }),
      { numRuns: RUNS, seed: SEED },
    );
    expect(joined).toBeGreaterThan(0);
  },
);
