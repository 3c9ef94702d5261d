import { z } from "zod";
import { activeSessions, terminateSession } from "../../aws/ssm-sessions.ts";
import { defineStep, done, expectThat } from "../../core/step.ts";

/**
 * Ends every Session Manager session to the instance: a shell that an intruder opened through AWS needs no open port.
 *
 * Keeps nobody from opening a new one; the seal does, as the agent then no longer reaches Systems Manager.
 */
export const ssmSessions = defineStep({
  id: "contain.ssm-sessions",
  title: "End Session Manager sessions",
  reversible: "no",
  notRestored: "A session that was ended does not come back; whoever may opens a new one.",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: ["ssm:DescribeSessions"],
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
    const sessions = await activeSessions(aws.ssm, target.instanceId);
    return {
      changes: sessions.map(({ id, owner, startedAt }) => ({
        resource: id,
        before: { owner, startedAt },
        after: "terminated" as const,
        ofTarget: true,
      })),
      left: [],
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
