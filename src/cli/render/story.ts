import type { Happening, JournalEvent } from "../../core/journal.ts";
import type { Json } from "../../core/json.ts";
import type { MustAsk } from "../../core/route.ts";
import { NOBODY_ASKED } from "../../engine/ask.ts";

/** Text from the target may hold escape sequences that drive a terminal: nothing but printable characters gets through. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, "\u{fffd}");
}

/** A value in few words: lists joined, strings bare, what has parts as `name=value`. */
export function brief(value: Json): string {
  if (value === null) return "nothing";
  if (typeof value === "string") return printable(value);
  if (Array.isArray(value)) return value.length === 0 ? "nothing" : value.map(part).join(", ");
  if (typeof value !== "object") return String(value);
  const parts = Object.entries(value).map(([name, each]) => `${printable(name)}=${part(each)}`);
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

/** A value inside another: what has parts itself stands in brackets, so that nothing is read as its neighbour's. */
function part(value: Json): string {
  return typeof value === "object" && value !== null ? `(${brief(value)})` : brief(value);
}

/** A number of things, such as "1 event" and "2 events". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function asking(mustAsk: MustAsk | null | undefined): string {
  return mustAsk ? `; people are asked: ${printable(mustAsk.reason)}` : "";
}

/** One event of a case as a sentence for people; null for what only machines need to know. */
export function storyLine({ body, actor }: JournalEvent): string | null {
  switch (body.type) {
    case "case.opened":
      return `case opened on ${body.target.instanceId}: ${body.verdict} (${printable(body.reason)}); playbook ${body.playbook}${asking(body.mustAsk)}`;
    case "finding.joined":
      return `finding ${printable(body.finding.type)} joined: ${body.verdict} (${printable(body.reason)})${asking(body.mustAsk)}`;
    case "stage.started":
      return body.due === undefined ? `stage ${body.stage}` : `stage ${body.stage} at ${body.due.slice(11, 19)}Z`;
    case "stage.ended":
      return body.outcome === "done" ? null : `stage ${body.stage} ended: ${stageEnds[body.outcome]}`;
    case "step.planned":
      return plannedText(body);
    case "step.enabled":
      return `${body.by} goes first: ${printable(body.reason)}`;
    case "step.failed":
      return `${body.step} ${body.refused ? "refused" : "failed"}: ${printable(body.message)}`;
    case "approval.asked":
      return `asked ${body.of} to decide stage ${body.stage} until ${body.deadline.slice(11, 19)}Z`;
    case "approval.decided":
      return `${actor.id} ${body.decision === "approve" ? "approved" : "rejected"} stage ${body.stage}${body.reason === null ? "" : `: ${printable(body.reason)}`}`;
    case "approval.expired":
      return `nobody decided stage ${body.stage} in time: ${body.consequence}`;
    case "approval.voided":
      return body.differences[0] === NOBODY_ASKED
        ? `stage ${body.stage} goes on: ${NOBODY_ASKED}`
        : `the approval of stage ${body.stage} no longer covers the plan: asked again`;
    case "change.progressed":
    case "change.applied":
    case "change.verified":
    case "change.broken":
    case "change.failed":
    case "change.reverted":
    case "change.revertRefused":
    case "change.accepted":
      return changeStory(body, actor.id);
    case "act.postponed":
      return `again at ${body.until.slice(11, 23)}Z: ${body.verb} ${body.subject} (${printable(body.message)})`;
    case "assessment.made":
      return printable(body.statement);
    case "release.asked":
      return `${actor.id} asked for the release${body.reason === null ? "" : `: ${printable(body.reason)}`}`;
    case "release.ended":
      return body.status === "released" ? "released: everything that can be restored is" : "released in part";
    case "artifact.stored":
      return body.item === null ? null : `saved ${body.kind}: ${printable(body.location)}`;
    case "evidence.exported":
      return `${actor.id} exported the evidence to ${printable(body.to)}: ${count(body.files, "file")}`;
    case "case.settled":
    case "journal.anchored":
    case "act.started":
      return null;
    default:
      return body satisfies never;
  }
}

function changeStory(body: Extract<Happening, { type: `change.${string}` }>, by: string): string | null {
  switch (body.type) {
    case "change.progressed":
      return `under way: ${body.change}, goes on at ${body.due.slice(11, 19)}Z`;
    case "change.applied":
      if (isCollected(body.outcome)) return null; // What was saved has a line of its own.
      return `applied  ${body.change}`;
    case "change.verified":
      return `verified ${body.what}: ${brief(body.observed)}`;
    case "change.broken":
      return `UNDONE   ${printable(body.what)}: ${brief(body.observed)}; it is put back`;
    case "change.failed":
      return `FAILED   ${body.change}: ${printable(body.message)}`;
    case "change.reverted":
      return `reverted ${body.change}`;
    case "change.revertRefused":
      return `REFUSED to revert ${body.change}: ${printable(body.message)}`;
    case "change.accepted":
      return `${by} accepted the present state of ${body.change}`;
    default:
      return body satisfies never;
  }
}

/** Whether an outcome is that of a collection. */
function isCollected(outcome: Json): boolean {
  return outcome !== null && typeof outcome === "object" && "artifacts" in outcome;
}

function plannedText({ step, changes }: Extract<Happening, { type: "step.planned" }>): string | null {
  if (changes.length === 0) return null;
  const noun = changes.every(({ collects }) => collects === true) ? "item" : "change";
  return `planned ${step}: ${count(changes.length, noun)}`;
}

const stageEnds = { done: "done", failed: "a step failed", rejected: "rejected", nothing: "nothing to do" } as const;
