/** The playbook and the settings that a case was opened with, wherever they are. */
import type { CaseState } from "../core/case.ts";
import { CordonError } from "../core/errors.ts";
import type { DecidedBy } from "../core/journal.ts";
import { sha256 } from "../core/json.ts";
import type { Vault } from "../core/vault.ts";

/** Null if the journal does not have them, or only says where they are and they were not fetched yet. */
export function decidedBy({ decidedBy: known }: CaseState): DecidedBy | null {
  return known !== null && "playbook" in known ? known : null;
}

/**
 * Fetches what was too long for the journal.
 *
 * @throws CordonError `evidence_damaged` if the vault does not have it as it was put there: the case is not worked on by
 * another playbook than its own
 */
export async function fetchDecided(vault: Pick<Vault, "get" | "keyOf">, state: CaseState): Promise<void> {
  const known = state.decidedBy;
  if (known === null || "playbook" in known) return;
  const { location, sha256: expected } = known;
  const key = vault.keyOf(location);
  const content = key === null ? null : await vault.get(key);
  if (content === null) throw damaged(location, "the playbook of the case is not there");
  if (sha256(content) !== expected) throw damaged(location, "the playbook of the case has another hash");
  state.decidedBy = JSON.parse(new TextDecoder().decode(content)) as DecidedBy;
}

function damaged(location: string, reason: string): CordonError {
  return new CordonError("evidence_damaged", { location, reason });
}
