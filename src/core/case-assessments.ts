import { type Findings, join } from "./assessments.ts";
import type { CaseState } from "./case.ts";
import { containment, type Check, type Contained, type Containment, type Survivor } from "./containment.ts";
import type { Happening, ProvenStatus } from "./journal.ts";
import { EMPTY_LEDGER, type Ledger } from "./ledger.ts";

/** One assessment, with what follows from it and the others. */
export interface AssessmentRecord extends Containment {
  readonly stage: string | null;
  readonly step: string;
  /** With what the latest assessments of other kinds found. */
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  readonly asOf: number;
  /** The grounds of the latest assessment of each kind. */
  readonly ledger: Ledger;
  /** What this one found by itself. */
  readonly own: Findings;
}

/** Two that looked side by side did not know of each other: what they say together is put together here. */
export function assessmentOf(
  { assessments }: CaseState,
  body: Extract<Happening, { type: "assessment.made" }>,
): AssessmentRecord {
  const { stage, step, checks, survivors, contained, statement } = body;
  const { because = null, dueAt = null, ledger = EMPTY_LEDGER } = body;
  const own = { step, checks, survivors, ledger, asOf: Date.parse(body.asOf) };
  const { asOf } = own;
  if (assessments.every((each) => each.step === step))
    return { stage, step, checks, survivors, ledger, contained, because, dueAt, statement, asOf, own };
  const joint = join(
    assessments.map((each) => each.own),
    own,
  );
  const { checks: all, survivors: left } = joint;
  const answer = containment(all, left, joint.asOf, joint.ledger);
  return { stage, step, checks: all, survivors: left, ledger: joint.ledger, ...answer, asOf, own };
}

/** The status of a case by its last proof. */
export function provenStatus(contained: Contained): ProvenStatus {
  switch (contained) {
    case true:
      return "contained";
    case "sealed":
    case "partial":
      return contained;
    case false:
      return "failed";
    default:
      return contained satisfies never;
  }
}
