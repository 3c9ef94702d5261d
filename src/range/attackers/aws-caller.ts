import { AwsError, type Call } from "../wire/operation.ts";
import type { World } from "../world/world.ts";

/** A call of AWS's API by somebody who lives in the range, with credentials of his. */
export type Request = Pick<Call, "service" | "operation" | "input" | "sourceIp" | "userAgent"> & {
  readonly accessKeyId: string;
};

/** What AWS answers: what it did, or why not. */
export type Answer =
  | { readonly isAllowed: true; readonly output: Record<string, unknown> }
  | { readonly isAllowed: false; readonly code: string };

/** Calls AWS as those outside Cordon do: the same permissions, the same protections, the same effects. */
export type CallAws = (request: Request) => Answer;

/** Performs a call at once. @throws AwsError as AWS would answer. */
export type Serve = (world: World, call: Call) => Record<string, unknown>;

/** The way to AWS in one Region. What the range does not serve is a mistake of the scenario, and no answer. */
export function callerOf(world: World, region: string, serve: Serve): CallAws {
  return (request) => {
    try {
      return { isAllowed: true, output: serve(world, { ...request, region, requestId: "" }) };
    } catch (error) {
      if (error instanceof AwsError && error.code !== "NotImplemented") return { isAllowed: false, code: error.code };
      throw error;
    }
  };
}
