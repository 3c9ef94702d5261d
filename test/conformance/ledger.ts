import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { Json } from "../../src/core/json.ts";
import { errorCode, type Asking, type Probe } from "./probe.ts";
import type { ServerKind } from "./servers.ts";

/** One way in which a server does not do what AWS documents. */
export interface Divergence {
  readonly server: string;
  readonly version: string;
  readonly call: string;
  readonly probe: string;
  readonly documented: string;
  readonly page: string;
  readonly expected: Json;
  readonly cameBack: Json;
}

const file = new URL("ledger.json", import.meta.url);

/** What is known of a server. */
export function knownDivergences({ name }: ServerKind): readonly Divergence[] {
  return allKnown().filter(({ server }) => server === name);
}

function allKnown(): readonly Divergence[] {
  return JSON.parse(readFileSync(file, "utf8")) as readonly Divergence[];
}

/** Writes down what a server does now instead of what was known of it. */
export function rewriteLedger({ name }: ServerKind, divergences: readonly Divergence[]): void {
  const others = allKnown().filter(({ server }) => server !== name);
  const all = [...others, ...divergences].sort((one, other) => keyOf(one).localeCompare(keyOf(other)));
  writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`);
}

const keyOf = ({ server, probe }: Divergence): string => `${server} ${probe}`;

/** Asks a server one question; null where it answers as AWS documents. */
export async function divergenceOf(probe: Probe, kind: ServerKind, asking: Asking): Promise<Divergence | null> {
  const cameBack = await probe.ask(asking).catch((error: unknown) => ({ error: errorCode(error) }));
  const { id, service, operation, documented, page, expected } = probe;
  if (isDeepStrictEqual(cameBack, expected)) return null;
  const call = `${service} ${operation}`;
  return { server: kind.name, version: kind.version, call, probe: id, documented, page, expected, cameBack };
}

/** How what came back differs from what is known, a line for each difference. */
export function differences(known: readonly Divergence[], found: readonly Divergence[]): readonly string[] {
  const before = new Map(known.map((each) => [keyOf(each), each]));
  const now = new Set(found.map(keyOf));
  return [
    ...found.flatMap((each) => {
      const expected = before.get(keyOf(each));
      if (isDeepStrictEqual(expected, each)) return [];
      const word = expected === undefined ? "new" : "changed";
      return [
        `${word}: ${keyOf(each)} (${each.call}): ${JSON.stringify(each.cameBack)}, and ${each.page} has ${JSON.stringify(each.expected)}`,
      ];
    }),
    ...known.filter((each) => !now.has(keyOf(each))).map((each) => `gone: ${keyOf(each)} (${each.call})`),
  ];
}
