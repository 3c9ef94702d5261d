import { setMaxListeners } from "node:events";

/** A signal that can be aborted by itself, and is aborted with its parent. */
export interface ChildSignal {
  readonly signal: AbortSignal;
  abort(reason: Error): void;
  /** Lets go of the parent. Whoever makes a child ends it: a parent that lives as long as the process keeps it otherwise. */
  end(): void;
}

/**
 * Makes a signal that follows another.
 *
 * Instead of `AbortSignal.any`, which holds on to what it made for as long as the parent lives, and instead of listening to the
 * parent everywhere: adding a listener looks at all that are there, which a thousand cases on one signal feel.
 */
export function childSignal(parent: AbortSignal): ChildSignal {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal, parent); // One for each call or case that is under way: many are no leak.
  const follow = (): void => controller.abort(parent.reason);
  if (parent.aborted) follow();
  else parent.addEventListener("abort", follow, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    end: () => parent.removeEventListener("abort", follow),
  };
}
