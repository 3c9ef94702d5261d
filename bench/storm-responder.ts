import type { Clock } from "../src/core/clock.ts";
import type { Actor, JournalEvent } from "../src/core/journal.ts";
import { decideStage } from "../src/runners/decisions.ts";
import type { LocalRunner } from "../src/runners/local.ts";

const who: Actor = { kind: "person", id: "responder", channel: "api" };

/** The person who answers in a storm: yes to everything, one question after the other, so long after it was put. */
export class StormResponder {
  readonly #clock: Clock;
  readonly #afterMs: number;
  readonly #onAnswer: () => void;
  #answering: Promise<void> = Promise.resolve();

  constructor(clock: Clock, options: { readonly afterMs: number; readonly onAnswer: () => void }) {
    this.#clock = clock;
    this.#afterMs = options.afterMs;
    this.#onAnswer = options.onAnswer;
  }

  see({ body, case: caseId }: JournalEvent, runner: LocalRunner): void {
    if (body.type !== "approval.asked") return;
    const due = this.#clock.sleep(this.#afterMs);
    const before = this.#answering;
    this.#answering = this.#answer(runner, { caseId, stage: body.stage, of: body.of }, [before, due]);
  }

  async #answer(
    runner: LocalRunner,
    { caseId, stage, of }: { readonly caseId: string; readonly stage: string; readonly of: string },
    after: readonly Promise<void>[],
  ): Promise<void> {
    await Promise.all(after);
    const state = await runner.load(caseId);
    const asked = state.approvals.get(stage);
    if (asked?.state !== "pending") return; // An answer to another case counted for this one.
    this.#onAnswer();
    const yes = { caseId, stage, decision: "approve", hash: asked.hash, reason: null, by: who } as const;
    await decideStage(runner, yes, { [of]: [who.id] });
  }
}
