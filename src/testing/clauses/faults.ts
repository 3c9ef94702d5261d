import type { FaultKind } from "../../range/faults.ts";
import { demandSameState, withoutIds } from "../end-state.ts";
import { type Course, type Examination, rehearse, undisturbed, wholeCourse } from "../rehearsal.ts";
import { eachCall, told } from "./crashes.ts";

/** Every call once throttled, failed with a 5xx, answered too late, or not answered though it had its effect: the same end state. */
export async function faultsPass(examination: Examination): Promise<void> {
  const expected = await undisturbed(examination);
  for (const kind of ["throttle", "error", "late", "lost-answer"] as const satisfies readonly FaultKind[]) {
    await eachCall((nth) =>
      rehearse(examination, async (stage) => {
        const struck = stage.account.plant({ kind, nth });
        await told(`${kind} of call ${nth}`, async () =>
          demandSameCourse(expected, await wholeCourse(examination, stage)),
        );
        return struck();
      }),
    );
  }
}

/** Longer than AWS's reads usually lag behind its writes. */
const STALE_MS = 4000;

/** Each seed draws other lags. */
const SEEDS = [1, 2, 3];

/** Reads that lag behind writes: the same end state. */
export async function staleReadsPass(examination: Examination): Promise<void> {
  const expected = comparable(await undisturbed(examination));
  for (const seed of SEEDS) {
    await rehearse(
      examination,
      (stage) =>
        told(`reads up to ${STALE_MS} ms stale, seed ${seed}`, async () =>
          demandSameCourse(expected, comparable(await wholeCourse(examination, stage))),
        ),
      { staleMs: STALE_MS, seed },
    );
  }
}

/** Another account, with other ids. */
function comparable({ contained, reverted, settled }: Course): Course {
  return { contained: withoutIds(contained), reverted: withoutIds(reverted), settled: withoutIds(settled) };
}

function demandSameCourse(expected: Course, observed: Course): void {
  demandSameState(expected.contained, observed.contained, "contained");
  demandSameState(expected.reverted, observed.reverted, "reverted");
  demandSameState(expected.settled, observed.settled, "settled");
}
