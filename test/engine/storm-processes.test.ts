import { expect, test } from "vitest";
import { runStorm } from "../../bench/storm-run.ts";
import { shippedPlaybook } from "./harness.ts";

const shipped = shippedPlaybook("contain-instance");
const [stage] = shipped.stages;
if (!stage) throw new TypeError("the playbook has no stage");
const use = (id: string) => ({ use: id, with: {} });

/** The seal, and what wants the same API. */
const playbook = {
  ...shipped,
  stages: [
    {
      ...stage,
      id: "cut",
      alongside: false,
      steps: [use("contain.security-groups"), use("contain.connection-timeouts")],
    },
  ],
};

test("two processes on one store seal 200 instances as fast as AWS's bucket allows, and AWS refuses next to nothing", async () => {
  const storm = await runStorm({ instances: 200, roles: "own", processes: 2, playbook });
  expect(storm.sealedAfterMs).toHaveLength(200);
  expect(storm.othersBeforeLastSeal).toBeLessThanOrEqual(10);
  expect((storm.sealedAfterMs[199] ?? Infinity) / 1000).toBeLessThan(22); // 100 at once, 100 at 5 a second: 20 s.
  expect(storm.throttledShare).toBeLessThan(0.01);
}, 120_000);
