import { CordonError } from "../../core/errors.ts";
import { explain } from "../failure.ts";

/** One thing that the doctor looked at. */
export interface Check {
  readonly account: string | null;
  readonly region: string | null;
  readonly what: string;
  /** `unknown`: it could not be found out, which is neither good nor bad. */
  readonly state: "ok" | "missing" | "unknown";
  readonly detail: string;
  /** What to do; null where nothing is to be done. */
  readonly remedy: string | null;
}

export type Place = Pick<Check, "account" | "region">;

export function ok(place: Place, what: string, detail: string): Check {
  return { ...place, what, state: "ok", detail, remedy: null };
}

export function missing(place: Place, what: string, { detail, remedy }: Pick<Check, "detail" | "remedy">): Check {
  return { ...place, what, state: "missing", detail, remedy };
}

export function unknown(place: Place, what: string, { detail, remedy }: Pick<Check, "detail" | "remedy">): Check {
  return { ...place, what, state: "unknown", detail, remedy };
}

/** An error as a check that failed: its problem, and what helps unless something better is known. */
export function failed(place: Place, what: string, error: unknown, remedy?: string): Check {
  const [detail = "", ...more] = explain(error).lines;
  return missing(place, what, { detail, remedy: remedy ?? more.join(" ") });
}

/** A read of the doctor's own that failed: where AWS does not let it look, nothing is known. */
export function unread(place: Place, what: string, error: unknown, action: string): Check {
  if (!(error instanceof CordonError) || error.code !== "access_denied") return failed(place, what, error);
  const { message: detail } = error;
  return unknown(place, what, { detail, remedy: `Allow the role ${action}, and ask again.` });
}
