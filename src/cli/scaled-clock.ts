import { type Clock, systemClock } from "../core/clock.ts";

/**
 * The machine's time, moved and stretched: what a range that is served lives on, and what Cordon uses against one.
 *
 * `originMs` is what it shows now, `speed` how many of its milliseconds pass in a real one.
 */
export function scaledClock({ originMs, speed }: { readonly originMs: number; readonly speed: number }): Clock {
  const startedAt = performance.now();
  return {
    now: () => Math.round(originMs + (performance.now() - startedAt) * speed),
    monotonic: () => (performance.now() - startedAt) * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    hold: () => () => {},
  };
}
