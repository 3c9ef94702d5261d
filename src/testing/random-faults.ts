import type { FaultKind, Faults } from "../range/faults.ts";

const KINDS: readonly FaultKind[] = ["throttle", "error", "late", "lost-answer"];
const MOST_FAULTS = 8;
/** Faults fall among this many first calls: a drill of the default playbook makes about as many before it settles. */
const AMONG_CALLS = 60;
const LATEST_MS = 15_000;

/** Plants up to eight passing faults among the first calls, as chance will have it: same chance, same faults. */
export function plantRandomFaults(faults: Faults, random: () => number): void {
  const count = Math.floor(random() * (MOST_FAULTS + 1));
  for (let index = 0; index < count; index++) {
    const kind = KINDS[Math.floor(random() * KINDS.length)] ?? "throttle";
    const nth = 1 + Math.floor(random() * AMONG_CALLS);
    faults.inject({ kind, nth, lateMs: Math.floor(random() * LATEST_MS) });
  }
}
