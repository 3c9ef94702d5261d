import { beforeAll, describe, expect, test } from "vitest";
import type { StormResult } from "../../bench/storm-record.ts";
import { runStorm } from "../../bench/storm-run.ts";
import { shippedPlaybook } from "./harness.ts";

/** The seal, what wants the same API, what the cases of one role share, and evidence beside it. The whole is in bench/storm.ts. */
const shipped = shippedPlaybook("contain-instance");
const [stage] = shipped.stages;
if (!stage) throw new TypeError("the playbook has no stage");
const use = (id: string) => ({ use: id, with: {} });
const playbook = {
  ...shipped,
  stages: [
    { ...stage, id: "hold", alongside: true, steps: [use("preserve.volume-snapshots")] },
    {
      ...stage,
      id: "cut",
      alongside: false,
      steps: [
        use("contain.security-groups"),
        use("contain.remote-addresses"),
        use("contain.connection-timeouts"),
        use("contain.instance-profile"),
        use("contain.role-sessions"),
      ],
    },
    ...shipped.stages.filter(({ id }) => id === "prove" || id === "deny-role"),
  ],
};

describe("130 instances of one role and one subnet, found in the same second", () => {
  let storm: StormResult;
  beforeAll(async () => {
    storm = await runStorm({ instances: 130, roles: "one", playbook, answersAfterMs: 300_000 });
  }, 120_000);

  test("all are sealed: the burst within three seconds, and the rest as fast as AWS's bucket fills", () => {
    expect(storm.sealedAfterMs).toHaveLength(130);
    expect(storm.sealedAfterMs[94]).toBeLessThan(3000);
    const [first = 0, last = 0] = [storm.sealedAfterMs[99], storm.sealedAfterMs[129]];
    expect((last - first) / 1000).toBeLessThan(6 * 1.05); // 30 at 5 a second
  });

  test("next to nothing else goes before a seal", () => {
    expect(storm.othersBeforeLastSeal).toBeLessThanOrEqual(5);
  });

  test("AWS refuses next to nothing", () => {
    expect(storm.throttledShare).toBeLessThan(0.01);
  });

  test("the evidence is saved beside it", () => {
    expect(storm.calls["run preserve.volume-snapshots ec2:CreateSnapshots"]).toBe(130);
    expect(storm.lastAppliedAfterMs["preserve"]).toBeLessThan(15_000);
  });

  test("claims on the role are written together, and whoever finds no room is told so", () => {
    expect(storm.calls["run contain.role-sessions iam:PutRolePolicy"]).toBeLessThan(70);
    expect(storm.failures).toEqual({ "verify contain.role-sessions: not_as_expected": 10 });
  });

  test("those without room ask whether to deny the whole role, one answer counts for all, and all end sealed", () => {
    expect(storm.questions).toBe(10);
    expect(storm.answers).toBe(1);
    expect(storm.calls["run contain.role-wide-sessions iam:PutRolePolicy"]).toBe(1);
    expect(storm.endings).toEqual({ sealed: 130 });
  });
});
