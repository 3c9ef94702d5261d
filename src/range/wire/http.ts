import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Handle, WireRequest, WireResponse } from "./request.ts";
import { MAXIMUM_OBJECT_BYTES } from "./server.ts";

/**
 * Serves the range over HTTP, to this machine only: it has no authentication worth the name.
 *
 * Port 0 takes a free one. `close` ends open connections as well.
 */
export async function listen(
  handle: Handle,
  options: { readonly port: number },
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    serve(handle, incoming, outgoing).catch(() => incoming.destroy()); // The caller has gone away.
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}

async function serve(handle: Handle, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const body = await readBody(incoming);
  send(outgoing, await handle(toWireRequest(incoming, body)));
}

/** Keeps little more than the limit: enough for `handle` to see that it is too much. */
async function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (length <= MAXIMUM_OBJECT_BYTES) chunks.push(chunk); // The rest is read and dropped, so that the answer arrives.
    length += chunk.length;
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function toWireRequest(incoming: IncomingMessage, body: Uint8Array): WireRequest {
  const [path = "/", query = ""] = splitOnce(incoming.url ?? "/", "?");
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, [value].flat().join(", ")] as const);
  const parameters = new URLSearchParams(query);
  const repeated = [...new Set(parameters.keys())]
    .map((name) => [name, parameters.getAll(name)] as const)
    .filter(([, values]) => values.length > 1);
  return {
    method: incoming.method ?? "GET",
    path,
    query: Object.fromEntries(parameters),
    ...(repeated.length === 0 ? {} : { repeated: Object.fromEntries(repeated) }),
    headers: Object.fromEntries(headers),
    body,
  };
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}

function send(outgoing: ServerResponse, { status, headers, body }: WireResponse): void {
  outgoing.writeHead(status, { ...headers });
  outgoing.end(body);
}
