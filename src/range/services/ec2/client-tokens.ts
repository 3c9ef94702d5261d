import type { World } from "../../world/world.ts";
import type { Context } from "../handler.ts";

/** What was made for which token, world by world: a token names a result, not a resource, and outlives it. */
const made = new WeakMap<World, Map<string, string>>();

/**
 * The id of what a call with a client token makes: the same call again makes nothing new.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
 */
export function onceFor(context: Context, token: string | undefined, make: () => string): string {
  if (token === undefined) return make();
  const { world, account, region, call } = context;
  const known = made.get(world) ?? new Map<string, string>();
  made.set(world, known);
  const key = [account.id, region.name, call.operation, token].join(" ");
  const id = known.get(key) ?? make();
  known.set(key, id);
  return id;
}
