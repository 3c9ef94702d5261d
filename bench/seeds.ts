import { runDrill } from "../src/cli/drill/run.ts";
import { scenarios } from "../src/range/range.ts";
import { seededRandom } from "../src/range/world/random.ts";
import { plantRandomFaults } from "../src/testing/random-faults.ts";
import { shippedPlaybooks } from "./playbooks.ts";

/**
 * Many drills with faults planted by the seed. An attacker that gets through after `contained: true` is a defect of Cordon;
 * one that Cordon names as possible is not.
 */
export async function benchSeeds(count: number): Promise<boolean> {
  const playbooks = shippedPlaybooks();
  const ended: Record<string, number> = {};
  let wrong = 0;
  const begin = performance.now();
  for (let seed = 1; seed <= count; seed++) {
    const scenario = scenarios[seed % scenarios.length]?.id ?? "c2-beacon";
    const { breaches, result } = await runDrill({
      scenario,
      seed,
      playbooks,
      prepare: (range) => plantRandomFaults(range.faults, seededRandom(seed)),
    });
    const key = `${scenario} ${String(result.contained)}`;
    ended[key] = (ended[key] ?? 0) + 1;
    if (breaches.length === 0) continue;
    wrong += 1;
    console.log(`  seed ${seed}, ${scenario}: ${breaches[0]?.name} got through after contained: true`);
  }
  console.log(
    `  ${count} drills with random faults: ${wrong} in which an attacker got through after "contained: true"`,
  );
  for (const [key, times] of Object.entries(ended)) console.log(`    ${key}: ${times}`);
  console.log(`  ${((performance.now() - begin) / count).toFixed(0)} ms of real time a drill`);
  return wrong === 0;
}
