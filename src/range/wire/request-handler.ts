import { Readable } from "node:stream";
import type { HttpHandlerOptions, RequestHandler, RequestHandlerOutput } from "@smithy/types";
import { HttpResponse, type HttpRequest } from "@smithy/core/transport";
import type { Handle, WireRequest } from "./request.ts";

/** A `requestHandler` for the SDK's clients. */
export type InProcessHandler = RequestHandler<HttpRequest, HttpResponse, HttpHandlerOptions> & {
  updateHttpClientConfig(key: never, value: never): void;
  httpHandlerConfigs(): Record<string, never>;
};

/**
 * Lets an unmodified client of the SDK talk to the range without a port.
 *
 * When the call's abort signal fires, the call rejects with an `AbortError`, as the SDK's own handler does;
 * the range goes on with what it began, as AWS would.
 */
export function inProcessHandler(handle: Handle): InProcessHandler {
  return {
    metadata: { handlerProtocol: "in-process" },
    async handle(request, options): Promise<RequestHandlerOutput<HttpResponse>> {
      const signal = options?.abortSignal as AbortSignal | undefined;
      if (signal?.aborted) throw aborted();
      const wireRequest = await toWireRequest(request);
      const { status, headers, body, isStream } = await unlessAborted(handle(wireRequest), signal);
      const content = isStream === true ? Readable.from([body], { objectMode: false }) : body;
      return { response: new HttpResponse({ statusCode: status, headers: { ...headers }, body: content }) };
    },
    updateHttpClientConfig() {},
    httpHandlerConfigs: () => ({}),
    destroy() {},
  };
}

async function toWireRequest(request: HttpRequest): Promise<WireRequest> {
  const headers = Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const query = Object.entries(request.query ?? {}).map(
    ([name, value]) => [name, Array.isArray(value) ? value.join(",") : (value ?? "")] as const,
  );
  const repeated = Object.entries(request.query ?? {}).filter(
    (entry): entry is [string, string[]] => Array.isArray(entry[1]) && entry[1].length > 1,
  );
  return {
    method: request.method,
    path: request.path,
    query: Object.fromEntries(query),
    ...(repeated.length === 0 ? {} : { repeated: Object.fromEntries(repeated) }),
    headers: Object.fromEntries(headers),
    body: await readBody(request.body),
  };
}

async function readBody(body: unknown): Promise<Uint8Array> {
  if (body === undefined || body === null) return new Uint8Array();
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (typeof body === "object" && Symbol.asyncIterator in body) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of body as AsyncIterable<Uint8Array | string>) {
      chunks.push(typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk);
    }
    return new Uint8Array(Buffer.concat(chunks));
  }
  throw new TypeError("the range cannot read a body of this kind");
}

function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return answer;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(aborted());
    if (signal.aborted) abort(); // While the call began: the event is over and will not come again.
    signal.addEventListener("abort", abort, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** The error that the SDK's node handler gives: https://github.com/smithy-lang/smithy-typescript */
function aborted(): Error {
  return Object.assign(new Error("Request aborted"), { name: "AbortError" });
}
