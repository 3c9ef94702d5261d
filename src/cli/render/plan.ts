import type { CaseState, ChangeRecord, StepRecord } from "../../core/case.ts";
import type { BlastRadius, Left } from "../../core/change.ts";
import type { Json } from "../../core/json.ts";
import type { Playbook, Stage } from "../../core/playbook.ts";
import type { AnyStep } from "../../core/step.ts";
import { isChanging, type Registry } from "../../engine/registry.ts";
import { hitText } from "./change.ts";
import { foreignLines, type ForeignUse } from "./foreign.ts";
import { brief, printable } from "./story.ts";

interface PlannedChange {
  readonly id: string;
  readonly resource: string;
  readonly attribute: string | null;
  readonly before: Json;
  readonly after: Json;
  readonly blastRadius: BlastRadius | null;
}

interface PlannedStep {
  readonly id: string;
  readonly title: string;
  readonly reversible: "exactly" | "equivalently" | "no" | null;
  readonly notRestored: string | null;
  readonly changes: readonly PlannedChange[];
  /** What it saves, as evidence: nothing on the target changes for it. */
  readonly collects: readonly string[];
  readonly left: readonly Left[];
  /** Why it changes nothing, or is planned only later; null where it was planned. */
  readonly note: string | null;
}

/** What a playbook would do to an instance, as programs read it. */
export interface PlanDocument {
  readonly instance: string;
  readonly account: string;
  readonly region: string;
  readonly playbook: string;
  readonly verdict: string;
  readonly reason: string;
  /** The open case that it would join; null where a new one would be opened. */
  readonly joins: string | null;
  readonly stages: readonly {
    readonly id: string;
    readonly asks: string | null;
    readonly steps: readonly PlannedStep[];
  }[];
  /** What has one of Cordon's groups though no open case put it there. */
  readonly foreign: readonly ForeignUse[];
  readonly permissions: readonly string[];
}

export interface PlanView {
  readonly state: CaseState;
  readonly playbook: Playbook;
  readonly registry: Registry;
  readonly foreign: readonly ForeignUse[];
  readonly joins: string | null;
  readonly asks: (stage: Stage) => boolean;
}

/** Makes the document of a plan from the rehearsed case in which everything was planned and nothing done. */
export function planDocument({ state, playbook, registry, foreign, joins, asks }: PlanView): PlanDocument {
  const { instanceId, account, region } = state.target;
  const stages = playbook.stages.map((stage) => ({
    id: stage.id,
    asks: stage.approval && asks(stage) ? `${stage.approval.required} of ${stage.approval.of}` : null,
    steps: stepsOf(stage, state).flatMap((id) => {
      const step = registry.get(id);
      return step ? [plannedStep(step, stage, state)] : [];
    }),
  }));
  const used = stages.flatMap(({ steps }) => steps.flatMap(({ id }) => registry.get(id) ?? []));
  const permissions = new Set(used.flatMap(({ permissions: { target } }) => Object.values(target).flat()));
  return {
    instance: instanceId,
    account,
    region,
    playbook: playbook.id,
    verdict: state.verdict,
    reason: state.reason,
    joins,
    stages,
    foreign,
    permissions: [...permissions].toSorted((left, right) => (left < right ? -1 : 1)),
  };
}

/** The steps of a stage, each after the one that makes what it lacks. */
function stepsOf(stage: Stage, state: CaseState): readonly string[] {
  const ids = [...(stage.around ? [stage.around] : []), ...stage.steps].flatMap(({ use }) => {
    const enabler = state.steps.get(`${stage.id}/${use}`)?.enabledBy;
    return enabler == null ? [use] : [enabler, use];
  });
  return [...new Set(ids)];
}

function plannedStep(step: AnyStep, stage: Stage, state: CaseState): PlannedStep {
  const record = state.steps.get(`${stage.id}/${step.id}`);
  const planned = [...state.changes.values()].filter(
    (change) => change.stage === stage.id && change.change.step === step.id && change.state !== "dropped",
  );
  const changes = planned.filter(({ change }) => change.collects !== true);
  const collects = planned.flatMap(({ change }) =>
    change.collects === true
      ? [`${change.resource}${change.attribute === undefined ? "" : ` ${change.attribute}`}`]
      : [],
  );
  return {
    id: step.id,
    title: step.title,
    reversible: isChanging(step) ? step.reversible : null,
    notRestored: isChanging(step) ? (step.notRestored ?? null) : null,
    changes: changes.map(plannedChange),
    collects,
    left: record?.left ?? [],
    note: noteOn(step, { record, changes: planned }),
  };
}

function noteOn(
  step: AnyStep,
  { record, changes }: { readonly record: StepRecord | undefined; readonly changes: readonly ChangeRecord[] },
): string | null {
  if (step.kind === "assessment") return "only looks";
  if (record?.enabledBy != null) return `planned once ${record.enabledBy} has made what it lacks`;
  if (record?.failure) return record.failure.message;
  if (!record) return `planned once ${step.needs?.join(", ") ?? "the earlier steps"} ended`;
  return changes.length === 0 ? "nothing to do" : null;
}

function plannedChange({ change }: ChangeRecord): PlannedChange {
  const { id, resource, attribute = null, before, after, blastRadius = null } = change;
  return { id, resource, attribute, before, after, blastRadius };
}

const reversibility = {
  exactly: "can be undone",
  equivalently: "can be undone, with a difference",
  no: "CANNOT be undone",
} as const;

/** A plan for people. */
export function planLines(plan: PlanDocument): readonly string[] {
  return [
    `Plan for ${plan.instance} in account ${plan.account}, ${plan.region}`,
    `${plan.verdict}: ${printable(plan.reason)}; playbook ${plan.playbook}`,
    ...(plan.joins === null ? [] : [`Joins ${plan.joins}, which is open on this instance.`]),
    ...plan.stages.flatMap(({ id, asks, steps }) => [
      "",
      `Stage ${id}${asks === null ? "" : `, after ${asks} approved`}`,
      ...steps.flatMap(stepLines),
    ]),
    "",
    ...foreignLines(plan.foreign),
    "Permissions:",
    ...permissionLines(plan.permissions),
  ];
}

/** A line for each service: nobody finds one action among seventy. */
function permissionLines(permissions: readonly string[]): readonly string[] {
  const services = new Map<string, string[]>();
  for (const permission of permissions) {
    const [service = "", action = ""] = permission.split(":");
    services.set(service, [...(services.get(service) ?? []), action]);
  }
  return [...services].map(([service, actions]) => `  ${service}: ${actions.join(", ")}`);
}

function stepLines({
  id,
  title,
  reversible,
  notRestored,
  changes,
  collects,
  left,
  note,
}: PlannedStep): readonly string[] {
  const undo = reversible === null || changes.length === 0 ? "" : `  [${reversibility[reversible]}]`;
  return [
    `  ${id}  ${title}${undo}`,
    ...(note === null ? [] : [`    ${printable(note)}`]),
    ...(notRestored === null || changes.length === 0 ? [] : [`    ${printable(notRestored)}`]),
    ...changes.flatMap(({ resource, attribute, before, after, blastRadius }) => [
      `    ${printable(resource)}${attribute === null ? "" : ` ${attribute}`}: ${brief(before)} -> ${brief(after)}`,
      ...(blastRadius === null ? [] : [`      also hits: ${hitText(blastRadius)}`]),
    ]),
    ...collects.map((resource) => `    saves: ${printable(resource)}`),
    ...left.map(({ resource, reason }) => `    left alone: ${printable(resource)}: ${printable(reason)}`),
  ];
}
