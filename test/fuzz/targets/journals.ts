import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { caseOf, statusOf } from "../../../src/core/case.ts";
import { openWindows } from "../../../src/core/open-windows.ts";
import { verifyJournal } from "../../../src/core/journal.ts";
import type { Json } from "../../../src/core/json.ts";
import type { Store } from "../../../src/core/store.ts";
import type { Vault } from "../../../src/core/vault.ts";
import type { Random } from "../../../src/range/world/random.ts";
import { openSqlite } from "../../../src/store/sqlite.ts";
import { memoryVault } from "../../../src/vault/memory.ts";
import { verifyEvidence } from "../../../src/vault/verification.ts";
import { createLaboratory, cutAndProve, openCase, shippedPlaybook } from "../../engine/harness.ts";
import { expectCode, type FuzzTarget } from "../campaign.ts";
import { mutateJson } from "../mutate-json.ts";
import { below, mutateBytes, oneOf } from "../mutate-text.ts";

const CASE = "the-case";

/** The rows of a case's journal as a store keeps them, one a line, with somebody's hand in them. */
export const journals: FuzzTarget = {
  name: "journals",
  async prepare() {
    const journalsKept = [await journalOf(cutAndProve()), await journalOf(shippedPlaybook("compromised-instance"))];
    const rows = journalsKept.flat();
    const events = rows.map((row) => JSON.parse(row) as Json);
    const buffers = rows.map((row) => Buffer.from(row));
    return (random) => {
      const [cut = [], evidence = []] = journalsKept;
      const journal = [...(random() < 0.8 ? cut : evidence)];
      for (let hand = 0, hands = 1 + below(random, 2); hand < hands; hand++)
        tamper(random, journal, { events, buffers });
      return Buffer.from(journal.join("\n"), "latin1");
    };
  },
  async feed(input) {
    const { store, fill, vault } = desk();
    fill(input.toString("latin1").split("\n"));
    try {
      const events = await store.read(CASE, 0);
      const chain = verifyJournal(events);
      const evidence = await verifyEvidence(vault, events);
      if (!chain.ok && evidence.ok) throw new Error("the chain is broken and the evidence is not");
      const state = caseOf(events);
      statusOf(state);
      openWindows(state);
    } catch (error) {
      expectCode(error, "journal_unreadable");
    }
  },
};

/** What one hand does to a journal: edits a row, or takes one out, moves it, doubles it, cuts the end off. */
function tamper(
  random: Random,
  journal: string[],
  { events, buffers }: { readonly events: readonly Json[]; readonly buffers: readonly Buffer[] },
): void {
  const at = below(random, journal.length);
  const row = journal[at] ?? "null";
  switch (below(random, 8)) {
    case 0:
      journal.splice(at, 1);
      return;
    case 1:
      journal.splice(below(random, journal.length), 0, row);
      return;
    case 2:
      journal.length = at;
      return;
    case 3:
      journal[at] = mutateBytes(random, Buffer.from(row, "latin1"), buffers).toString("latin1").replaceAll("\n", " ");
      return;
    default:
      journal[at] = edited(random, row, events);
  }
}

function edited(random: Random, row: string, events: readonly Json[]): string {
  let event: Json;
  try {
    event = JSON.parse(row) as Json;
  } catch {
    event = oneOf(random, events);
  }
  return Buffer.from(mutateJson(random, event, events)).toString("latin1");
}

interface Desk {
  readonly store: Store;
  readonly vault: Vault;
  readonly fill: (rows: readonly string[]) => void;
}

let opened: Desk | null = null;

/** One store in a file, and a second connection to it for whoever tampers. */
function desk(): Desk {
  opened ??= openDesk();
  return opened;
}

function openDesk(): Desk {
  const path = join(mkdtempSync(join(tmpdir(), "cordon-fuzz-")), "cordon.db");
  const store = openSqlite(path);
  const intruder = new Database(path);
  intruder.exec("pragma synchronous = off");
  const insert = intruder.prepare("insert into events values (?, ?, ?)");
  const fill = intruder.transaction((rows: readonly string[]) => {
    intruder.exec("delete from events");
    for (const [index, row] of rows.entries())
      insert.run(CASE, index + 1, Buffer.from(row, "latin1").toString("utf8").replaceAll("\0", " "));
  });
  return { store, fill, vault: memoryVault() };
}

async function journalOf(playbook: ReturnType<typeof cutAndProve>): Promise<readonly string[]> {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  try {
    return await laboratory.clock.run(async () => {
      const life = laboratory.live();
      const caseId = await openCase(laboratory, life, playbook);
      await life.runner.work(caseId, { signal: laboratory.signal });
      return (await laboratory.events(caseId)).map((event) => Buffer.from(JSON.stringify(event)).toString("latin1"));
    });
  } finally {
    laboratory.close();
  }
}
