import { setMaxListeners } from "node:events";
import { describe, expect, it } from "vitest";
import type { Urgency } from "../core/urgency.ts";
import { Lanes } from "./lanes.ts";

const never = new AbortController().signal;
setMaxListeners(0, never); // Each call that waits listens.

/** Calls that stay under way until they are let end. */
function crowd(): {
  readonly begun: string[];
  send(lanes: Lanes, name: string, urgency: Urgency, signal?: AbortSignal): Promise<void>;
  end(name: string): Promise<void>;
} {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  return {
    begun,
    send: (lanes, name, urgency, signal = never) =>
      lanes.through(urgency, signal, () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      }),
    async end(name) {
      ends.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

describe("lanes", () => {
  it("lets 192 calls be under way, and the next when one has ended, the more urgent first", async () => {
    const lanes = new Lanes();
    const { begun, send, end } = crowd();
    for (let index = 0; index < 194; index++) void send(lanes, `rest ${index}`, "rest");
    void send(lanes, "evidence", "evidence");
    expect(begun).toHaveLength(192);
    await end("rest 7");
    expect(begun.slice(192)).toEqual(["evidence"]);
    await end("evidence");
    expect(begun.slice(193)).toEqual(["rest 192"]);
    await end("rest 0");
    await end("rest 1");
    expect(begun.slice(194)).toEqual(["rest 193"]);
    void send(lanes, "later", "rest");
    expect(begun.at(-1)).toBe("later");
  });

  it("keeps 64 lanes for what cuts, whatever hangs in the others", async () => {
    const lanes = new Lanes();
    const { begun, send, end } = crowd();
    for (let index = 0; index < 300; index++) void send(lanes, `evidence ${index}`, "evidence");
    for (let index = 0; index < 65; index++) void send(lanes, `cut ${index}`, "containment");
    expect(begun.filter((name) => name.startsWith("cut"))).toHaveLength(64);
    await end("cut 0");
    expect(begun.at(-1)).toBe("cut 64");
    await end("cut 1");
    expect(begun.at(-1)).toBe("cut 64"); // Evidence does not take it over.
  });

  it("never holds up a call that seals", () => {
    const lanes = new Lanes();
    const { begun, send } = crowd();
    for (let index = 0; index < 300; index++) void send(lanes, `rest ${index}`, "rest");
    void send(lanes, "seal", "seal");
    expect(begun.at(-1)).toBe("seal");
  });

  it("gives its place on when a call fails, and takes none for a call that was called off while it waited", async () => {
    const lanes = new Lanes();
    const { begun, send, end } = crowd();
    for (let index = 0; index < 191; index++) void send(lanes, `rest ${index}`, "rest");
    let fail: (reason: Error) => void = () => {};
    const failing = lanes.through("rest", never, () => new Promise((_, reject) => (fail = reject)));
    const life = new AbortController();
    const calledOff = send(lanes, "called off", "rest", life.signal);
    void send(lanes, "waiting", "rest");
    life.abort(new Error("the case ended"));
    await expect(calledOff).rejects.toThrow("the case ended");
    fail(new Error("no answer"));
    await expect(failing).rejects.toThrow("no answer");
    expect(begun.at(-1)).toBe("waiting");
    await expect(send(lanes, "too late", "rest", life.signal)).rejects.toThrow("the case ended");
    await end("waiting");
    void send(lanes, "last", "rest");
    expect(begun.at(-1)).toBe("last");
  });
});
