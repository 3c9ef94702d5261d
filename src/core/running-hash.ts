/**
 * SHA-256 that can be stopped and gone on with in another process: Node's own hash cannot be saved.
 *
 * A state is short text: it goes into the journal with the progress of what is hashed. It holds the last bytes that did
 * not fill a block of 64.
 */
export interface RunningHash {
  /** The state after more bytes; from the beginning when there is none. */
  extend(state: string | null, bytes: Uint8Array): string;
  /** The SHA-256 of all bytes so far, in lower-case hex. */
  digest(state: string | null): string;
}

let ready: Promise<RunningHash> | null = null;

/** Loads it when it is first needed: compiling it costs what a start should not pay. */
export function runningHash(): Promise<RunningHash> {
  return (ready ??= load());
}

async function load(): Promise<RunningHash> {
  const { createSHA256 } = await import("hash-wasm");
  const hasher = await createSHA256();
  const resume = (state: string | null): void => {
    hasher.init();
    if (state !== null) hasher.load(new Uint8Array(Buffer.from(state, "base64")));
  };
  // One hasher for all: each use loads its state and leaves none behind.
  return {
    extend(state, bytes) {
      resume(state);
      hasher.update(bytes);
      return Buffer.from(hasher.save()).toString("base64");
    },
    digest(state) {
      resume(state);
      return hasher.digest("hex");
    },
  };
}
