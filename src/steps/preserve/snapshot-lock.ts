import { z } from "zod";
import { lockSnapshot, locksOf } from "../../aws/snapshot-locks.ts";
import { defineStep, done, expectThat } from "../../core/step.ts";
import { snapshotsOfCase, snapshotsStep } from "./case-snapshots.ts";

const input = z.strictObject({
  /** `compliance` cannot be taken back by anybody after its cooling-off period. */
  mode: z.enum(["governance", "compliance"]).default("governance"),
  days: z.int().min(1).max(36_500).default(30),
  /** For `compliance` only: hours in which the lock can still be taken back. */
  coolOffHours: z.int().min(1).max(72).nullable().default(null),
});

const lock = z.strictObject({
  mode: z.enum(["governance", "compliance"]),
  days: z.number(),
  coolOffHours: z.number().nullable(),
});

/**
 * Locks the snapshots of this case, so that nobody deletes them: not the intruder with stolen credentials, not a clean-up job.
 *
 * Governance by default: people with the permission can unlock, and the lock ends after its days, which count from the
 * snapshot's completion. In compliance mode nobody can, root included. AWS locks no snapshot as it is made, so between the
 * snapshot and this step it can be deleted. A lock does not protect the key: without it an encrypted snapshot is lost.
 */
export const snapshotLock = defineStep({
  id: "preserve.snapshot-lock",
  title: "Lock the snapshots against deletion",
  needs: [snapshotsStep],
  reversible: "no",
  notRestored: "The snapshots stay locked until the days are over: a release does not let evidence go.",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeLockedSnapshots", "ec2:DescribeSnapshots"],
      run: ["ec2:LockSnapshot"],
      verify: ["ec2:DescribeLockedSnapshots"],
    },
  },
  input,
  change: { before: z.null(), after: lock },

  async plan(context, { mode, days, coolOffHours }) {
    const { snapshots, left } = await snapshotsOfCase(context);
    const ids = snapshots.map(({ id }) => id);
    const locks = (await locksOf(context.aws.ec2, ids)).filter(isInForce);
    const after = { mode, days, coolOffHours: mode === "compliance" ? coolOffHours : null };
    return {
      changes: ids
        .filter((id) => !locks.some(({ snapshotId }) => snapshotId === id))
        .map((id) => ({ resource: id, attribute: "lock", before: null, after })),
      left,
    };
  },

  async run({ aws }, { resource, after }) {
    await lockSnapshot(aws.ec2, { snapshotId: resource, ...lock.parse(after) });
    return done();
  },

  async verify({ aws }, { resource, after }) {
    const [present] = await locksOf(aws.ec2, [resource]);
    const holds = present !== undefined && isInForce(present) && present.days >= lock.parse(after).days;
    return expectThat(`lock of ${resource}`, holds, {
      expected: after,
      observed: present === undefined ? "not locked" : { state: present.state, days: present.days },
    });
  },

  revert: () => Promise.resolve(done()),
});

function isInForce({ state }: { readonly state: string }): boolean {
  return state !== "expired" && state !== "unknown";
}
