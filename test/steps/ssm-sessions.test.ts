import { describe, expect, it } from "vitest";
import { ssmSessions } from "../../src/steps/contain/ssm-sessions.ts";
import { onRange, type BenchOptions } from "./bench.ts";
import { manageTarget, type ManagedOptions } from "./managed.ts";

/** What the plan says that it leaves, in an account with such an agent; none where null. */
function leftWith(managed: ManagedOptions | null, options: BenchOptions = {}): Promise<readonly string[]> {
  return onRange(options, async (bench) => {
    if (managed) manageTarget(bench.range, managed);
    return (await ssmSessions.plan(bench.context, {})).left.map(({ reason }) => reason);
  });
}

describe("what sealing takes from whoever would still ask the operating system", () => {
  it("is said where the VPC has no endpoints of Systems Manager", async () => {
    const [reason] = await leftWith({ withoutEndpoints: true });
    expect(reason).toMatch(
      /^sealing it ends what Systems Manager can collect from its operating system: vpc-\w+ has no endpoint of ssm and ssmmessages$/,
    );
  });

  it("is not said where the agent's connection goes on, or there is no agent to ask", async () => {
    expect(await leftWith({})).toEqual([]);
    expect(await leftWith(null)).toEqual([]);
    expect(await leftWith({ worksAlready: false, withoutEndpoints: true })).toEqual([]);
  });

  it("keeps no session from being ended where it cannot be read", () =>
    onRange({}, async (bench) => {
      manageTarget(bench.range, { withoutEndpoints: true });
      bench.range.faults.inject({ kind: "access-denied", operation: "DescribeVpcEndpoints", times: Infinity });
      expect(await ssmSessions.plan(bench.context, {})).toEqual({ changes: [], left: [] });
    }));
});
