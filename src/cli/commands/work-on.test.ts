import { expect, it } from "vitest";
import { CordonError } from "../../core/errors.ts";
import type { CaseState } from "../../core/case.ts";
import type { Desk, Session } from "../desk.ts";
import { workOn } from "./work-on.ts";

/** A desk whose cases end as their ids say. */
function fixture(failures: Readonly<Record<string, Error>>) {
  const complaints: string[] = [];
  const desk = {
    environment: { owner: "here" },
    output: { complain: (line: string) => void complaints.push(line), narrate: () => {} },
    store: { lease: async () => ({ kind: "ours", token: 1 }), unlease: async () => {} },
    signal: new AbortController().signal,
  } as unknown as Desk;
  const load = async (id: string) => ({ id }) as CaseState;
  const runner = {
    load,
    work: async (id: string) => {
      const failure = failures[id];
      if (failure) throw failure;
      return load(id);
    },
  };
  const session = { runner, connection: { clock: { now: () => 0 } } } as unknown as Session;
  return { complaints, work: (...ids: readonly string[]) => workOn(desk, session, { ids, wait: false }) };
}

const denied = new CordonError("access_denied", { operation: "x", resource: "y", caller: "z", message: "no" });

it("gives the highest exit code of the cases that fail, and names each", async () => {
  const { complaints, work } = fixture({ "case-1": new Error("broken"), "case-3": denied });
  const { states, exitCode } = await work("case-1", "case-2", "case-3");
  expect(exitCode).toBe(6);
  expect(states.map(({ id }) => id)).toEqual(["case-1", "case-2", "case-3"]);
  expect(complaints.map((line) => line.split(":")[0])).toEqual(["case-1", "case-3"]);
});

it("counts a failure of which the code alone would say that nothing was done as partial", async () => {
  const { work } = fixture({ "case-1": new CordonError("playbook_not_found", { id: "p" }) });
  expect((await work("case-1", "case-2")).exitCode).toBe(3);
});

it("gives 0 if none fails, and throws the failure of a single case", async () => {
  const { work } = fixture({ "case-1": denied });
  expect((await work("case-2", "case-3")).exitCode).toBe(0);
  await expect(work("case-1")).rejects.toBe(denied);
});
