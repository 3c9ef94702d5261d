import { benchEngine } from "./engine.ts";
import { benchIsolation } from "./isolation.ts";
import { benchSeeds } from "./seeds.ts";
import { benchStartup } from "./startup.ts";
import { benchStorm, measureStorm } from "./storm.ts";

process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
process.on("warning", () => {});

const storm = process.env["CORDON_BENCH_STORM"];
if (storm !== undefined) {
  process.stdout.write(`\n${JSON.stringify(await measureStorm(storm))}`, () => process.exit(0));
  await new Promise(() => {});
}

const benches: Readonly<Record<string, () => Promise<boolean>>> = {
  isolation: benchIsolation,
  engine: benchEngine,
  startup: benchStartup,
  storm: benchStorm,
  seeds: () =>
    benchSeeds(
      Number(process.env["CORDON_BENCH_SEEDS"] ?? 1000),
      process.env["CORDON_BENCH_SCENARIOS"]?.split(",") ?? [],
    ),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));
if (unknown !== undefined) {
  console.error(`There is no bench ${unknown}; there are ${Object.keys(benches).join(", ")}.`);
  process.exit(2);
}

let isReached = true;
for (const [name, run] of Object.entries(benches)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n${name}`);
  isReached = (await run()) && isReached;
}
process.exit(isReached ? 0 : 1);
