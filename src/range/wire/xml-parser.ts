import { InputFault, MAXIMUM_DEPTH } from "./input-fault.ts";

/** An element of a parsed document; names are without their namespace's prefix. */
export interface XmlElement {
  readonly name: string;
  /** With their prefix, as the models name them: `xsi:type`. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly XmlElement[];
  readonly text: string;
}

interface OpenElement {
  readonly name: string;
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

// Each piece of markup on its own; a document type, which could define entities, is none of them.
const markup =
  /<\?[^?]*(?:\?(?!>)[^?]*)*\?>|<!--[^-]*(?:-(?!->)[^-]*)*-->|<!\[CDATA\[([^\]]*(?:\](?!\]>)[^\]]*)*)\]\]>|<\/([\w.:-]+)\s*>|<([\w.:-]+)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
const attribute = /([\w.:-]+)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/g;

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Parses the XML of a request body: elements, attributes, text and CDATA. A document type is refused.
 *
 * @throws InputFault when it is not well-formed.
 */
export function parseXml(body: Uint8Array): XmlElement {
  const source = readText(body);
  const stack: OpenElement[] = [];
  let root: XmlElement | null = null;
  for (let at = 0; at < source.length;) {
    const next = source.indexOf("<", at);
    const text = source.slice(at, next < 0 ? source.length : next);
    addText(stack, text, unescapeXml);
    if (next < 0) break;
    markup.lastIndex = next;
    const found = markup.exec(source);
    if (!found || (root !== null && stack.length === 0 && found[3] !== undefined)) throw malformed();
    at = markup.lastIndex;
    const [, data, closing, opening, attributes = "", selfClosing] = found;
    if (data !== undefined) addText(stack, data, (raw) => raw);
    if (opening !== undefined) stack.push(openElement(opening, attributes, stack.length));
    if (closing !== undefined || selfClosing === "/") root = close(stack, closing) ?? root;
  }
  if (root === null || stack.length > 0) throw malformed();
  return root;
}

function readText(body: Uint8Array): string {
  try {
    return strictUtf8.decode(body);
  } catch {
    throw malformed();
  }
}

function addText(stack: readonly OpenElement[], text: string, read: (raw: string) => string): void {
  const open = stack.at(-1);
  if (open) open.text += read(text);
  else if (text.trim() !== "") throw malformed();
}

function openElement(tag: string, attributes: string, depth: number): OpenElement {
  if (depth >= MAXIMUM_DEPTH) throw malformed();
  const pairs = [...attributes.matchAll(attribute)].map(
    ([, name = "", double, single]) => [name, unescapeXml(double ?? single ?? "")] as const,
  );
  return { name: localName(tag), tag, attributes: Object.fromEntries(pairs), children: [], text: "" };
}

/** Ends the innermost element; the root when that was the last one open. */
function close(stack: OpenElement[], tag: string | undefined): XmlElement | null {
  const open = stack.pop();
  if (!open || (tag !== undefined && tag !== open.tag)) throw malformed();
  const { name, attributes, children, text } = open;
  const element: XmlElement = { name, attributes, children, text };
  const parent = stack.at(-1);
  if (!parent) return element;
  parent.children.push(element);
  return null;
}

function localName(tag: string): string {
  return tag.slice(tag.indexOf(":") + 1);
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  return text.replaceAll("\r\n", "\n").replaceAll(/&([^;]{0,12};)?/g, (_, reference: string | undefined) => {
    const name = reference?.slice(0, -1) ?? "";
    const [, hexadecimal, decimal] = /^#(?:x([\da-fA-F]{1,6})|(\d{1,7}))$/.exec(name) ?? [];
    const code = hexadecimal !== undefined ? Number.parseInt(hexadecimal, 16) : Number(decimal ?? Number.NaN);
    const character = code <= 0x10_ffff ? String.fromCodePoint(code) : entities[name];
    if (character === undefined) throw malformed();
    return character;
  });
}

function malformed(): InputFault {
  return new InputFault({ kind: "malformed", problem: "The XML you provided was not well-formed." });
}
