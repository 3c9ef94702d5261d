import type { FaultKind } from "../../range/faults.ts";
import { demandSameState } from "../end-state.ts";
import { type Course, type Examination, rehearse, undisturbed, wholeCourse } from "../rehearsal.ts";
import { eachCall, told } from "./crashes.ts";

/** Every call once throttled, failed with a 5xx, answered too late, or not answered though it had its effect: the same end state. */
export async function faultsPass(examination: Examination): Promise<void> {
  const expected = await undisturbed(examination);
  for (const kind of ["throttle", "error", "late", "lost-answer"] as const satisfies readonly FaultKind[]) {
    await eachCall((nth) =>
      rehearse(examination, async (stage) => {
        const struck = stage.account.plant({ kind, nth });
        await told(`${kind} of call ${nth}`, async () => demandSameCourse(expected, await wholeCourse(examination, stage)));
        return struck();
      }),
    );
  }
}

/** Longer than AWS's reads usually lag behind its writes. */
const STALE_MS = 4000;

/** Reads that lag behind writes: the same end state. */
export async function staleReadsPass(examination: Examination): Promise<void> {
  const expected = await undisturbed(examination);
  await rehearse(
    examination,
    (stage) => told(`reads up to ${STALE_MS} ms stale`, async () => demandSameCourse(expected, await wholeCourse(examination, stage))),
    { staleMs: STALE_MS },
  );
}

function demandSameCourse(expected: Course, observed: Course): void {
  demandSameState(expected.contained, observed.contained, "contained");
  demandSameState(expected.reverted, observed.reverted, "reverted");
  demandSameState(expected.settled, observed.settled, "settled");
}
