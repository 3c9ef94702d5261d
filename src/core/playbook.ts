import { z } from "zod";
import type { Json } from "./json.ts";

const MINUTE_MS = 60_000;

/** Milliseconds in each unit that a duration may be written in. */
const unitMs: Readonly<Record<string, number>> = { s: 1000, m: MINUTE_MS, h: 60 * MINUTE_MS, d: 24 * 60 * MINUTE_MS };

const DURATION = /^([1-9]\d{0,5})([smhd])$/;
const LONGEST_DURATION_MS = 30 * 24 * 60 * MINUTE_MS;

/** Reads a duration as people write it (`90s`, `15m`, `2h`, `1d`) into milliseconds; null when it is none or above 30 days. */
export function durationMs(text: string): number | null {
  const [, count, unit] = DURATION.exec(text) ?? [];
  if (count === undefined || unit === undefined) return null;
  const ms = Number(count) * (unitMs[unit] ?? Number.NaN);
  return ms <= LONGEST_DURATION_MS ? ms : null;
}

/** What happens when nobody decided in time. */
export type OnTimeout = "proceed" | "hold" | "escalate" | "abort";

/** From which verdict on Cordon acts without asking. `ask` means: never. */
export type Autonomy = "ask" | "confirmed" | "suspected";

/** The decision that a stage waits for. */
export interface Approval {
  /** The list of people who may decide, as the configuration's `approvers` names it. */
  readonly of: string;
  /** How many distinct people must agree. */
  readonly required: number;
  /** The deadline, in milliseconds after the stage asked. */
  readonly within: number;
  readonly onTimeout: OnTimeout;
  /** Asks whatever the verdict and the playbook's autonomy are. */
  readonly always: boolean;
}

/** A step in a stage, with its input. */
export interface StepUse {
  readonly use: string;
  readonly with: { readonly [key: string]: Json };
}

/** Steps that run side by side. */
export interface Stage {
  readonly id: string;
  /** The next stage starts with this one, instead of after it. */
  readonly alongside: boolean;
  /** Earlier stages that must have ended, whether or not they run alongside. */
  readonly needs: readonly string[];
  /** Whether the next stages run when a step of this one failed. */
  readonly onFailure: "continue" | "stop";
  /** What its steps need to be there while they run: done before them, and undone when they ended, whatever happened. */
  readonly around: StepUse | null;
  /**
   * Its steps begin so many milliseconds after its turn came. The next stage begins at its turn, and the case is settled without
   * waiting for it. Null for those that begin at once.
   */
  readonly after: number | null;
  /** After this many milliseconds it is over, and what is not saved by then has failed; null where it takes what it takes. */
  readonly within: number | null;
  /** Null where nobody is asked. */
  readonly approval: Approval | null;
  /** What people are told when the stage has ended. */
  readonly milestone: string | null;
  /** Who answers for the stage. */
  readonly responsible: string | null;
  readonly steps: readonly StepUse[];
}

/** What Cordon does about a finding: stages in order, the steps of a stage side by side. */
export interface Playbook {
  readonly id: string;
  readonly title: string;
  /** Patterns of finding types; `*` stands for any text. */
  readonly answers: readonly string[];
  readonly autonomy: Autonomy;
  readonly stages: readonly Stage[];
}

const name = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "expected lower-case words joined by hyphens")
  .max(64);

const stepId = z
  .string()
  .regex(/^[a-z]+\.[a-z0-9]+(-[a-z0-9]+)*$/, "expected a step id such as contain.security-groups");

const sentence = z.string().min(1).max(200);

const duration = z
  .string()
  .regex(DURATION, "expected a duration such as 90s, 15m or 2h")
  .refine((text) => !DURATION.test(text) || durationMs(text) !== null, "expected at most 30d");

const approval = z.strictObject({
  of: name.describe("The list of people who may decide, from `approvers` in cordon.yaml."),
  required: z.int().min(1).max(10).default(1).describe("How many distinct people must agree."),
  within: duration.describe("The deadline, counted from when the stage asks: 90s, 15m, 2h."),
  on_timeout: z
    .enum(["proceed", "hold", "escalate", "abort"])
    .default("hold")
    .describe("What happens when nobody decided in time."),
  always: z.boolean().default(false).describe("Ask whatever the verdict and the playbook's autonomy are."),
});

const stepUse = z.union([
  stepId,
  z.strictObject({
    use: stepId.describe("The step's id."),
    with: z.record(z.string(), z.json()).default({}).describe("The step's input."),
  }),
]);

const stage = z.strictObject({
  id: name,
  alongside: z.boolean().default(false).describe("The next stage starts with this one, instead of after it."),
  needs: z.array(name).max(20).default([]).describe("Earlier stages that must have ended."),
  on_failure: z
    .enum(["continue", "stop"])
    .default("stop")
    .describe("Whether later stages run when a step of this one failed."),
  around: stepUse
    .optional()
    .describe(
      "A step whose change is there while the stage's steps run, and is taken back at their end whatever happens.",
    ),
  after: duration
    .optional()
    .describe(
      "How long after its turn its steps begin, while the next stages go on. Only for stages that do nothing but look.",
    ),
  within: duration
    .optional()
    .describe(
      "When the stage is over though not everything is saved. Only for stages that do nothing but save evidence.",
    ),
  approval: approval.optional().describe("The decision that the stage waits for. Without it nobody is asked."),
  milestone: sentence.optional().describe("What people are told when the stage has ended."),
  responsible: sentence.optional().describe("Who answers for the stage."),
  steps: z.array(stepUse).min(1).max(50),
});

/** The shape of a playbook file. Its JSON schema is published as `schemas/playbook.schema.json`. */
export const playbookFile = z.strictObject({
  id: name.describe("The playbook's id, and its file's name."),
  title: sentence,
  answers: z
    .array(z.string().min(1).max(256))
    .max(100)
    .default([])
    .describe("Finding types it answers; `*` stands for any text."),
  autonomy: z
    .enum(["ask", "confirmed", "suspected"])
    .default("ask")
    .describe("From which verdict on Cordon acts without asking."),
  stages: z.array(stage).min(1).max(20),
});

export type PlaybookFile = z.infer<typeof playbookFile>;

/** The playbook that a file of the right shape describes. */
export function playbookOf(file: PlaybookFile): Playbook {
  return {
    id: file.id,
    title: file.title,
    answers: file.answers,
    autonomy: file.autonomy,
    stages: file.stages.map((each) => ({
      id: each.id,
      alongside: each.alongside,
      needs: each.needs,
      onFailure: each.on_failure,
      around: each.around === undefined ? null : useOf(each.around),
      after: each.after === undefined ? null : msOf(each.after),
      within: each.within === undefined ? null : msOf(each.within),
      approval: each.approval === undefined ? null : approvalOf(each.approval),
      milestone: each.milestone ?? null,
      responsible: each.responsible ?? null,
      steps: each.steps.map(useOf),
    })),
  };
}

function useOf(step: z.infer<typeof stepUse>): StepUse {
  return typeof step === "string" ? { use: step, with: {} } : { use: step.use, with: step.with };
}

function msOf(text: string): number {
  const ms = durationMs(text);
  if (ms === null) throw new TypeError(`${text} is not a duration, though the schema let it through`);
  return ms;
}

function approvalOf(file: z.infer<typeof approval>): Approval {
  return {
    of: file.of,
    required: file.required,
    within: msOf(file.within),
    onTimeout: file.on_timeout,
    always: file.always,
  };
}
