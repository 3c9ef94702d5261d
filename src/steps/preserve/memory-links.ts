import type { Upload } from "../../core/content-in-parts.ts";
import type { StepContext } from "../../core/step.ts";

/** Links to all parts of an upload in the space of one: they differ in nothing but number and signature. */
export interface PartLinks {
  /** An address with `@PART@` and `@SIGNATURE@` in it. */
  readonly template: string;
  /** By part, from the first. */
  readonly signatures: readonly string[];
  /** Milliseconds since 1970. */
  readonly until: number;
}

/**
 * Long enough for what one host sends between two looks, short enough that one that leaks is soon worth nothing. They are
 * given anew while a capture goes on.
 */
const LINKS_MS = 1_800_000;

/** Credentials may be fetched anew in the middle, which changes what all links have in common. */
const TRIES = 3;

/** Signs a link for each part. Each lets one part of this one upload be put, and nothing else. */
export async function linksTo({ vault, now }: StepContext, upload: Upload, parts: number): Promise<PartLinks> {
  const { links } = vault.large;
  if (links === null) throw new TypeError("this vault gives no links");
  for (let tried = 0; tried < TRIES; tried++) {
    const signed = [];
    for (let number = 1; number <= parts; number++)
      signed.push(await links.part(upload, { number, withinMs: LINKS_MS, signedAt: now }));
    const parted = signed.map(({ url }, at) => partedOf(url, at + 1));
    const [first] = parted;
    if (first === undefined) throw new RangeError("an upload has at least one part");
    if (parted.some(({ template }) => template !== first.template)) continue;
    const until = Math.min(...signed.map((link) => link.until));
    return { template: first.template, signatures: parted.map(({ signature }) => signature), until };
  }
  throw new Error("links to the parts of one upload differ in more than number and signature");
}

function partedOf(url: string, number: number): { readonly template: string; readonly signature: string } {
  const [, signature] = /[?&]X-Amz-Signature=([0-9a-f]{64})(?=&|$)/.exec(url) ?? [];
  const template = url
    .replace(/([?&]X-Amz-Signature=)[0-9a-f]{64}(?=&|$)/, "$1@SIGNATURE@")
    .replace(new RegExp(`([?&]partNumber=)${number}(?=&|$)`), "$1@PART@");
  if (signature === undefined || !template.includes("@PART@") || template.includes("'"))
    throw new Error("a link has no signature or no number of a part where they are expected");
  return { template, signature };
}
