import { createHmac } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Clock } from "../../src/core/clock.ts";
import { sendToWebhook } from "../../src/intake/webhook.ts";
import { document } from "./handed-over.ts";

const secret = "a key of at least sixteen";
const NOW = Date.parse("2026-03-01T12:00:00.700Z");

/** Real requests do not wait: pauses pass at once, and deadlines only where a test wants them to. */
const clockWith = (passes: (ms: number) => boolean): Clock => ({
  now: () => NOW,
  monotonic: () => NOW,
  sleep: (ms, signal) =>
    passes(ms)
      ? Promise.resolve()
      : new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error("called off")), { once: true });
        }),
  hold: () => () => {},
});
const clock = clockWith((ms) => ms !== 5000);

interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

let server: Server | null = null;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** A receiver on this machine that answers with these statuses in turn; 0 is no answer at all. */
async function receiver(...statuses: readonly number[]): Promise<{ url: string; deliveries: Delivery[] }> {
  const deliveries: Delivery[] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const status = statuses[deliveries.length] ?? 200;
      deliveries.push({ headers: request.headers, body: Buffer.concat(parts).toString() });
      if (status !== 0) response.writeHead(status, { location: "http://127.0.0.1:1/" }).end("thanks");
    });
  });
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/findings`, deliveries };
}

const send = (url: string, of: Partial<Parameters<typeof sendToWebhook>[2]> = {}): Promise<string> =>
  sendToWebhook({ kind: "webhook", url, secretFrom: "SOC_KEY" }, document, {
    secret,
    clock,
    signal: new AbortController().signal,
    ...of,
  });

test("a receiver gets the document, and can tell by the signature whose it is", async () => {
  const { url, deliveries } = await receiver();
  expect(await send(url)).toBe("status 200");
  const [{ headers, body }] = deliveries as [Delivery];
  expect(JSON.parse(body)).toEqual(document);
  expect(headers).toMatchObject({ "webhook-id": document.id, "webhook-timestamp": "1772366400" });
  const expected = createHmac("sha256", secret).update(`${document.id}.1772366400.${body}`).digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
});

test("a key in the specification's own form is decoded", async () => {
  const { url, deliveries } = await receiver();
  await send(url, { secret: `whsec_${Buffer.from("0123456789abcdef").toString("base64")}` });
  const [{ headers, body }] = deliveries as [Delivery];
  const expected = createHmac("sha256", "0123456789abcdef")
    .update(`${document.id}.1772366400.${body}`)
    .digest("base64");
  expect(headers["webhook-signature"]).toBe(`v1,${expected}`);
});

test.each([429, 500, 503])("after status %i it is sent again, under the same id", async (status) => {
  const { url, deliveries } = await receiver(status, status);
  expect(await send(url)).toBe("status 200");
  expect(deliveries.map(({ headers }) => headers["webhook-id"])).toEqual([document.id, document.id, document.id]);
});

test.each([
  [400, 1],
  [302, 1],
  [500, 3],
])("status %i is a failure after %i deliveries", async (status, times) => {
  const { url, deliveries } = await receiver(status, status, status, status);
  await expect(send(url)).rejects.toThrow(
    `Finding f1 could not be handed over to ${url}: it answered with status ${status}.`,
  );
  expect(deliveries).toHaveLength(times);
});

test("a receiver that never answers has not got it", async () => {
  const { url } = await receiver(0, 0, 0);
  await expect(send(url, { clock: clockWith(() => true) })).rejects.toThrow("it did not answer within 5 s");
});

test("where nobody listens, the reason is said", async () => {
  await expect(send("http://127.0.0.1:1/")).rejects.toThrow("could not be handed over to http://127.0.0.1:1/: ");
});

test.each(["", "too short"])("with the key %j nothing is sent", async (short) => {
  const { url, deliveries } = await receiver();
  await expect(send(url, { secret: short })).rejects.toThrow("the variable SOC_KEY holds no key of at least 16");
  expect(deliveries).toEqual([]);
});
