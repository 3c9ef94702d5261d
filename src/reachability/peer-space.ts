/** Divides all addresses into blocks that no rule, entry or route tells apart. */
import type { Cidr } from "./cidr.ts";
import { covers, parseCidr, subtract } from "./cidr.ts";

/** A part of the addresses of one family: a block, less the blocks inside it that differ. */
export interface Part<State> {
  /** The block that names the part. */
  readonly block: Cidr;
  readonly state: State;
  /** The addresses of the part. The parts of one family share no address, and leave none out. */
  readonly peers: readonly Cidr[];
}

const everything = ["0.0.0.0/0", "::/0"].flatMap((text) => parseCidr(text) ?? []);

/** Blocks of these texts, and all addresses; what is no block (the id of a prefix list or group) is left out. */
export function blocksOf(texts: readonly string[]): readonly Cidr[] {
  return distinct([...everything, ...texts.flatMap((text) => parseCidr(text) ?? [])]);
}

/**
 * Parts of the address space by state. Every block that the state may depend on must be among `blocks`: then all addresses
 * of a block that lie in none of the smaller ones have one state.
 */
export function partsOf<State>(
  blocks: readonly Cidr[],
  stateOf: (block: Cidr) => { readonly key: string; readonly state: State },
): readonly Part<State>[] {
  const kept: { block: Cidr; key: string; state: State; inside: Cidr[] }[] = [];
  const byBlock = new Map<string, (typeof kept)[number]>();
  // Blocks before those inside them: a block with the state of what surrounds it is no part of its own.
  for (const block of [...blocks].sort((left, right) => left.bits - right.bits)) {
    const judged = stateOf(block);
    const around = enclosing(block, byBlock);
    if (around?.key === judged.key) continue;
    around?.inside.push(block);
    const part = { block, ...judged, inside: [] };
    kept.push(part);
    byBlock.set(keyOf(block), part);
  }
  return kept.map(({ block, state, inside }) => ({
    block,
    state,
    peers: inside.reduce<readonly Cidr[]>((rest, each) => rest.flatMap((one) => subtract(one, each)), [block]),
  }));
}

/** The smallest block so far that holds this one. */
function enclosing<Value>(block: Cidr, known: ReadonlyMap<string, Value>): Value | undefined {
  for (let bits = block.bits; bits >= 0; bits--) {
    const size = BigInt((block.family === 4 ? 32 : 128) - bits);
    const found = known.get(`${block.family} ${bits} ${block.first >> size}`);
    if (found !== undefined) return found;
  }
  return undefined;
}

function keyOf({ family, bits, first }: Cidr): string {
  return `${family} ${bits} ${first >> BigInt((family === 4 ? 32 : 128) - bits)}`;
}

function distinct(blocks: readonly Cidr[]): readonly Cidr[] {
  return [...new Map(blocks.map((block) => [keyOf(block), block])).values()];
}

/** Whether one of these texts is a block that holds all of this one. */
export function isIn(block: Cidr, texts: readonly string[]): boolean {
  return texts.some((text) => {
    const outer = parseCidr(text);
    return outer !== null && covers(outer, block);
  });
}
