import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { ConnectionFlags } from "./connection.ts";

const remembered = z.record(
  z.string(),
  z.object({
    profile: z.string().optional(),
    roleArn: z.string().optional(),
    externalId: z.string().optional(),
    endpointUrl: z.string().optional(),
  }),
);

const file = (home: string): string => join(home, "connections.json");

/**
 * How the cases of an account were reached, so that `cordon release CASE` needs no flags. Never a credential.
 *
 * Without it a case of a range would be looked for in AWS, with whatever credentials are at hand.
 */
export function rememberConnection(home: string, account: string, flags: ConnectionFlags): void {
  const { region: _, ...kept } = flags;
  writeFileSync(file(home), `${JSON.stringify({ ...read(home), [account]: kept }, null, 2)}\n`, { mode: 0o600 });
}

/** What a command was told, and where it was told nothing, how the account was reached last. */
export function recallConnection(home: string, account: string, flags: ConnectionFlags): ConnectionFlags {
  const { region, ...named } = flags;
  if (Object.values(named).some((value) => value !== undefined)) return flags;
  const kept = Object.entries(read(home)[account] ?? {}).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(kept), ...(region === undefined ? {} : { region }) };
}

function read(home: string): z.infer<typeof remembered> {
  if (!existsSync(file(home))) return {};
  try {
    return remembered.parse(JSON.parse(readFileSync(file(home), "utf8")));
  } catch {
    return {}; // It only saves typing: a broken one counts as none.
  }
}
