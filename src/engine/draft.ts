import type { CaseState } from "../core/case.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Act, Decision } from "./acts.ts";
import type { Registry } from "./registry.ts";

export interface Situation {
  readonly state: CaseState;
  readonly playbook: Playbook;
  readonly registry: Registry;
  readonly now: number;
}

/** Collects acts and wake times, and keeps acts back that were postponed. */
export class Draft {
  readonly #acts: Act[] = [];
  #wakeAt: number | null = null;
  waitsForPeople = false;
  readonly situation: Situation;

  constructor(situation: Situation) {
    this.situation = situation;
  }

  add(act: Act): void {
    const { state, now } = this.situation;
    if (act.verb !== "note") {
      const subject = act.verb === "plan" || act.verb === "assess" ? `${act.stage}/${act.use.use}` : act.change;
      const postponed = state.postponed.get(`${act.verb} ${subject}`);
      if (postponed && postponed.until > now) return this.wake(postponed.until);
    }
    this.#acts.push(act);
  }

  wake(at: number): void {
    this.#wakeAt = this.#wakeAt === null ? at : Math.min(this.#wakeAt, at);
  }

  get isEmpty(): boolean {
    return this.#acts.length === 0;
  }

  decision(): Decision {
    return { acts: this.#acts, wakeAt: this.#wakeAt, waitsForPeople: this.waitsForPeople };
  }
}
