import { Consistency } from "../world/consistency.ts";
import type { World } from "../world/world.ts";

/** How long a changed policy takes to reach everything that judges by it; AWS says it may take minutes. */
export const DEFAULT_POLICY_LAG_MS = 4_000;

const lags = new WeakMap<World, Consistency>();

/**
 * Sets how long policy changes of this world lag at most; each change draws its own lag. Call before the first change.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
export function setPolicyLag(world: World, maximumLagMs: number): void {
  lags.set(world, new Consistency(world.random, { maximumLagMs }));
}

/** Call before the policies of a role or user change, so that what they were stays in force for a while. */
export function policiesChange(world: World, principal: object): void {
  lagOf(world).beforeChange(principal, world.now());
}

/** The version of a role or user by whose policies requests are judged now. */
export function inForce<T extends object>(world: World, principal: T): T | undefined {
  return lagOf(world).visible(principal, world.now());
}

function lagOf(world: World): Consistency {
  const known = lags.get(world) ?? new Consistency(world.random, { maximumLagMs: DEFAULT_POLICY_LAG_MS });
  lags.set(world, known);
  return known;
}
