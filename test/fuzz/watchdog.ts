import { Worker } from "node:worker_threads";

/** An input that takes this long is taken for a hang. */
const HANG_MS = 20_000;

/** Runs beside the fuzzing: an input that never comes to an end blocks the thread that would notice it. */
export interface Watchdog {
  /** Says which input comes next. */
  begins(index: number): void;
  end(): Promise<void>;
}

const watcher = `
const { workerData } = require("node:worker_threads");
const { shared, name, seed, hangMs, pid } = workerData;
const at = new Int32Array(shared);
let seen = -1, since = Date.now();
setInterval(() => {
  const index = Atomics.load(at, 0);
  if (index !== seen) { seen = index; since = Date.now(); return; }
  if (Date.now() - since < hangMs) return;
  require("node:fs").writeSync(2, "\\nfuzz " + name + ": input " + index + " of seed " + seed + " hangs\\n");
  process.kill(pid, "SIGKILL");
}, 500);
`;

/** Kills this process, and says which input it was, when one hangs. */
export function watch(name: string, seed: number): Watchdog {
  const shared = new SharedArrayBuffer(4);
  const at = new Int32Array(shared);
  const workerData = { shared, name, seed, hangMs: HANG_MS, pid: process.pid };
  const worker = new Worker(watcher, { eval: true, workerData });
  worker.unref();
  return {
    begins: (index) => void Atomics.store(at, 0, index),
    end: async () => void (await worker.terminate()),
  };
}
