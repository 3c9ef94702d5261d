/** A call as far as its place in time matters. */
export interface TimedCall {
  readonly startedAt: number;
  readonly endedAt: number;
}

/**
 * The longest chain of calls in which each began when the one before had ended: the round trips that must be waited for.
 * Calls that were under way together count once.
 */
export function longestChain(calls: readonly TimedCall[]): number {
  const ordered = [...calls].sort((left, right) => left.endedAt - right.endedAt);
  const depths: { readonly endedAt: number; readonly depth: number }[] = [];
  for (const call of ordered) {
    const before = depths.filter(({ endedAt }) => endedAt <= call.startedAt).map(({ depth }) => depth);
    depths.push({ endedAt: call.endedAt, depth: 1 + Math.max(0, ...before) });
  }
  return Math.max(0, ...depths.map(({ depth }) => depth));
}
