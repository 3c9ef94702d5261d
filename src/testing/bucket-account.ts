import { S3Client, type GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { systemClock } from "../core/clock.ts";
import { createFront, type FrontOptions, type ServedCall } from "../range/front.ts";
import { createResponder, type Responder } from "../range/responder.ts";
import { listen } from "../range/wire/http.ts";
import { inProcessHandler } from "../range/wire/request-handler.ts";
import type { Handle, WireRequest } from "../range/wire/request.ts";
import { createWire } from "../range/wire/server.ts";
import { seededRandom } from "../range/world/random.ts";
import { evidenceBucket } from "../range/world/s3.ts";
import { World } from "../range/world/world.ts";

/** Where the bucket lies. */
export const ACCOUNT = "111122223333";
const REGION = "eu-central-1";
export const BUCKET = "evidence-111122223333";

interface Options {
  readonly transport?: "in process" | "over HTTP";
  readonly lock?: { readonly mode: "governance" | "compliance"; readonly days: number } | null;
  readonly withoutBucket?: boolean;
  readonly front?: Partial<FrontOptions>;
}

/** An account with a bucket for evidence, a client of its responder, and a clock that is moved by hand. */
export async function bucketAccount(options: Options = {}) {
  let now = Date.parse("2026-01-15T12:00:00Z");
  const clock = { ...systemClock, now: () => now, sleep: async (ms: number) => void (now += ms) };
  const world = new World({ clock, random: seededRandom(7) });
  const place = world.place(ACCOUNT, REGION);
  const responder = createResponder(place);
  if (options.withoutBucket !== true) {
    evidenceBucket(world, { account: ACCOUNT, region: REGION, name: BUCKET, lock: options.lock ?? null });
  }
  const calls: ServedCall[] = [];
  const requests: WireRequest[] = [];
  const perform = createFront({ world, latencyMs: 0, onCall: (call) => calls.push(call), ...options.front });
  const wire = createWire({ requestId: () => `request-${requests.length}`, perform, now: () => now });
  const handle: Handle = (request) => {
    requests.push(request);
    return wire.handle(request);
  };
  const server = options.transport === "over HTTP" ? await listen(handle, { port: 0 }) : null;
  const clientFor = (credentials: Pick<Responder, "accessKeyId" | "secretAccessKey">): S3Client =>
    new S3Client({
      region: REGION,
      maxAttempts: 1,
      credentials,
      disableClockSkewCorrection: true,
      ...(server ? { endpoint: `http://127.0.0.1:${server.port}` } : { requestHandler: inProcessHandler(handle) }),
    });
  const client = clientFor(responder);
  return {
    world,
    place,
    responder,
    client,
    clientFor,
    calls,
    requests,
    handle,
    /** Its address; null in process. */
    endpoint: server ? `http://127.0.0.1:${server.port}` : null,
    pass: (ms: number) => void (now += ms),
    async close() {
      client.destroy();
      await server?.close();
    },
  };
}

/** The code and status that a call fails with, or "none". */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "none";
  } catch (error) {
    const { name, $metadata } = error as Error & { readonly $metadata?: { readonly httpStatusCode?: number } };
    return $metadata ? `${name} ${$metadata.httpStatusCode}` : `${name}: ${(error as Error).message}`;
  }
}

/** The content of an answer as text. */
export async function textOf({ Body }: Pick<GetObjectCommandOutput, "Body">): Promise<string> {
  return (await Body?.transformToString()) ?? "";
}
