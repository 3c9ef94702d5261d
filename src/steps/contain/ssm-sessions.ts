import { z } from "zod";
import { ifReadable } from "../../aws/if-readable.ts";
import { findInstance } from "../../aws/instances.ts";
import { managedInstance } from "../../aws/ssm-commands.ts";
import { activeSessions, terminateSession } from "../../aws/ssm-sessions.ts";
import { missingAgentEndpoints } from "../../aws/vpc-endpoints.ts";
import type { Left } from "../../core/change.ts";
import { defineStep, done, expectThat, type StepContext } from "../../core/step.ts";

/**
 * Ends every Session Manager session to the instance: a shell that an intruder opened through AWS needs no open port.
 *
 * Keeps nobody from opening a new one; the seal does, as the agent then no longer reaches Systems Manager. What Systems
 * Manager could collect from the operating system ends with it: the plan says so where the VPC has no endpoints that the
 * agent's present connection could go on through.
 */
export const ssmSessions = defineStep({
  id: "contain.ssm-sessions",
  title: "End Session Manager sessions",
  reversible: "no",
  notRestored: "A session that was ended does not come back; whoever may opens a new one.",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeInstances",
        "ec2:DescribeVpcEndpoints",
        "ssm:DescribeInstanceInformation",
        "ssm:DescribeSessions",
      ],
      run: ["ssm:TerminateSession"],
      verify: ["ssm:DescribeSessions"],
    },
  },
  input: z.strictObject({}),
  change: {
    before: z.strictObject({ owner: z.string(), startedAt: z.string().nullable() }),
    after: z.literal("terminated"),
  },

  async plan({ aws, target }) {
    const [sessions, left] = await Promise.all([
      activeSessions(aws.ssm, target.instanceId),
      ifReadable(endOfCollecting(aws, target.instanceId)),
    ]);
    return {
      changes: sessions.map(({ id, owner, startedAt }) => ({
        resource: id,
        before: { owner, startedAt },
        after: "terminated" as const,
        ofTarget: true,
      })),
      left: left ?? [], // What is only said must not keep sessions from being ended.
    };
  },

  async run({ aws }, { resource }) {
    await terminateSession(aws.ssm, resource);
    return done();
  },

  async verify({ aws, target }, { resource }) {
    const ids = (await activeSessions(aws.ssm, target.instanceId)).map(({ id }) => id);
    const sides = { expected: "not active", observed: ids.includes(resource) ? "active" : "not active" };
    return expectThat(`session ${resource}`, !ids.includes(resource), sides);
  },

  async revert() {
    return done();
  },
});

/** What sealing takes from whoever would still ask the operating system; nothing where nobody could. */
async function endOfCollecting({ ec2, ssm }: StepContext["aws"], instanceId: string): Promise<readonly Left[]> {
  const managed = await managedInstance(ssm, instanceId);
  if (managed?.isOnline !== true) return [];
  const vpcId = (await findInstance(ec2, instanceId))?.vpcId ?? null;
  const missing = vpcId === null ? [] : await missingAgentEndpoints(ec2, vpcId);
  if (vpcId === null || missing.length === 0) return [];
  const endpoints = `no endpoint of ${missing.join(" and ")}`;
  return [
    {
      resource: instanceId,
      reason: `sealing it ends what Systems Manager can collect from its operating system: ${vpcId} has ${endpoints}`,
    },
  ];
}
