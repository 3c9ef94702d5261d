import { spawnSync } from "node:child_process";

const RUNS = 15;
const MOST_RATIO = 4;

/** How long `cordon --help` takes against a bare node that does nothing, both measured in turn. */
export async function benchStartup(): Promise<boolean> {
  const bare: number[] = [];
  const help: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    bare.push(timed(["-e", "0"]));
    help.push(timed(["dist/cordon.js", "--help"]));
  }
  const [node, cordon] = [median(bare), median(help)];
  console.log(
    `  cordon --help ${cordon.toFixed(0)} ms, bare node ${node.toFixed(0)} ms: ${(cordon / node).toFixed(2)} x (at most ${MOST_RATIO})`,
  );
  return cordon / node <= MOST_RATIO;
}

function timed(args: readonly string[]): number {
  const begin = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...args], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
  return performance.now() - begin;
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? Number.NaN;
}
