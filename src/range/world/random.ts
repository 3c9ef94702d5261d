/** A number in [0, 1): the only source of chance in the range. */
export type Random = () => number;

/** A small generator (mulberry32): the same seed gives the same world. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A string of `length` characters drawn from `alphabet`. */
export function randomText(random: Random, alphabet: string, length: number): string {
  let text = "";
  for (let index = 0; index < length; index++) text += alphabet.charAt(Math.floor(random() * alphabet.length));
  return text;
}
