import { runDrill } from "../src/cli/drill/run.ts";
import { scenarios } from "../src/range/range.ts";
import { seededRandom } from "../src/range/world/random.ts";
import { plantRandomFaults } from "../src/testing/random-faults.ts";
import { shippedPlaybooks } from "./playbooks.ts";

/**
 * Many drills with faults planted by the seed, over all scenarios, as they are and with each of their variants. An attacker
 * that gets through after `contained: true` is a defect of Cordon; one that Cordon names as possible is not.
 */
export async function benchSeeds(count: number, only: readonly string[] = []): Promise<boolean> {
  const known = scenarios.filter(({ id }) => only.length === 0 || only.includes(id));
  const playbooks = shippedPlaybooks();
  const ended: Record<string, number> = {};
  let wrong = 0;
  const begin = performance.now();
  for (let seed = 1; seed <= count; seed++) {
    const { id: scenario, variants: all } = known[seed % known.length] ?? noScenario(only);
    const round = Math.floor(seed / known.length);
    const variant = round % 2 === 0 ? undefined : all[Math.floor(round / 2) % all.length];
    const variants = variant === undefined ? [] : [variant];
    const { breaches, result } = await runDrill({
      scenario,
      variants,
      seed,
      playbooks,
      prepare: (range) => plantRandomFaults(range.faults, seededRandom(seed)),
    });
    const key = `${[scenario, ...variants].join(" ")} ${String(result.contained)}`;
    ended[key] = (ended[key] ?? 0) + 1;
    if (breaches.length === 0) continue;
    wrong += 1;
    console.log(
      `  seed ${seed}, ${[scenario, ...variants].join(" ")}: ${breaches[0]?.name} got through after contained: true`,
    );
  }
  console.log(
    `  ${count} drills with random faults: ${wrong} in which an attacker got through after "contained: true"`,
  );
  for (const [key, times] of Object.entries(ended)) console.log(`    ${key}: ${times}`);
  console.log(`  ${((performance.now() - begin) / count).toFixed(0)} ms of real time a drill`);
  return wrong === 0;
}

function noScenario(only: readonly string[]): never {
  throw new TypeError(`none of ${only.join(", ")} is a scenario`);
}
