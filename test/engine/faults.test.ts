import { describe, expect, test } from "vitest";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { FaultKind } from "../../src/range/faults.ts";
import type { Range } from "../../src/range/range.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { shippedPlaybook } from "./harness.ts";

const playbooks = [shippedPlaybook("compromised-instance"), shippedPlaybook("stolen-credentials")];
const scenarios = ["c2-beacon", "miner-behind-nat", "stolen-credentials", "manual-start", "second-address"] as const;
const kinds: readonly FaultKind[] = ["throttle", "error", "late", "lost-answer"];

/** Ten faults among the first hundred calls, by seed. */
function troubles(range: Range, seed: number): void {
  const random = seededRandom(seed * 7919);
  for (let count = 0; count < 10; count++) {
    const kind = kinds[Math.floor(random() * kinds.length)] ?? "error";
    const nth = 1 + Math.floor(random() * 100);
    range.faults.inject({
      kind,
      nth,
      times: 1 + Math.floor(random() * 3),
      lateMs: 1000 + Math.floor(random() * 20_000),
    });
  }
}

/** Interfaces of the targets that let packets through: not exactly one group, or one with a rule. */
function unsealed(range: Range): readonly string[] {
  const ids = new Set(range.scenario.targets.map(({ instanceId }) => instanceId));
  const [target] = range.scenario.targets;
  const { region } = range.world.place(target?.account ?? "", target?.region ?? "");
  return [...region.interfaces.values()]
    .filter(({ attachment }) => attachment !== null && ids.has(attachment.instanceId))
    .filter(({ groupIds }) =>
      groupIds.some((id) =>
        (region.securityGroups.get(id)?.rules ?? []).some(({ peer }) => !isNowhere(JSON.stringify(peer))),
      ),
    )
    .map(({ id }) => id);
}

function isNowhere(peer: string): boolean {
  return /127\.0\.0\.1\/32|255\.255\.255\.255\/32|::1\/128/.test(peer);
}

describe.each(scenarios)("%s with random faults", (scenario) => {
  test(
    "no attacker gets through after contained: true, it never stands while an interface is open, and the drill ends",
    { timeout: 300_000 },
    async () => {
      for (let seed = 1; seed <= 10; seed++) {
        let range: Range | null = null;
        const openAtProof: string[] = [];
        const report = await runDrill({
          scenario,
          seed,
          playbooks,
          release: seed % 2 === 0,
          prepare: (staged) => {
            range = staged;
            troubles(staged, seed);
          },
          onEvent: ({ body }) => {
            if (body.type === "assessment.made" && body.contained === true && range)
              openAtProof.push(...unsealed(range));
          },
        });
        const { result, breaches } = report;
        expect({ seed, breaches, openAtProof, verified: result.journal.verified }).toEqual({
          seed,
          breaches: [],
          openAtProof: [],
          verified: true,
        });
        expect(["waiting", "contained", "sealed", "partial", "failed", "released", "releasedInPart"]).toContain(
          result.status,
        );
      }
    },
  );
});
