import { z } from "zod";
import type { CaseState } from "../../core/case.ts";
import { weigh } from "../../core/containment.ts";
import type { Playbook } from "../../core/playbook.ts";
import type { Json } from "../../core/json.ts";
import type { Attacker } from "../../range/attackers/attacker.ts";
import type { Range } from "../../range/range.ts";

/** An attacker counts as cut when nothing got through for this long at the end. */
export const QUIET_MS = 300_000;

/** Every time an attacker got through while the latest proof said `contained: true` of the instance that it holds. */
export function breaches(
  states: readonly CaseState[],
  attackers: readonly Attacker[],
  until: number,
): readonly { readonly name: string; readonly at: number }[] {
  return attackers
    .filter(({ kind }) => kind === "attacker")
    .flatMap(({ name, instanceId, succeededAt }) => {
      const held = states.filter(({ target }) => instanceId === null || target.instanceId === instanceId);
      const spans = held.map((state) => containedSpans(state, until));
      if (spans.length === 0) return [];
      // Who may hold any of them proves nothing wrong until all of them are said to be contained.
      return succeededAt(0)
        .filter((at) => spans.every((each) => each.some(({ from, to }) => from <= at && at <= to)))
        .map((at) => ({ name, at }));
    });
}

/** When a case was said to be contained: from each such proof to the next. */
function containedSpans(
  { assessments }: CaseState,
  until: number,
): readonly { readonly from: number; readonly to: number }[] {
  return assessments.flatMap(({ contained, asOf }, index) =>
    contained === true ? [{ from: asOf, to: assessments[index + 1]?.asOf ?? until }] : [],
  );
}

/**
 * Whether a way is left that a step closes which the case's playbook takes without asking a person in every case. A way that
 * only such a question, or no step of the playbook, would close is rightly said to be left.
 */
export function isPartialAvoidably(state: CaseState, playbooks: readonly Playbook[]): boolean {
  const latest = state.assessments.at(-1);
  const playbook = playbooks.find(({ id }) => id === state.playbook);
  if (latest === undefined || playbook === undefined) return false;
  const taken = playbook.stages
    .filter(({ approval }) => approval?.always !== true)
    .flatMap(({ steps }) => steps.map(({ use }) => use));
  const { open, unproven } = weigh(latest.checks, latest.survivors, latest.asOf);
  return [...open, ...unproven].some((each) => {
    const lever = "lever" in each ? each.lever : "contain.role-sessions"; // A role that is not denied has no lever.
    return taken.some((step) => step.startsWith("contain.") && lever.includes(step));
  });
}

/** What Cordon's calls may have changed: every id in the input of a call of its own that was not a read. */
export function touchedBy(range: Range): readonly string[] {
  return range.calls
    .filter(
      ({ callerArn, operation, error }) =>
        callerArn !== null && error === null && !/^(Describe|Filter|Get|List|Lookup|Simulate|Assume)/.test(operation),
    )
    .map(({ input }) => JSON.stringify(input));
}

/**
 * Instances that were terminated, through the API or by an Auto Scaling group: none may be, but those that a call of the
 * rehearsal itself launched. What a scenario stages was launched by no call.
 */
export function terminated(range: Range): readonly string[] {
  const instances = range.world.places().flatMap(({ region }) => [...region.instances.values()]);
  const launchedHere = new Set(instances.flatMap(({ id, clientToken }) => (clientToken === undefined ? [] : id)));
  const called = range.calls
    .filter(({ operation, error }) => operation === "TerminateInstances" && error === null)
    .flatMap(({ input }) => (input["InstanceIds"] ?? []) as readonly string[]);
  const ended = instances.filter(({ state }) => state === "shutting-down" || state === "terminated");
  // An hour after its end AWS has forgotten an instance.
  const forgotten = range.scenario.targets.filter(({ instanceId }) => !instances.some(({ id }) => id === instanceId));
  return [...called, ...ended.map(({ id }) => id), ...forgotten.map(({ instanceId }) => instanceId)].filter(
    (id) => !launchedHere.has(id),
  );
}

const copied = z.looseObject({ copyOf: z.string() });

/** Evidence that lies with AWS and was destroyed since: snapshots and images that are gone, and that no copy stands for. */
export function lostEvidence(states: readonly CaseState[], range: Range): readonly string[] {
  const artifacts = states.flatMap((state) => state.artifacts);
  const places = range.world.places();
  const isThere = (id: string): boolean =>
    places.some(({ region }) => region.snapshots.has(id) || region.images.has(id));
  const kept = artifacts.flatMap(({ location, lineage }) => {
    const id = /:(?:snapshot|image)\/([a-z]+-[0-9a-f]+)$/.exec(location)?.[1];
    return id === undefined ? [] : [{ id, copyOf: copied.safeParse(lineage).data?.copyOf }];
  });
  const stoodFor = new Set(kept.filter(({ id }) => isThere(id)).map(({ copyOf }) => copyOf));
  return kept.map(({ id }) => id).filter((id) => !isThere(id) && !stoodFor.has(id));
}

/**
 * Whether a difference was announced: it is on a resource of a change that its step does not claim to restore exactly, it is
 * evidence that the journal names, or it is on what Cordon never touched, which then somebody else changed.
 */
export function isDeclared(what: string, states: readonly CaseState[], range: Range): boolean {
  const ids = what.match(/(?:[a-z]+-[0-9a-f]{8,17}|role \S+)/g) ?? [];
  const names = ids.map((id) => id.replace(/^role /, ""));
  const changes = states.flatMap((state) => [...state.changes.values()]);
  const inexact = changes.filter(({ reversible }) => reversible !== "exactly");
  const announced = (name: string): boolean =>
    inexact.some(({ change, outcome }) => change.resource.includes(name) || mentions(outcome, name));
  const touched = touchedBy(range);
  const isOurs = names.some(
    (name) =>
      touched.some((input) => input.includes(name)) || changes.some(({ change }) => change.resource.includes(name)),
  );
  const isEvidence = [...names, ...imagesWith(names, range)].some((name) =>
    states.some(({ artifacts }) => mentions(artifacts as unknown as Json, name)),
  );
  const isMade = what.endsWith(" is new") && /^(?:security-group|snapshot|image)/.test(what);
  return names.some(announced) || isEvidence || (!isOurs && !isMade);
}

/** Images that are launched from one of these snapshots: AWS makes those with the image, and the journal names the image. */
function imagesWith(snapshotIds: readonly string[], { world }: Range): readonly string[] {
  return world
    .places()
    .flatMap(({ region }) => [...region.images.values()])
    .filter(({ devices }) => devices.some(({ snapshotId }) => snapshotId !== null && snapshotIds.includes(snapshotId)))
    .map(({ id }) => id);
}

function mentions(value: Json, name: string): boolean {
  return JSON.stringify(value ?? null).includes(name);
}
