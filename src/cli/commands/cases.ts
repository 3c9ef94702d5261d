import { systemClock } from "../../core/clock.ts";
import { type CaseState, caseOf } from "../../core/case.ts";
import { verifyJournal } from "../../core/journal.ts";
import type { Original, Store } from "../../core/store.ts";
import { casesNamed, codeOfUnreadable, type Desk, isOver, isWorkedElsewhere, readCases } from "../desk.ts";
import { tableLines } from "../output.ts";
import { caseDocument, caseLines, type CaseView } from "../render/case.ts";
import { SealWatch } from "../render/seal-watch.ts";
import { storyLine } from "../render/story.ts";
import { caseSummary, pendingApprovals } from "../verdicts.ts";

/** Lists the cases, newest first. */
export async function listCases(desk: Desk, flags: { readonly open: boolean }): Promise<number> {
  const read = await readCases(desk.store);
  const states = read.states.filter((state) => !flags.open || !isOver(state)).toReversed();
  await desk.output.result(states.map(caseSummary), () => {
    if (states.length === 0) return ["No cases. `cordon drill` rehearses one."];
    const rows = states.map(caseSummary);
    return tableLines(
      ["CASE", "INSTANCE", "ACCOUNT", "REGION", "STATUS", "CONTAINED", "OPENED", "WAITS FOR"],
      rows.map((row) => [
        row.case,
        row.instance,
        row.account,
        row.region,
        row.status,
        String(row.contained ?? "-"),
        row.openedAt,
        row.waitsFor.map(({ stage, of }) => `${of} (${stage})`).join(", ") || "-",
      ]),
    );
  });
  return codeOfUnreadable(read.unreadable);
}

/** Shows the cases that a person names: one by its id, or all of an instance. Exit code 7 when a journal does not verify. */
export async function showCases(desk: Desk, name: string): Promise<number> {
  const states = await casesNamed(desk.store, name);
  const views = await Promise.all(states.map((state) => viewOf(desk, state)));
  const documents = views.map(caseDocument);
  await desk.output.result(documents.length === 1 ? documents[0] : documents, () =>
    views.flatMap((view, index) => (index === 0 ? caseLines(view) : ["", ...caseLines(view)])),
  );
  return views.every(({ journal }) => journal.ok) ? 0 : 7;
}

async function viewOf(desk: Desk, state: CaseState): Promise<CaseView> {
  const { store } = desk;
  const events = await store.read(state.id, 0);
  const verdict = verifyJournal(events);
  const journal = verdict.ok
    ? { ok: true, events: verdict.events, reason: null }
    : { ok: false, events: events.length, reason: `event ${verdict.sequence}: ${verdict.reason}` };
  const isWorkedOn = !isOver(state) && (await isWorkedElsewhere(desk, state.id, systemClock.now()));
  return { state, events, originals: await originalsOf(store, state), journal, isWorkedOn };
}

async function originalsOf(store: Store, state: CaseState): Promise<readonly Original[]> {
  const resources = new Set([
    state.target.instanceId,
    ...[...state.changes.values()]
      .filter(({ change }) => change.ofTarget === true)
      .map(({ change }) => change.resource),
  ]);
  const found = await Promise.all([...resources].map((resource) => store.originals(resource)));
  return found.flat();
}

/** How often the journal is looked at. */
const LOOK_MS = 500;

/** Prints what happens in a case, from its beginning, until it is settled and nothing waits. */
export async function watchCase(desk: Desk, name: string): Promise<number> {
  const { store, output, signal } = desk;
  const id = (await casesNamed(store, name)).at(-1)?.id ?? name;
  const seals = new SealWatch();
  for (let seen = 0; ;) {
    const events = await store.read(id, seen);
    for (const event of events) {
      if (output.format === "jsonl") {
        output.line(event);
        continue;
      }
      for (const line of [storyLine(event), seals.line(event)])
        if (line !== null) process.stdout.write(`${event.time.slice(11, 23)}Z  ${line}\n`);
    }
    seen += events.length;
    const state = caseOf(await store.read(id, 0));
    const isQuiet =
      isOver(state) || (state.settled !== null && state.release === null && pendingApprovals(state).length === 0);
    if (isQuiet) return 0;
    await systemClock.sleep(LOOK_MS, signal);
  }
}
