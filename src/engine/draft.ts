import type { CaseState } from "../core/case.ts";
import type { Playbook } from "../core/playbook.ts";
import { type Act, type Decision, postponedKey } from "./acts.ts";
import type { Registry } from "./registry.ts";

export interface Situation {
  readonly state: CaseState;
  readonly playbook: Playbook;
  readonly registry: Registry;
  readonly now: number;
  /** Nothing but planning: what would act is left out. */
  readonly plansOnly?: boolean;
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
    const { state, now, plansOnly } = this.situation;
    if (plansOnly === true && act.verb !== "note" && act.verb !== "plan") return;
    if (act.verb !== "note") {
      const { verb, subject } = postponedKey(act);
      const postponed = state.postponed.get(`${verb} ${subject}`);
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

/** What a stage's end, a decision or a close left in the journal is vouched for in the vault, beside everything else. */
export function decideAnchor(draft: Draft): void {
  const { state } = draft.situation;
  if (state.anchorDue > state.anchored) draft.add({ verb: "anchor" });
}
