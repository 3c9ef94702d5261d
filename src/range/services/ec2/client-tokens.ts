import type { World } from "../../world/world.ts";
import type { Context } from "../handler.ts";
import { ec2Error, invalidValue } from "./errors.ts";

interface Made {
  readonly id: string;
  /** What was asked for, the token apart. */
  readonly request: string;
}

/** What was made for which token, world by world: a token names a result, not a resource, and outlives it. */
const made = new WeakMap<World, Map<string, Made>>();

/** https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html */
const LONGEST_TOKEN = 64;

/**
 * The id of what a call with a client token makes: the same call again makes nothing new, and another one under the same
 * token is refused. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
 */
export function onceFor(context: Context, token: string | undefined, make: () => string): string {
  if (token === undefined) return make();
  if (token.length > LONGEST_TOKEN) throw invalidValue(token, "clientToken", "It has at most 64 characters.");
  const { world, account, region, call } = context;
  const known = made.get(world) ?? new Map<string, Made>();
  made.set(world, known);
  const key = [account.id, region.name, call.operation, token].join(" ");
  const request = JSON.stringify({ ...call.input, ClientToken: null, DryRun: null });
  const earlier = known.get(key);
  if (earlier === undefined) {
    const id = make();
    known.set(key, { id, request });
    return id;
  }
  if (earlier.request !== request)
    throw ec2Error(
      "IdempotentParameterMismatch",
      "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    );
  return earlier.id;
}
