import { spawnSync } from "node:child_process";
import { limitOf } from "../src/range/world/throttle-limits.ts";
import { shippedPlaybooks } from "./playbooks.ts";
import type { StormResult } from "./storm-record.ts";
import { runStorm, type StormOptions } from "./storm-run.ts";

const MOST = { sealRatio: 1.05, savedRatio: 1.1, throttledShare: 0.01, rssMiB: 300 } as const;

/** Where the burst covers all there is, the bound is next to nothing, and a ratio to it says nothing. */
const LEAST_BOUND_S = 10;
const WITHIN_BURST_S = 3;

const SEALS = "ec2:ModifyNetworkInterfaceAttribute";

interface Storm extends Pick<
  StormOptions,
  "instances" | "accounts" | "roles" | "foreignCalls" | "answersAfterMs" | "processes"
> {
  readonly title: string;
}

const storms: Readonly<Record<string, Storm>> = {
  thousand: { title: "1,000 instances of one account", instances: 1000, roles: "own" },
  accounts: { title: "10 accounts with 100 instances each", instances: 100, accounts: 10, roles: "own" },
  foreign: {
    title: "1,000 instances, and a foreign caller who takes half of what seals need",
    instances: 1000,
    roles: "own",
    foreignCalls: { ModifyNetworkInterfaceAttribute: 2.5 },
  },
  processes: {
    title: "1,000 instances of one account, half of them in each of two processes",
    instances: 1000,
    roles: "own",
    processes: 2,
  },
  role: { title: "200 instances of one role and one subnet", instances: 200, roles: "one", answersAfterMs: 300_000 },
};

/** A storm and one instance alone, for what a case takes that has all of AWS for itself. */
interface Measured {
  readonly storm: StormResult;
  readonly alone: StormResult;
}

/** The heap is told its limit, as otherwise garbage lies about that nobody needed to collect; peak memory is the process's own. */
const HEAP = ["--max-old-space-size=180", "--max-semi-space-size=4"];

/** Each storm in a process of its own, whose memory is measured. */
export async function benchStorm(): Promise<boolean> {
  const wanted = process.env["CORDON_BENCH_STORMS"]?.split(",") ?? Object.keys(storms);
  let isReached = true;
  for (const name of wanted) {
    const { stdout, status, stderr } = spawnSync(process.execPath, [...HEAP, process.argv[1] ?? "", "storm"], {
      encoding: "utf8",
      env: { ...process.env, CORDON_BENCH_STORM: name },
      maxBuffer: 2 ** 26,
    });
    if (status !== 0) throw new Error(`the storm ${name} ended with ${status}: ${stderr.slice(-2000)}`);
    isReached = report(name, JSON.parse(stdout.slice(stdout.lastIndexOf("\n{"))) as Measured) && isReached;
  }
  return isReached;
}

/** What the process of one storm does. */
export async function measureStorm(name: string): Promise<Measured> {
  const storm = storms[name];
  const playbook = shippedPlaybooks().find(({ id }) => id === "contain-instance");
  if (!storm || !playbook) throw new TypeError(`there is no storm ${name}`);
  const alone = await runStorm({ instances: 1, roles: storm.roles, playbook });
  return { alone, storm: await runStorm({ ...storm, playbook }) };
}

function report(name: string, { storm, alone }: Measured): boolean {
  const { title, instances, accounts = 1, foreignCalls = {} } = storms[name] as Storm;
  const boundS = bucketTimeS(SEALS, instances, foreignCalls["ModifyNetworkInterfaceAttribute"] ?? 0);
  const lastS = (storm.sealedAfterMs.at(-1) ?? Number.POSITIVE_INFINITY) / 1000;
  const savedBoundS = slowestBucketS(storm, accounts) + savedAfterS(alone);
  const savedS = savedAfterS(storm);
  const isSealed = storm.sealedAfterMs.length === instances * accounts;
  const isFast = boundS >= LEAST_BOUND_S ? lastS / boundS <= MOST.sealRatio : lastS <= boundS + WITHIN_BURST_S;
  const checks = [
    isSealed,
    isFast,
    savedS / savedBoundS <= MOST.savedRatio,
    storm.throttledShare <= MOST.throttledShare,
    storm.peakRssMiB <= MOST.rssMiB,
  ];
  const calls = Object.values(storm.calls).reduce((sum, count) => sum + count, 0);
  const lines = [
    `${title}: ${checks.every(Boolean) ? "reached" : "NOT reached"}`,
    `  last of ${storm.sealedAfterMs.length} seals after ${seconds(lastS)}: ${ratio(lastS, boundS)} (at most ${MOST.sealRatio}); ${storm.othersBeforeLastSeal} other calls of that API before it`,
    `  evidence and protection after ${seconds(savedS)}: ${ratio(savedS, savedBoundS)} (at most ${MOST.savedRatio}), of which one instance alone takes ${seconds(savedAfterS(alone))}`,
    `  all settled after ${seconds(storm.settledAfterMs / 1000)}: ${JSON.stringify(storm.endings)} ${JSON.stringify(storm.failures)}`,
    `  people were asked ${storm.questions} times, and answered ${storm.answers} times`,
    `  ${(100 * storm.throttledShare).toFixed(2)} % of ${calls} calls throttled (at most ${100 * MOST.throttledShare} %)`,
    `  ${storm.peakRssMiB.toFixed(0)} MiB at most (${MOST.rssMiB}), ${seconds(storm.wallMs / 1000)} of real time`,
    `  claims of ${storm.instances} cases: ${writes(storm, "contain.remote-addresses")} writes of network ACLs, ${writes(storm, "contain.role-sessions")} of roles`,
  ];
  for (const line of lines) console.log(`  ${line}`);
  return checks.every(Boolean);
}

/** How long AWS's bucket makes so many calls take. */
function bucketTimeS(api: string, calls: number, foreignPerSecond = 0): number {
  const [service = "", operation = ""] = api.split(":");
  const limit = limitOf({ service, operation, isFiltered: true });
  return limit === null ? 0 : Math.max(0, calls - limit.burst) / (limit.refillPerSecond - foreignPerSecond);
}

/** The slowest bucket of all calls: the playbook takes the image after the proof, which looks at everything that was done. */
function slowestBucketS({ calls }: StormResult, accounts: number): number {
  const counts = new Map<string, number>();
  for (const [name, count] of Object.entries(calls)) {
    const api = name.slice(name.lastIndexOf(" ") + 1);
    counts.set(api, (counts.get(api) ?? 0) + count);
  }
  return Math.max(0, ...[...counts].map(([api, count]) => bucketTimeS(api, count / accounts)));
}

function savedAfterS({ lastAppliedAfterMs }: StormResult): number {
  return Math.max(lastAppliedAfterMs["preserve"] ?? 0, lastAppliedAfterMs["protect"] ?? 0) / 1000;
}

function writes({ calls }: StormResult, step: string): number {
  const found = Object.entries(calls).filter(([name]) => name.startsWith(`run ${step} `) && /:(Create|Put)/.test(name));
  return found.reduce((sum, [, count]) => sum + count, 0);
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function ratio(measuredS: number, boundS: number): string {
  return boundS >= LEAST_BOUND_S
    ? `${(measuredS / boundS).toFixed(3)} x the bound of ${seconds(boundS)}`
    : `the bound is ${seconds(boundS)}, and ${WITHIN_BURST_S} s beyond it are allowed`;
}
