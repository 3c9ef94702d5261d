/** Works on cases side by side for the commands, and prints what came of them. */
import type { CaseState } from "../../core/case.ts";
import { type Desk, isWorkedElsewhere, type Session } from "../desk.ts";
import { codeBeside, explain } from "../failure.ts";
import { outcomeLines } from "../render/outcome.ts";
import { caseSummary, isProofDue, worstOf } from "../verdicts.ts";

/** How often a case that waits is looked at, for what other processes wrote. */
const LOOK_MS = 1000;

/** What came of several cases. */
export interface Worked {
  /** How each case stands now; without those whose journal cannot be read. */
  readonly states: readonly CaseState[];
  /** The highest exit code of those that failed; 0 if none did. */
  readonly exitCode: number;
}

/**
 * Works on cases side by side. Those on which another process works are left to it. A case that fails is named on stderr and
 * counts in the exit code; the others go on. If there is only one case, its failure is thrown.
 */
export async function workOn(
  desk: Desk,
  session: Session,
  { ids, wait, prove = false }: { readonly ids: readonly string[]; readonly wait: boolean; readonly prove?: boolean },
): Promise<Worked> {
  const codes: number[] = [];
  const states = await Promise.all(
    ids.map((id) =>
      workOnOne(desk, session, { id, wait, prove }).catch((error: unknown) => {
        if (ids.length === 1) throw error;
        codes.push(codeBeside(error));
        if (!desk.signal.aborted) desk.output.complain(`${id}: ${explain(error).lines.join(" ")}`);
        return session.runner.load(id).catch(() => null);
      }),
    ),
  );
  desk.signal.throwIfAborted();
  return { states: states.flatMap((state) => (state === null ? [] : [state])), exitCode: worstOf(codes) };
}

async function workOnOne(
  desk: Desk,
  { runner, connection }: Session,
  { id, wait, prove }: { readonly id: string; readonly wait: boolean; readonly prove: boolean },
): Promise<CaseState> {
  if (await isWorkedElsewhere(desk, id, connection.clock.now())) {
    desk.output.narrate(`${id}: another process is at work on it and carries this out.`);
    return runner.load(id);
  }
  return runner.work(id, {
    signal: desk.signal,
    waitForPeople: wait,
    ...(prove ? { isProofDue } : {}),
    ...(wait || prove ? { pollMs: LOOK_MS } : {}),
  });
}

/** Prints what came of the cases. As JSON lines the events were the output already. */
export function printOutcomes({ output }: Desk, states: readonly CaseState[]): Promise<void> {
  if (output.format === "jsonl") return Promise.resolve();
  return output.result(states.map(caseSummary), () =>
    states.flatMap((state, index) => (index === 0 ? outcomeLines(state) : ["", ...outcomeLines(state)])),
  );
}
