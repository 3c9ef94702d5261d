import type { z } from "zod";
import type { ArtifactDraft, Artifact, CaseVault } from "./artifact.ts";
import type { Change, ChangeDraft, Left } from "./change.ts";
import { sameSet } from "./change.ts";
import type { Check, Survivor } from "./containment.ts";
import type { EventPages } from "./event-pages.ts";
import type { Finding } from "./finding.ts";
import type { Json } from "./json.ts";
import type { Ledger as ProofLedger } from "./ledger.ts";
import type { Settings } from "./settings.ts";

/** The instance that a case is about. */
export interface Target {
  readonly account: string;
  readonly region: string;
  readonly instanceId: string;
}

/** AWS clients under the target's role. `aws/clients.ts` declares its members: core knows no SDK. */
export interface TargetClients {
  readonly __declaredInAws?: never;
}

/**
 * What a prepared group lets through: nothing; everything; the way to Systems Manager and S3; SSH or remote desktop from
 * forensic workstations; and what the workstations themselves have.
 */
export type IsolationLevel = "sealed" | "open" | "evidence" | "forensic" | "forensic-windows" | "workstation";

/** The groups that `setup` made, one per VPC and level. */
export interface PreparedGroups {
  /** Finds the prepared group of a level for each VPC, and reads its rules in the same round trip as the caller's own reads. */
  groups(level: IsolationLevel): Promise<GroupOf>;
}

/** The prepared group of a VPC; null where it has none whose rules are what the level asks for. */
export interface GroupOf {
  (vpcId: string): string | null;
  /** Recorded groups whose rules somebody changed: they count as none, so that fresh ones are made. */
  readonly spoiled: readonly SpoiledGroup[];
}

export interface SpoiledGroup {
  readonly id: string;
  readonly name: string;
  readonly vpcId: string;
  /** What is wrong with its rules, in words. */
  readonly fault: string;
}

export interface StepContext {
  readonly case: { readonly id: string; readonly openedAt: number; readonly incident: string };
  readonly findings: readonly Finding[];
  readonly target: Target;
  readonly aws: TargetClients;
  /** AWS clients of the account that evidence is copied to, in the target's Region; absent where none is configured. */
  readonly evidence?: TargetClients;
  readonly prepared: PreparedGroups;
  /** Changes of the steps named in `needs` and `reads`, and of the step itself, by step id. */
  readonly outcomes: Readonly<Record<string, readonly ChangeView[]>>;
  /** What the latest assessment found; null before the first. */
  readonly survivors: readonly Survivor[] | null;
  readonly settings: Settings;
  /** Milliseconds since 1970. Fixed for the length of one verb. */
  readonly now: number;
  readonly signal: AbortSignal;
  /** 1 for the first call of a verb on a change, counted on after a crash or a failure. */
  readonly attempt: number;
  /**
   * When an earlier attempt was begun whose end nobody knows: the process died, or AWS's answer was lost. What AWS makes
   * without a client token is then looked for by its nonce before it is made, until 60 s after this time. Null for a first
   * attempt, and after attempts that AWS refused.
   */
  readonly lookSince: number | null;
  /** Where a collection stores content. */
  readonly vault: CaseVault;
  /** Pages of CloudTrail that any case has read; absent where no store is. */
  readonly eventPages?: EventPages;
  /** Ids of the changes that have been sent to AWS by now, and may show in what is read. */
  changesSent(): readonly string[];
  /** An unguessable word from the journal, one per case: it marks what we create. */
  readonly nonce: string;
}

/** A change of a needed step, as far as it got. */
export interface ChangeView {
  readonly change: Change;
  readonly state: string;
  readonly outcome: Json;
  /** When it was last verified, in milliseconds since 1970; null if never. */
  readonly verifiedAt: number | null;
}

export interface Plan<Before extends Json = Json, After extends Json = Json> {
  readonly changes: readonly ChangeDraft<Before, After>[];
  readonly left: readonly Left[];
}

export type RunResult =
  | { readonly kind: "done"; readonly outcome: Json }
  | { readonly kind: "later"; readonly progress: Json; readonly afterMs: number; readonly withinMs: number };

export type Verification =
  | { readonly kind: "ok"; readonly what: string; readonly expected: Json; readonly observed: Json }
  | {
      readonly kind: "notYet";
      readonly what: string;
      readonly expected: Json;
      readonly observed: Json;
      /** Before this time (milliseconds since 1970) there is nothing to see, so nobody looks. */
      readonly notBefore?: number;
    }
  | { readonly kind: "failed"; readonly what: string; readonly expected: Json; readonly observed: Json };

/** IAM actions per verb, as a policy spells them. */
export interface Permissions {
  readonly plan?: readonly string[];
  readonly run?: readonly string[];
  readonly verify?: readonly string[];
  readonly revert?: readonly string[];
  readonly reconcile?: readonly string[];
  readonly collect?: readonly string[];
  readonly assess?: readonly string[];
}

interface Head<Input extends z.ZodType> {
  /** `phase.noun-phrase`: also the file, the test, the docs page and the journal's name. */
  readonly id: string;
  readonly title: string;
  /** Steps whose outcomes it reads, and which therefore end before it. */
  readonly needs?: readonly string[];
  /** Steps whose changes it looks at as far as they got, without waiting for them. */
  readonly reads?: readonly string[];
  /** The step that makes what this one lacks when its plan refuses with `prepared_group_missing`; it then plans again. */
  readonly enabledBy?: string;
  /** It takes the instance off the network, or makes what that needs: nothing goes before it. */
  readonly seals?: boolean;
  /** `findings`: it plans again when a finding joins the case. */
  readonly follows?: "findings";
  /** What it needs in the target's account, and in the account that evidence is copied to. */
  readonly permissions: { readonly target: Permissions; readonly evidence?: Permissions };
  readonly input: Input;
}

interface PlanningHead<Input extends z.ZodType> extends Head<Input> {
  /** It plans again after its changes are verified, until a plan finds nothing: for what an intruder may add meanwhile. */
  readonly plansUntilQuiet?: boolean;
  /** Steps whose plans read what this one takes away: in one stage with them, its runs wait for their plans (not their runs). */
  readonly waitsForPlansOf?: readonly string[];
  /** How long verify may go on saying `notYet` after the run. */
  readonly settlesWithinMs: number;
}

interface ChangingHead<
  Input extends z.ZodType,
  Before extends z.ZodType,
  After extends z.ZodType,
> extends PlanningHead<Input> {
  readonly reversible: "exactly" | "equivalently" | "no";
  /** What does not come back, in one sentence, where `reversible` is not `exactly`. */
  readonly notRestored?: string;
  /** `never`: its run opens something for a while, so what it did is not done again when a proof finds it undone. */
  readonly repair?: "never";
  /**
   * It may stand as `around` of a stage: its run makes the change and returns `later`; called again it takes the change back.
   * The engine calls it again when the stage's steps ended, at the latest when that is due, and first of all after a crash.
   */
  readonly brackets?: boolean;
  readonly change: { readonly before: Before; readonly after: After };
}

export interface Step<
  Input extends z.ZodType = z.ZodType,
  Before extends z.ZodType = z.ZodType,
  After extends z.ZodType = z.ZodType,
> extends ChangingHead<Input, Before, After> {
  readonly kind: "step";
  plan(context: StepContext, input: z.infer<Input>): Promise<Plan<Infer<Before>, Infer<After>>>;
  run(context: StepContext, change: Change<Infer<Before>, Infer<After>>, progress: Json | null): Promise<RunResult>;
  verify(context: StepContext, change: Change<Infer<Before>, Infer<After>>, outcome: Json): Promise<Verification>;
  revert(context: StepContext, change: Change<Infer<Before>, Infer<After>>, outcome: Json | null): Promise<RunResult>;
}

type Infer<Schema extends z.ZodType> = z.infer<Schema> & Json;

/** What the store keeps of a shared resource: who claims it, what it was before the first claim, what we put there. */
export interface Ledger {
  readonly claims: readonly Claim[];
  /** Those of the claims for whose sake this call is made: their cases are told when they cannot be had. None at a release. */
  readonly asked: readonly Claim[];
  /** What the resource was before the first claim; null until `save` was called. */
  readonly original: Json | null;
  /** What we have put there, as far as we recorded it; written before the call that puts it there. */
  readonly ours: Json | null;
  /** Recorded durably before it returns. Call it before the first write. */
  save(next: { readonly original: Json; readonly ours: Json }): Promise<void>;
}

export interface Claim {
  readonly resource: string;
  readonly step: string;
  readonly member: string;
  readonly case: string;
  /** The change's `after`. After release, what `residue` returned. */
  readonly value: Json;
  /** A residue ends at this time (milliseconds since 1970); null while the case holds it. */
  readonly until: number | null;
}

/**
 * A technique on a resource that several cases share. The engine runs and reverts it: it adds or takes away the claim and
 * calls `reconcile` under the resource's lock, which writes original + all claims + whatever foreign hands put there.
 */
export interface SharedStep<
  Input extends z.ZodType = z.ZodType,
  Before extends z.ZodType = z.ZodType,
  After extends z.ZodType = z.ZodType,
> extends ChangingHead<Input, Before, After> {
  readonly kind: "shared";
  /**
   * The step whose ledger this one writes in, where both change the same resource: their claims lie together, and either's
   * `reconcile` carries out both's. Its own where left out.
   */
  readonly sharesLedgerOf?: string;
  plan(context: StepContext, input: z.infer<Input>): Promise<Plan<Infer<Before>, Infer<After>>>;
  /** Idempotent. With no claims left, the resource is as it was. Its return is the outcome of the claims it was called for. */
  reconcile(context: StepContext, resource: string, ledger: Ledger): Promise<Json>;
  verify(context: StepContext, change: Change<Infer<Before>, Infer<After>>, outcome: Json): Promise<Verification>;
  /** What must stay for a while after release, if anything: the claim's value from then on, and its end. */
  residue?(
    context: StepContext,
    change: Change<Infer<Before>, Infer<After>>,
  ): { readonly value: Json; readonly until: number } | null;
}

/** One thing to collect, as a collection plans it. */
export interface ItemDraft<Details extends Json = Json> {
  /** What it is read from: the instance, a volume. */
  readonly resource: string;
  readonly attribute?: string;
  /** What `collect` needs to know. */
  readonly details: Details;
}

/** One thing to collect, as the journal keeps it. */
export interface Item<Details extends Json = Json> extends ItemDraft<Details> {
  /** `step/resource[/attribute]`, stable across plans. */
  readonly id: string;
}

export type CollectResult =
  | { readonly kind: "collected"; readonly artifacts: readonly ArtifactDraft[] }
  | { readonly kind: "later"; readonly progress: Json; readonly afterMs: number; readonly withinMs: number };

/**
 * A technique that saves evidence: it changes nothing on the target and is never reverted.
 *
 * A process may die between a call and the journal: `collect` is then called again, with `lookSince` set, and must end with
 * the same artifacts, none missing and none doubled.
 */
export interface Collection<
  Input extends z.ZodType = z.ZodType,
  Details extends z.ZodType = z.ZodType,
> extends PlanningHead<Input> {
  readonly kind: "collection";
  readonly item: Details;
  plan(
    context: StepContext,
    input: z.infer<Input>,
  ): Promise<{ readonly items: readonly ItemDraft<Infer<Details>>[]; readonly left: readonly Left[] }>;
  collect(context: StepContext, item: Item<Infer<Details>>, progress: Json | null): Promise<CollectResult>;
  /** Looks whether the artifacts are where they should be, and whole as far as that can be said. */
  verify(
    context: StepContext,
    item: Item<Infer<Details>>,
    artifacts: readonly (ArtifactDraft | Artifact)[],
  ): Promise<Verification>;
}

export interface Assessed {
  readonly checks: readonly Check[];
  readonly survivors: readonly Survivor[];
  /** What grounds close, and how far delayed sources were read. */
  readonly ledger?: ProofLedger;
  /** What was read, as a document for the vault. */
  readonly document: Json;
}

/** A technique that only looks. */
export interface Assessment<Input extends z.ZodType = z.ZodType> extends Head<Input> {
  readonly kind: "assessment";
  assess(context: StepContext, input: z.infer<Input>): Promise<Assessed>;
}

/** A technique that plans first. */
export type PlanningStep = Exclude<AnyStep, { readonly kind: "assessment" }>;

/** A technique that changes something. */
export type ChangingStep = Exclude<PlanningStep, { readonly kind: "collection" }>;

export type AnyStep = Step<any, any, any> | SharedStep<any, any, any> | Collection<any, any> | Assessment<any>; // oxlint-disable-line no-explicit-any -- a registry holds steps of every shape; the engine validates with their schemas.

/** Declares a technique that plans, runs, verifies and reverts. */
export function defineStep<I extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  definition: Omit<Step<I, B, A>, "kind">,
): Step<I, B, A> {
  return { ...definition, kind: "step" };
}

/** Declares a technique on a shared resource. */
export function defineSharedStep<I extends z.ZodType, B extends z.ZodType, A extends z.ZodType>(
  definition: Omit<SharedStep<I, B, A>, "kind">,
): SharedStep<I, B, A> {
  return { ...definition, kind: "shared" };
}

/** Declares a technique that saves evidence. */
export function defineCollection<I extends z.ZodType, D extends z.ZodType>(
  definition: Omit<Collection<I, D>, "kind">,
): Collection<I, D> {
  return { ...definition, kind: "collection" };
}

/** Declares a technique that only reads. */
export function defineAssessment<I extends z.ZodType>(definition: Omit<Assessment<I>, "kind">): Assessment<I> {
  return { ...definition, kind: "assessment" };
}

export function done(outcome: Json = null): RunResult {
  return { kind: "done", outcome };
}

export function collected(...artifacts: readonly ArtifactDraft[]): CollectResult {
  return { kind: "collected", artifacts };
}

/** Asks the engine to journal `progress` and call again after `afterMs`, for at most `withinMs` in all. */
export function later(
  progress: Json,
  times: { readonly afterMs: number; readonly withinMs: number },
): Extract<RunResult, { readonly kind: "later" }> {
  return { kind: "later", progress, ...times };
}

/** Ok when both sets of names are the same; otherwise not yet, until the step's settling time is over. */
export function expectSame(what: string, expected: readonly string[], observed: readonly string[]): Verification {
  const [want, have] = [[...expected].sort(), [...observed].sort()];
  return { kind: sameSet(want, have) ? "ok" : "notYet", what, expected: want, observed: have };
}

/** Ok when the statement holds; otherwise not yet. */
export function expectThat(
  what: string,
  holds: boolean,
  sides: { readonly expected: Json; readonly observed: Json },
): Verification {
  return { kind: holds ? "ok" : "notYet", what, ...sides };
}
