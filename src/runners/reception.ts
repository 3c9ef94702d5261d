import { type CaseState, statusOf } from "../core/case.ts";
import type { Clock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import type { Finding, Judgement } from "../core/finding.ts";
import type { Actor } from "../core/journal.ts";
import { sha256 } from "../core/json.ts";
import type { Playbook } from "../core/playbook.ts";
import type { MustAsk } from "../core/route.ts";
import type { Target } from "../core/step.ts";
import type { Store } from "../core/store.ts";
import { verdictAfter } from "../core/verdict.ts";
import { mayContainAlone } from "../engine/ask.ts";
import type { LocalRunner } from "./local.ts";

export interface Arrival {
  readonly finding: Finding;
  readonly judgement: Judgement;
  readonly playbook: Playbook;
  /** Those of the finding's instances that go this way; all of them when left out. */
  readonly instances?: readonly string[];
  /** By instance id: why people must be asked. A person's own order asks nobody else. */
  readonly mustAsk?: Readonly<Record<string, MustAsk>>;
  /** The person whose order it is; null when a product's finding starts it. */
  readonly orderedBy: string | null;
  readonly actor: Actor;
}

export interface Received {
  readonly caseId: string;
  /** `known`: this finding was received before, in this case, and changed nothing. */
  readonly how: "opened" | "joined" | "known";
}

/** What reception works with. */
export interface ReceptionTools {
  readonly runner: LocalRunner;
  readonly store: Store;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly owner: string;
  /** Containments without a person that an account may have in an hour; without a limit when left out. */
  readonly automaticPerHour?: number;
}

/** An instance of a finding that was not taken in, and why. */
export interface FailedInstance {
  readonly instanceId: string;
  readonly error: unknown;
}

/** Thrown if some of a finding's instances could not be taken in. The cases of the others are open, and may be worked on. */
export class ReceptionFailure extends AggregateError {
  readonly received: readonly Received[];
  readonly failures: readonly FailedInstance[];

  constructor(received: readonly Received[], failures: readonly FailedInstance[]) {
    const each = failures.map(
      ({ instanceId, error }) => `${instanceId}: ${error instanceof Error ? error.message : String(error)}`,
    );
    super(
      failures.map(({ error }) => error),
      `no case could be opened for ${each.join("; ")}`,
    );
    this.name = "ReceptionFailure";
    this.received = received;
    this.failures = failures;
  }
}

/** How long opening a case may take before another process may try: it is two commits. */
const OPENING_MS = 10_000;
/** How often it is looked whether another process is done opening. */
const LOOK_MS = 20;
const HOUR_MS = 3_600_000;

/**
 * Opens a case for each instance of a finding, or joins the one that is open. Cases of one finding are one incident.
 *
 * A finding that is known already (same id, same update) changes nothing, so that a delivery that comes twice acts once,
 * also when the case is over by then: its redelivery is no new attack. A person's order opens a new case all the same.
 *
 * @throws ReceptionFailure if some of several instances fail, after all others were taken in; of a single one its own error
 */
export async function receive(arrival: Arrival, tools: ReceptionTools): Promise<readonly Received[]> {
  const { finding, instances = finding.instances } = arrival;
  const { account, region } = finding;
  const targets = instances.map((instanceId) => ({ account, region, instanceId }));
  // Drawn before anything is waited for, so that the same seed gives the same ids.
  const drawn = targets.map((target) => ({ target, id: hex(tools.random, 12), nonce: hex(tools.random, 32) }));
  const incident = await incidentOf(finding, targets, tools);
  const settled = await Promise.allSettled(drawn.map((place) => receiveAt(arrival, { ...place, incident }, tools)));
  const received = settled.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const failures = settled.flatMap((each, index) =>
    each.status === "rejected" ? [{ instanceId: instances[index] ?? "", error: each.reason as unknown }] : [],
  );
  const [first] = failures;
  if (first && targets.length === 1) throw first.error;
  if (first) throw new ReceptionFailure(received, failures);
  return received;
}

/** One instance of a finding, and the names that its case gets if one is opened. */
interface Reception {
  readonly target: Target;
  readonly incident: string;
  readonly id: string;
  readonly nonce: string;
}

async function receiveAt(arrival: Arrival, reception: Reception, tools: ReceptionTools): Promise<Received> {
  const { finding, orderedBy } = arrival;
  const opening = await takeOpening(reception, tools);
  try {
    const states = await statesOf(reception.target, tools);
    const present = states.find((state) => !isOver(state));
    if (present) return await join(arrival, present, tools);
    const past = orderedBy === null ? states.find((state) => wasReceived(state, finding)) : undefined;
    return past ? { caseId: past.id, how: "known" } : await open(arrival, { ...reception, states }, tools);
  } finally {
    await tools.store.unlease(opening.name, opening.owner);
  }
}

/** Cases of one finding are one incident; the one of an instance whose case is open already, if there is one. */
async function incidentOf(
  { source, id }: Finding,
  targets: readonly Target[],
  { runner, store }: ReceptionTools,
): Promise<string> {
  if (targets.length > 1) {
    const states = await Promise.all(
      targets.map(async (target) => (await statesOf(target, { runner, store })).find((state) => !isOver(state))),
    );
    const known = states.find((state) => state !== undefined);
    if (known) return known.incident;
  }
  return `incident-${sha256(`${source} ${id}`).slice(0, 8)}`;
}

/** Waits until nobody else opens a case on the instance: each reception has a name of its own, also within one process. */
async function takeOpening(
  { target: { account, region, instanceId }, id }: Reception,
  { store, clock, owner }: ReceptionTools,
): Promise<{ readonly name: string; readonly owner: string }> {
  const opening = { name: `opening ${account} ${region} ${instanceId}`, owner: `${owner}:${id}` };
  while ((await store.lease(opening.name, opening.owner, clock.now() + OPENING_MS, clock.now())).kind === "held")
    await clock.sleep(LOOK_MS);
  return opening;
}

/** The cases of an instance, newest first. */
async function statesOf(
  target: Target,
  { runner, store }: Pick<ReceptionTools, "runner" | "store">,
): Promise<readonly CaseState[]> {
  const ids = await store.cases(target);
  const states = await Promise.all(ids.toReversed().map((caseId) => unlessUnreadable(runner.load(caseId))));
  return states.flatMap((state) => (state === null ? [] : [state]));
}

/** A case of the same instance that cannot be read keeps no new one from being opened: the instance is cut off again. */
async function unlessUnreadable(state: Promise<CaseState>): Promise<CaseState | null> {
  try {
    return await state;
  } catch (error) {
    if (error instanceof CordonError && error.code === "journal_unreadable") return null;
    throw error;
  }
}

function isOver(state: CaseState): boolean {
  const status = statusOf(state);
  return state.release !== null || status === "closed" || status === "ignored";
}

async function join(arrival: Arrival, present: CaseState, tools: ReceptionTools): Promise<Received> {
  const { finding, judgement, actor } = arrival;
  if (present.findings.some(({ id, updatedAt }) => id === finding.id && updatedAt === finding.updatedAt))
    return { caseId: present.id, how: "known" };
  const mustAsk = await askAfterJoining(present, arrival, tools);
  const asked = mustAsk === undefined ? {} : { mustAsk };
  await tools.runner.append(present.id, [{ type: "finding.joined", finding, ...judgement, ...asked }], actor);
  return { caseId: present.id, how: "joined" };
}

/** Whether a case has this finding, or a later state of it. Both times are UTC in one spelling, so they compare as text. */
function wasReceived({ findings }: CaseState, finding: Finding): boolean {
  return findings.some(({ id, updatedAt }) => id === finding.id && updatedAt >= finding.updatedAt);
}

/** What a finding that joins changes about asking: a person's order ends it, and a verdict that rises is counted. */
async function askAfterJoining(
  state: CaseState,
  arrival: Arrival,
  tools: ReceptionTools,
): Promise<MustAsk | null | undefined> {
  if (arrival.orderedBy !== null) return state.mustAsk === null ? undefined : null;
  const { verdict } = verdictAfter(state, arrival.judgement);
  if (verdict === state.verdict || state.mustAsk !== null) return undefined;
  const playbook = tools.runner.playbookOf(state);
  const risen = { verdict, orderedBy: state.orderedBy, mustAsk: null };
  if (mayContainAlone(state, playbook) || !mayContainAlone(risen, playbook)) return undefined; // Counted when it was opened.
  return (await beyondLimit(state.target, arrival.finding, tools)) ?? undefined;
}

async function open(
  arrival: Arrival,
  { target, incident, id, nonce, states }: Reception & { readonly states: readonly CaseState[] },
  tools: ReceptionTools,
): Promise<Received> {
  const { finding, judgement, playbook, orderedBy, actor } = arrival;
  const { runner, clock } = tools;
  const mustAsk = orderedBy === null ? await askAfterOpening(arrival, { target, states }, tools) : null;
  const day = new Date(clock.now()).toISOString().slice(0, 10).replaceAll("-", "");
  const caseId = `case-${day}-${id}`;
  await runner.append(
    caseId,
    [
      {
        type: "case.opened",
        target,
        incident,
        playbook: playbook.id,
        ...judgement,
        orderedBy,
        mustAsk,
        nonce,
        findings: [finding],
        decidedBy: runner.decidedNow(playbook),
      },
    ],
    actor,
  );
  return { caseId, how: "opened" };
}

async function askAfterOpening(
  arrival: Arrival,
  { target, states }: { readonly target: Target; readonly states: readonly CaseState[] },
  tools: ReceptionTools,
): Promise<MustAsk | null> {
  const { finding, judgement, playbook } = arrival;
  const asked = arrival.mustAsk ?? {};
  const foreseen = Object.hasOwn(asked, target.instanceId) ? (asked[target.instanceId] ?? null) : null;
  const mustAsk = foreseen ?? askAfterRelease(states, finding);
  const state = { verdict: judgement.verdict, orderedBy: null, mustAsk };
  return mayContainAlone(state, playbook) ? ((await beyondLimit(target, finding, tools)) ?? mustAsk) : mustAsk;
}

/**
 * A finding that goes on being updated about what lies before the release is no new attack: GuardDuty gathers occurrences
 * for up to six hours. Whoever released the instance knew of it, so a person says whether it is cut off again.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
 */
function askAfterRelease(states: readonly CaseState[], { id, lastSeen }: Finding): MustAsk | null {
  const before = states.find(
    ({ release, findings }) =>
      release !== null && Date.parse(lastSeen) <= release.askedAt && findings.some((finding) => finding.id === id),
  );
  return before
    ? { reason: `it was last seen before ${before.id} was released, which knew of it`, unanswered: "hold" }
    : null;
}

/** Counts a containment that no person ordered; null while there is room for it. The same finding again counts once. */
async function beyondLimit(
  { account, instanceId }: Target,
  { id, updatedAt }: Finding,
  { store, clock, automaticPerHour }: ReceptionTools,
): Promise<MustAsk | null> {
  if (automaticPerHour === undefined) return null;
  const now = clock.now();
  const counted = await store.count({
    name: `automatic ${account}`,
    key: `${instanceId} ${id} ${updatedAt}`,
    now,
    since: now - HOUR_MS,
    most: automaticPerHour,
  });
  if (counted !== "full") return null;
  const reason = `${automaticPerHour} instances of account ${account} were contained without a person within an hour`;
  return { reason: `${reason} (automaticContainmentsPerHour)`, unanswered: "hold" };
}

function hex(random: () => number, length: number): string {
  return Array.from({ length }, () => Math.floor(random() * 16).toString(16)).join("");
}
