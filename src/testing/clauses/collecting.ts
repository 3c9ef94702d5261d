import { sha256 } from "../../core/json.ts";
import { artifactsOf } from "../collection-step.ts";
import { demand } from "../contract-breach.ts";
import { type Examination, rehearse } from "../rehearsal.ts";

/** What the vault took is what the artifact says, and every artifact says when it was read. */
export function artifactsAreWhole(examination: Examination): Promise<void> {
  const { step, options } = examination;
  return rehearse(examination, async ({ account, case: one }) => {
    const begunAt = account.clock.now();
    await one.carryOut(step, options.input);
    const artifacts = one.changesOf(step).flatMap(({ outcome }) => artifactsOf(outcome));
    demand(artifacts.length > 0, "nothing was collected");
    for (const { kind, location, sha256: hash, bytes, readAt } of artifacts) {
      const isInTime = readAt >= begunAt && readAt <= account.clock.now();
      demand(
        isInTime,
        `${kind} at ${location} says that it was read at ${readAt}, which is not while it was collected`,
      );
      const key = account.vault.keyOf(location);
      if (key === null) {
        demand(hash === null, `${location} does not lie in the vault, and nobody can vouch for its hash`);
        continue;
      }
      const content = await account.vault.get(key);
      demand(content !== null, `the vault has nothing at ${location}`);
      demand(sha256(content) === hash, `the vault has other content at ${location} than the artifact says`);
      demand(
        content.length === bytes,
        `the vault has ${content.length} bytes at ${location}, the artifact says ${bytes}`,
      );
    }
  });
}
