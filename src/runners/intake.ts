import { CordonError } from "../core/errors.ts";
import type { Actor } from "../core/journal.ts";
import { type Disposition, type HandOver, handedOver, type HandOverTarget } from "../core/route.ts";
import { receive, type Received, type ReceptionTools } from "./reception.ts";

/** What the intake works with. */
export interface IntakeTools extends ReceptionTools {
  readonly handOver: HandOver;
}

/** What came of a finding. */
export type TakenIn =
  | { readonly kind: "cases"; readonly cases: readonly Received[] }
  | { readonly kind: "ignored" }
  /** `receipt` is null where it was handed over before. */
  | { readonly kind: "handedOver"; readonly to: string; readonly receipt: string | null };

/** For how long it is remembered that a finding was handed over: as long as GuardDuty keeps findings. */
const REMEMBERED_MS = 90 * 24 * 3_600_000;

/**
 * Does what a disposition says: opens or joins cases, hands over, or lets it be. Whatever brings findings in comes through
 * here.
 *
 * @throws CordonError `hand_over_failed`, `finding_names_no_instance`; nothing is lost then, and the same finding may come again
 */
export async function takeIn(
  disposition: Disposition,
  who: { readonly orderedBy: string | null; readonly actor: Actor },
  tools: IntakeTools,
): Promise<TakenIn> {
  switch (disposition.kind) {
    case "case":
      return { kind: "cases", cases: await receive({ ...disposition, ...who }, tools) };
    case "ignore":
      return { kind: "ignored" };
    case "handOver":
      return handOverOnce(disposition, disposition.target, tools);
    case "unplaced":
      throw withoutInstance(disposition);
    default:
      return disposition satisfies never;
  }
}

/** The error for a finding about which something must be done, and which does not say to which instance. */
export function withoutInstance({ finding, judgement }: Disposition): CordonError {
  return new CordonError("finding_names_no_instance", {
    id: finding.id,
    type: finding.type,
    reason: judgement.reason,
  });
}

/** Remembered once the receiver has it: after a crash in between it gets it again, under the same id. */
async function handOverOnce(
  disposition: Disposition,
  target: HandOverTarget,
  { handOver, store, clock }: IntakeTools,
): Promise<TakenIn> {
  const document = handedOver(disposition, target);
  const to = target.kind === "webhook" ? target.url : target.arn;
  const now = clock.now();
  const tally = { name: "handed over", key: document.id, now, since: now - REMEMBERED_MS };
  if ((await store.count({ ...tally, most: 0 })) === "known") return { kind: "handedOver", to, receipt: null };
  const receipt = await handOver.send(target, document).catch((error: unknown) => {
    throw failureOf(error, { id: document.finding.id, receiver: to });
  });
  await store.count({ ...tally, most: Number.MAX_SAFE_INTEGER });
  return { kind: "handedOver", to, receipt };
}

/** Whatever kept the receiver from getting it: the error says what is unchanged and how it is tried again. */
function failureOf(error: unknown, about: { readonly id: string; readonly receiver: string }): CordonError {
  if (error instanceof CordonError && error.code === "hand_over_failed") return error;
  const reason = (error instanceof Error ? error.message : String(error)).replace(/\.$/, "");
  return new CordonError("hand_over_failed", { ...about, reason }, { cause: error });
}
