import { type Anchor, anchorPrefix } from "../core/artifact.ts";
import type { Happening } from "../core/journal.ts";
import { MOST_TRIES, pauseMs } from "./failure.ts";
import type { Frame } from "./frame.ts";

/** Once the first tries are over, a vault that takes nothing is asked this often. */
const RARELY_MS = 300_000;

/**
 * Puts the journal's head into the vault. Whoever edits the journal afterwards, or cuts it off before this event, would have
 * to change the vault as well.
 *
 * The vault's refusal is journalled and tried again; it holds nothing else up, and `cordon evidence verify` says how many
 * events follow the last anchor.
 */
export async function anchor({ state, ports, signal }: Frame): Promise<{ readonly events: readonly Happening[] }> {
  const { id, sequence, head } = state;
  const now = ports.clock.now();
  const document: Anchor = { case: id, sequence, head, anchoredAt: new Date(now).toISOString() };
  const content = new TextEncoder().encode(`${JSON.stringify(document)}\n`);
  // Two processes may anchor the same head at different times: each leaves a file of its own.
  const key = `${anchorPrefix(id, state.target)}head-${String(sequence).padStart(8, "0")}-${now}.json`;
  try {
    const { location } = await ports.vault.put(key, content, { signal });
    return { events: [{ type: "journal.anchored", sequence, head, location }] };
  } catch (error) {
    if (signal.aborted) throw error;
    const times = state.postponed.get("anchor journal")?.times ?? 0;
    const until = new Date(now + (times < MOST_TRIES ? pauseMs(times) : RARELY_MS)).toISOString();
    const message = (error instanceof Error ? error.message : String(error)).slice(0, 2000);
    const code = "vault_refused";
    return {
      events: [{ type: "act.postponed", subject: "journal", verb: "anchor", code, message, until, requests: [] }],
    };
  }
}
