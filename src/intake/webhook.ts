import { createHmac } from "node:crypto";
import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { HandedOver, HandOverTarget } from "../core/route.ts";
import { printable } from "./printable.ts";

/** A receiver that takes longer has not got it. */
const ANSWERS_MS = 5000;
/** When it is sent again after a failure that may pass. */
const PAUSES_MS: readonly number[] = [1000, 4000];
const SHORTEST_SECRET = 16;

interface WebhookTools {
  readonly secret: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/**
 * Posts a document, signed after the Standard Webhooks specification, so that receivers find a library for it: the headers
 * `webhook-id` (the same again for the same finding), `webhook-timestamp` (seconds since 1970) and `webhook-signature`
 * (`v1,` and the HMAC-SHA256 of `id.timestamp.body` in base64). Sent again after no answer, 429 and 5xx; redirects are not
 * followed, because the document would go where nobody configured it to.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @throws CordonError `hand_over_failed`
 */
export async function sendToWebhook(
  { url, secretFrom }: Extract<HandOverTarget, { kind: "webhook" }>,
  document: HandedOver,
  { secret, clock, signal }: WebhookTools,
): Promise<string> {
  const fail = (reason: string): never => {
    throw new CordonError("hand_over_failed", { id: document.finding.id, receiver: url, reason: printable(reason) });
  };
  if (secret.length < SHORTEST_SECRET)
    fail(`the variable ${secretFrom} holds no key of at least ${SHORTEST_SECRET} characters`);
  const body = canonicalJson(document as unknown as Json);
  for (let attempt = 0; ; attempt++) {
    const answer = await post(url, { body, id: document.id, secret, clock, signal });
    if (answer.kind === "taken") return answer.receipt;
    const pauseMs = answer.mayPass ? PAUSES_MS[attempt] : undefined;
    if (pauseMs === undefined) return fail(answer.reason);
    await clock.sleep(pauseMs, signal);
  }
}

type Answer =
  | { readonly kind: "taken"; readonly receipt: string }
  | { readonly kind: "refused"; readonly reason: string; readonly mayPass: boolean };

interface Posting extends WebhookTools {
  readonly body: string;
  readonly id: string;
}

async function post(url: string, { body, id, secret, clock, signal }: Posting): Promise<Answer> {
  const timestamp = String(Math.floor(clock.now() / 1000));
  const late = new AbortController();
  const answered = new AbortController();
  const deadline = clock.sleep(ANSWERS_MS, AbortSignal.any([answered.signal, signal])).then(
    () => late.abort(new Error(`it did not answer within ${ANSWERS_MS / 1000} s`)),
    () => {}, // It answered, or was called off.
  );
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signatureOf({ id, timestamp, body, secret })}`,
      },
      body,
      signal: AbortSignal.any([late.signal, signal]),
    });
    await response.body?.cancel();
    if (response.ok) return { kind: "taken", receipt: `status ${response.status}` };
    const mayPass = response.status === 429 || response.status >= 500;
    return { kind: "refused", reason: `it answered with status ${response.status}`, mayPass };
  } catch (error) {
    signal.throwIfAborted();
    return {
      kind: "refused",
      reason: late.signal.aborted ? messageOf(late.signal.reason) : reasonOf(error),
      mayPass: true,
    };
  } finally {
    answered.abort();
    await deadline;
  }
}

/** A secret that begins with `whsec_` is base64, as the specification has it; any other is taken as it stands. */
function signatureOf({ id, timestamp, body, secret }: Record<"id" | "timestamp" | "body" | "secret", string>): string {
  const key = secret.startsWith("whsec_") ? Buffer.from(secret.slice("whsec_".length), "base64") : secret;
  return createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
}

/** fetch says "fetch failed" and keeps the reason in its cause. */
function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
