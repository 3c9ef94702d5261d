import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { CaseState } from "../../core/case.ts";
import { CordonError } from "../../core/errors.ts";
import type { Vault } from "../../core/vault.ts";
import { writeBag } from "../../vault/bag.ts";
import { casesWithoutJournal, type EvidenceVerdict, verifyEvidence } from "../../vault/verification.ts";
import { casesNamed, codeOfUnreadable, type Desk, readCases } from "../desk.ts";
import { explain } from "../failure.ts";
import { tableLines } from "../output.ts";
import { bytesText, verdictLines } from "../render/evidence.ts";
import { printable, storyLine } from "../render/story.ts";
import { cordonVersion } from "../version.ts";

/** Lists what was saved: of one case or instance, or of all. */
export async function listEvidence(desk: Desk, name: string | undefined): Promise<number> {
  const { states, unreadable } = await statesOf(desk, name);
  const rows = states.flatMap(({ id, target, artifacts }) =>
    artifacts.map((artifact) => ({
      case: id,
      instance: target.instanceId,
      id: artifact.id,
      kind: artifact.kind,
      bytes: artifact.bytes,
      sha256: artifact.sha256,
      readAt: new Date(artifact.readAt).toISOString(),
      changesSent: artifact.changesSent,
      location: artifact.location,
      lineage: artifact.lineage,
      lock: artifact.lock,
    })),
  );
  await desk.output.result(rows, () =>
    rows.length === 0
      ? ["No evidence. A playbook with `preserve` steps saves some; `cordon drill` shows how."]
      : tableLines(
          ["CASE", "KIND", "READ AT", "SIZE", "SHA-256", "LOCKED", "WHERE"],
          rows.map((row) => [
            row.case,
            row.kind,
            row.readAt,
            bytesText(row.bytes),
            row.sha256?.slice(0, 16) ?? "none of its own",
            row.lock === null ? "no" : `${row.lock.mode} until ${row.lock.until.slice(0, 10)}`,
            row.location,
          ]),
        ),
  );
  return codeOfUnreadable(unreadable);
}

/**
 * Holds journals and evidence against each other: of one case or instance, or of all, and then also cases whose journal is gone.
 * Exit code 7 when anything is not as it was.
 */
export async function verifyAll(desk: Desk, name: string | undefined): Promise<number> {
  const vault = await desk.vault();
  // Without folding them first: what was tampered with may tell no story any more.
  const all = await desk.store.cases();
  const ids =
    name === undefined ? all : all.includes(name) ? [name] : (await casesNamed(desk.store, name)).map(({ id }) => id);
  const verdicts: EvidenceVerdict[] = [];
  // A case without a single event is known to the store by its name only: its journal is gone.
  const known = new Set<string>();
  for (const id of ids) {
    const verdict = await verdictOf(desk, vault, id);
    if (verdict === null) continue;
    known.add(id);
    verdicts.push(verdict);
  }
  const gone = name === undefined ? await casesWithoutJournal(vault, known) : [];
  const ok = verdicts.every((verdict) => verdict.ok) && gone.length === 0;
  await desk.output.result({ ok, cases: verdicts, withoutJournal: gone }, () => [
    ...verdicts.flatMap(verdictLines),
    ...gone.map(
      (id) =>
        `${printable(id)}  FAILED\n  the vault has evidence and journal heads of it, and the store has no such case`,
    ),
    ...(verdicts.length + gone.length === 0 ? ["No cases, and nothing in the vault."] : []),
  ]);
  return ok ? 0 : 7;
}

/** One case that cannot be read, or not be verified, is told and keeps no other from being verified. */
async function verdictOf(desk: Desk, vault: Vault, id: string): Promise<EvidenceVerdict | null> {
  try {
    const events = await desk.store.read(id, 0);
    return events.length === 0 ? null : await verifyEvidence(vault, events);
  } catch (error) {
    desk.signal.throwIfAborted();
    const faults = [explain(error).lines[0] ?? "it cannot be read"];
    return { case: id, ok: false, faults, events: 0, anchors: 0, afterLastAnchor: 0, artifacts: [], unspokenOf: [] };
  }
}

/** Writes a case's evidence, journal, custody log and timeline into a new folder, as a BagIt bag. */
export async function exportEvidence(desk: Desk, name: string, { to }: { readonly to?: string }): Promise<number> {
  const states = await casesNamed(desk.store, name);
  const state = states.at(-1) as CaseState;
  const folder = resolve(to ?? `${state.id}-bag`);
  if (existsSync(folder))
    throw new CordonError("input_invalid", {
      what: `Folder ${folder}`,
      reason: "it is there already, and a bag is never mixed with anything",
      command: "evidence export",
    });
  const vault: Vault = await desk.vault();
  const events = await desk.store.read(state.id, 0);
  const verdict = await verifyEvidence(vault, events);
  const { person } = desk.environment;
  const bag = await writeBag(
    vault,
    { events, tell: storyLine, now: desk.now(), version: cordonVersion, by: person.id },
    async ({ path, content }) => {
      const file = join(folder, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, content, { flag: "wx" }); // Takes it piece by piece.
    },
  );
  await noteExport(desk, state.id, { to: folder, files: bag.files, bytes: bag.bytes });
  const ok = verdict.ok && bag.missing.length === 0;
  await desk.output.result({ folder, ...bag, verified: verdict.ok, faults: verdict.faults }, () => [
    `${state.id} is in ${folder}: ${bag.files} files, ${bytesText(bag.bytes)}.`,
    `To check it: cd ${folder} && sha256sum -c manifest-sha256.txt`,
    ...(ok
      ? []
      : [
          "The evidence does NOT verify; the bag has it as it is:",
          ...verdict.faults.map((fault) => `  ${printable(fault)}`),
        ]),
  ]);
  return ok ? 0 : 7;
}

/** The copy is part of the custody. Where another process writes at the same moment, it is written after it. */
async function noteExport(
  { store, environment, now }: Desk,
  caseId: string,
  what: { readonly to: string; readonly files: number; readonly bytes: number },
): Promise<void> {
  for (let tries = 0; tries < 10; tries++) {
    const last = (await store.read(caseId, 0)).at(-1);
    if (!last) return;
    const written = await store.append({
      case: caseId,
      sequence: last.sequence,
      previous: last.hash,
      now: Math.max(now(), Date.parse(last.time)), // The case may live on a range's clock: time never goes back.
      events: [{ actor: environment.person, body: { type: "evidence.exported", ...what } }],
    });
    if (written !== null) return;
  }
  throw new CordonError("store_busy", { what: `case ${caseId}`, until: "its owner lets go" });
}

async function statesOf(desk: Desk, name: string | undefined): ReturnType<typeof readCases> {
  return name === undefined ? readCases(desk.store) : { states: await casesNamed(desk.store, name), unreadable: [] };
}
