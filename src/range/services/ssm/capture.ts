import { createHash } from "node:crypto";
import type { WireRequest, WireResponse } from "../../wire/request.ts";
import type { SsmHost } from "../../world/ssm-model.ts";
import type { Place } from "../../world/world.ts";
import { reachesS3 } from "./agent-path.ts";
import type { CaptureScript } from "./capture-script.ts";
import type { Ran } from "./shell.ts";

/** A gigabit a second, and what a machine needs to read and hash its own memory besides. */
const BYTES_PER_MS = 100_000;

/** How often the script sends a part, how long it waits in between, and how long it waits for an answer. */
const TRIES = 5;
const PAUSE_MS = 5_000;
const ANSWER_WITHIN_MS = 900_000;

/** Without a way there a connection is tried for so long. */
const CONNECT_WITHIN_MS = 20_000;

const LIME_HEADER_BYTES = 32;
const FIRST_ADDRESS = 0x1000n;

/** Ends the script with a reason, as its own `stop` does. */
class Stopped extends Error {}

export interface Capturing {
  readonly place: Place;
  readonly instanceId: string;
  readonly host: SsmHost;
  readonly script: CaptureScript;
  /** Whether the command still runs: one that timed out or was called off sends nothing more. */
  readonly isRunning: () => boolean;
}

/** Carries a capture out, on simulated time: each part leaves the host when it has come so far, if there is a way then. */
export async function capture(capturing: Capturing): Promise<Ran> {
  const encoder = new TextEncoder();
  const said = (text: string, exitCode: number): Ran => ({
    stdout: encoder.encode(`cordon: ${text}\n`),
    stderr: new Uint8Array(0),
    exitCode,
  });
  const { host, script } = capturing;
  try {
    await begin(capturing);
    return said(await stream(capturing), 0);
  } catch (error) {
    if (error instanceof Stopped) return said(error.message, 1);
    throw error;
  } finally {
    host.files.delete(linksFile(script));
  }
}

export function linksFile({ folder, isWindows }: Pick<CaptureScript, "folder" | "isWindows">): string {
  return `${folder}${isWindows ? "\\" : "/"}links`;
}

/** Everything that the script looks at before the program runs. */
async function begin(capturing: Capturing): Promise<void> {
  const { host, script } = capturing;
  const { isWindows, folder, sha256 } = script;
  const missing = script.needs.find((name) => host.missingPrograms.includes(name));
  if (missing !== undefined) throw new Stopped(`it has no ${missing}`);
  if (host.architecture !== "x86_64")
    throw new Stopped(
      isWindows ? "its processor is ARM64, and WinPmem's is AMD64" : "its processor is aarch64, and AVML's is x86_64",
    );
  if (!isWindows && host.lockdown === "confidentiality")
    throw new Stopped("its kernel is locked down (confidentiality): nobody reads its memory");
  if (host.files.has(linksFile(script)))
    throw new Stopped(`${folder} cannot be made, or another capture is at work in it`);
  host.files.set(linksFile(script), new TextEncoder().encode(script.links.join("\n")));
  const program = script.fetch === "" ? host.files.get(script.binary) : await fetchProgram(capturing);
  if (program === undefined) throw new Stopped(`there is no ${script.binary}`);
  const found = createHash("sha256").update(program).digest("hex");
  if (found !== sha256) throw new Stopped(`the program's SHA-256 is ${found}, not ${sha256}: it was not run`);
}

async function fetchProgram(capturing: Capturing): Promise<Uint8Array> {
  const answer = await call(capturing, { method: "GET", address: capturing.script.fetch, headers: {}, body: empty });
  if (answer?.status === 200) return answer.body;
  throw new Stopped(
    `the program cannot be fetched: ${answer ? `curl: (22) The requested URL returned error: ${answer.status}` : "curl: (28) Connection timed out"}`,
  );
}

const empty = new Uint8Array(0);

async function stream(capturing: Capturing): Promise<string> {
  const { place, host, script } = capturing;
  const hash = createHash("sha256");
  let number = 0;
  let bytes = 0;
  for (const part of partsOf(host, script)) {
    await place.world.clock.sleep(Math.ceil(part.length / BYTES_PER_MS));
    hash.update(part);
    number += 1;
    bytes += part.length;
    await send(capturing, number, part);
  }
  return `parts=${number} bytes=${bytes} sha256=${hash.digest("hex")}`;
}

/** AVML puts a header of LiME's before the memory; WinPmem writes it as it is. One part is there at a time. */
function* partsOf({ memory }: SsmHost, { isWindows, partBytes }: CaptureScript): Generator<Uint8Array> {
  const header = isWindows ? empty : limeHeader(memory.length);
  const whole = header.length + memory.length;
  for (let from = 0; from < whole; from += partBytes) {
    const body = memory.subarray(Math.max(0, from - header.length), from + partBytes - header.length);
    yield from < header.length ? new Uint8Array(Buffer.concat([header.subarray(from), body])) : body;
  }
}

/** https://github.com/504ensicsLabs/LiME/blob/master/doc/README.md: magic, version, first and last address, eight bytes of nothing. */
function limeHeader(length: number): Uint8Array {
  const header = Buffer.alloc(LIME_HEADER_BYTES);
  header.writeUInt32LE(0x4c_69_4d_45, 0);
  header.writeUInt32LE(1, 4);
  header.writeBigUInt64LE(FIRST_ADDRESS, 8);
  header.writeBigUInt64LE(FIRST_ADDRESS + BigInt(Math.max(1, length)) - 1n, 16);
  return header;
}

/** As the script does: the links are read anew each time, as they may have been replaced. */
async function send(capturing: Capturing, number: number, body: Uint8Array): Promise<void> {
  const { place, host, script } = capturing;
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  for (let tried = 1; ; tried++) {
    const [template = "", ...signatures] = Buffer.from(host.files.get(linksFile(script)) ?? empty)
      .toString()
      .split("\n");
    const signature = signatures[number - 1] ?? "";
    if (signature === "")
      throw new Stopped(`it has more memory than its type says: there is no link to part ${number}`);
    const address = template.replace("@PART@", String(number)).replace("@SIGNATURE@", signature);
    const answer = await call(capturing, { method: "PUT", address, headers, body });
    if (answer?.status === 200) return;
    if (tried === TRIES)
      throw new Stopped(
        `part ${number} was not taken, HTTP ${answer?.status ?? "000"}: ${Buffer.from(answer?.body ?? empty)
          .toString()
          .slice(0, 300)}`,
      );
    await place.world.clock.sleep(PAUSE_MS * tried);
  }
}

interface Sent {
  readonly method: string;
  readonly address: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** A request that leaves the host, if there is a way to S3 at this moment; null without an answer. */
async function call(capturing: Capturing, { method, address, headers, body }: Sent): Promise<WireResponse | null> {
  const { place, instanceId, isRunning } = capturing;
  const { clock } = place.world;
  if (!isRunning()) throw new Stopped("terminated");
  const instance = place.region.instances.get(instanceId);
  const door = place.world.door;
  if (instance?.state !== "running" || door === null || !reachesS3(place, instance)) {
    await clock.sleep(CONNECT_WITHIN_MS);
    return null;
  }
  const url = new URL(address);
  const request: WireRequest = {
    method,
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: { host: url.host, "content-length": String(body.length), ...headers },
    body,
  };
  const answered = new AbortController();
  const late = clock.sleep(ANSWER_WITHIN_MS, answered.signal).then(
    () => null,
    () => null,
  );
  try {
    return await Promise.race([door(request).catch(() => null), late]);
  } finally {
    answered.abort(new Error("answered"));
  }
}
