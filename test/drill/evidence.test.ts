import { describe, expect, it } from "vitest";
import { shippedPlaybooks } from "../../bench/playbooks.ts";
import type { DrillOptions } from "../../src/cli/drill/rehearsal.ts";
import type { DrillReport } from "../../src/cli/drill/report.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import type { Happening } from "../../src/core/journal.ts";

const playbooks = shippedPlaybooks();
const drill = (options: Partial<DrillOptions> = {}): Promise<DrillReport> =>
  runDrill({ scenario: "c2-beacon", seed: 7, playbooks, ...options });

/** Calls that only the collecting of evidence makes: what fails of them fails for nobody else. */
const evidenceCalls = [
  "CreateSnapshots",
  "CreateTags",
  "DescribeInstanceAttribute",
  "DescribeSnapshots",
  "DescribeVolumes",
  "GetConsoleOutput",
  "GetConsoleScreenshot",
] as const;

/** Calls that an event tells of, and that AWS did not answer well. */
function failedCalls(body: Happening): readonly string[] {
  const requests = "requests" in body ? body.requests : [];
  return requests.filter(({ error }) => error !== null).map(({ operation }) => operation);
}

/** Longer than anybody waits for an answer. */
const HANGS_MS = 3_600_000;

describe("evidence of a compromised instance", () => {
  it("is saved beside the cut: disks, what it was, what it showed and printed", async () => {
    const { result, events } = await drill({ release: true });
    const kinds = result.evidence.map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(
      new Set([
        "volume-snapshot",
        "instance-metadata",
        "console-screenshot",
        "console-output",
        "cloudtrail-activity",
        "assessment",
      ]),
    );
    const made = Object.keys(result.awsCalls.byOperation);
    expect(made).toEqual(expect.arrayContaining(evidenceCalls.map((operation) => `ec2:${operation}`)));
    expect(result.roundTripsToIsolation).toBe(2);
    expect(result.timeToIsolationMs).toBe(80);
    expect(result).toMatchObject({ contained: true, because: null });
    expect(result.released?.ok).toBe(true);
    expect(result.score).toBe(100);
    // Each says when it was read and what had been sent by then.
    const stored = events.flatMap(({ body }) => (body.type === "artifact.stored" && body.item !== null ? [body] : []));
    expect(stored.every(({ readAt }) => /^\d{4}-\d\d-\d\dT/.test(readAt))).toBe(true);
    const snapshot = stored.find(({ kind }) => kind === "volume-snapshot");
    expect(snapshot?.sha256).toBeNull(); // A snapshot has no content hash of its own, and none is made up.
  });

  it("is no part of what a release undoes", async () => {
    const { result } = await drill({ release: true });
    expect(result.released?.differences.every(({ declared }) => declared)).toBe(true);
    expect(result.changes.map(({ step }) => step)).not.toContain("preserve.volume-snapshots");
  });
});

describe.each(evidenceCalls)("when %s", (operation) => {
  it.each(["error", "late"] as const)("answers only with %s, the cut is as fast and as whole", async (kind) => {
    const { result, events } = await drill({
      prepare: (range) => range.faults.inject({ kind, operation, times: Infinity, lateMs: HANGS_MS }),
    });
    expect(result.timeToIsolationMs).toBe(80);
    expect(result.roundTripsToIsolation).toBe(2);
    expect(result.attackers.every(({ cut }) => cut)).toBe(true);
    expect(result).toMatchObject({ contained: true, because: null });
    // What could not be saved is no secret: the journal has the call, and what became of it.
    const failed = events.filter(({ body }) => failedCalls(body).includes(`ec2:${operation}`));
    expect(failed.length).toBeGreaterThan(0);
  });
});
