import type { Happening } from "../core/journal.ts";
import type { StepUse } from "../core/playbook.ts";

/** The next thing to do in a case. `note` only writes down what follows from the journal and the time. */
export type Act =
  | { readonly verb: "note"; readonly body: Happening }
  | { readonly verb: "plan"; readonly stage: string; readonly use: StepUse }
  | { readonly verb: "assess"; readonly stage: string | null; readonly use: StepUse }
  /** Puts the journal's head where nobody who can write the journal can change it. */
  | { readonly verb: "anchor" }
  | {
      readonly verb: "run" | "verify" | "revert";
      readonly change: string;
      readonly resource: string;
      readonly step: string;
    };

export interface Decision {
  /** In order of urgency. */
  readonly acts: readonly Act[];
  /** When to ask again though nothing happened, in milliseconds since 1970. */
  readonly wakeAt: number | null;
  readonly waitsForPeople: boolean;
}

/** One name per act, the same in every process: it orders what completes at the same instant. */
export function actKey(act: Act): string {
  switch (act.verb) {
    case "note":
      return `note ${act.body.type}`;
    case "plan":
    case "assess":
      return `${act.verb} ${act.stage}/${act.use.use}`;
    case "anchor":
      return "anchor journal";
    default:
      return `${act.verb} ${act.change}`;
  }
}

/** What postponed acts are counted under. */
export function postponedKey(act: Exclude<Act, { readonly verb: "note" }>): {
  readonly verb: string;
  readonly subject: string;
} {
  if (act.verb === "anchor") return { verb: act.verb, subject: "journal" };
  return act.verb === "plan" || act.verb === "assess"
    ? { verb: act.verb, subject: `${act.stage}/${act.use.use}` }
    : { verb: act.verb, subject: act.change };
}
