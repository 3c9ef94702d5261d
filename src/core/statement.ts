import type { Check, Containment, Survivor, Weighed } from "./containment.ts";
import type { ClosedWay, Ledger } from "./ledger.ts";

/** The sentence that a proof comes to: what is open, then unproven, then due, then what helps and whom that affects. */

/** The longest statement, in characters. */
const MAX_CHARACTERS = 300;
/** So many things of a kind are named, if there is room. */
const MOST_NAMED = 3;

interface Basis {
  readonly asOf: number;
  readonly ledger: Ledger;
}

/** Names as much as there is room for, and counts the rest. What nothing filters is left out first: the list has it. */
export function statementOf(answer: Omit<Containment, "statement">, weighed: Weighed, basis: Basis): string {
  for (let named = MOST_NAMED; named > 0; named -= 1) {
    const text = composed(answer, weighed, { ...basis, named });
    if (text.length <= MAX_CHARACTERS) return text;
  }
  const kinds = composed(answer, weighed, { ...basis, named: 0 });
  if (kinds.length <= MAX_CHARACTERS) return kinds;
  const counted = composed(answer, { ...weighed, beside: [] }, { ...basis, named: 0 });
  return counted.length <= MAX_CHARACTERS ? counted : `${counted.slice(0, MAX_CHARACTERS - 1)}\u2026`;
}

type Room = Basis & { readonly named: number };

function composed(answer: Omit<Containment, "statement">, weighed: Weighed, room: Room): string {
  const { open, unproven, beside } = weighed;
  const sentences = [
    opening(answer, weighed, room),
    ...listed("Open", open, room),
    ...listed("Unproven", unproven, room),
    ...(answer.contained === "sealed" || answer.contained === false ? [] : dueSentence(weighed, room)),
    ...helpSentence(answer, weighed),
    ...(answer.contained === false ? [] : closedSentence(weighed, room)),
    ...listed("Not filtered", answer.contained === false ? [] : beside, room, beside.length),
  ];
  return sentences.join(" ");
}

function opening({ contained, dueAt }: Omit<Containment, "statement">, weighed: Weighed, room: Room): string {
  const time = clock(room.asOf);
  switch (contained) {
    case true:
      return `Contained as of ${time}.`;
    case "sealed":
      return `Cut off as of ${time}; proof due about ${minute(dueAt ?? room.asOf)}${awaited(weighed.due, room)}.`;
    case "partial":
      return `Contained in part as of ${time}.`;
    case false:
      return `Not contained as of ${time}: ${faults(weighed, room)}.`;
    default:
      return contained satisfies never;
  }
}

function faults({ sealed, broken }: Weighed, { named }: Room): string {
  if (sealed.length === 0) return "no interface was verified sealed";
  return joined(broken.map(faultOf), named, (count) => `${count} parts of the cut are open or failed`);
}

function faultOf({ otherwise, what, observed }: Check): string {
  return otherwise ?? `${what}: ${observed}`;
}

/** The evidence that is missing, for example `CloudTrail: rules since 20 Nov`. */
function awaited(due: readonly Survivor[], { named, ledger }: Room): string {
  const sources = ledger.horizons.filter(({ dueAt }) => dueAt !== null).map(({ source }) => source.split(" ")[0] ?? "");
  const source = [...new Set(sources)].join(" and ");
  const evidence = distinct(due.map(({ awaits, what }) => awaits ?? what));
  const text = joined(evidence, named, () => kindsOf(due));
  return ` (${source === "" ? "" : `${source}: `}${text})`;
}

function dueSentence({ due }: Weighed, room: Room): readonly string[] {
  if (due.length === 0) return [];
  const dueAt = Math.max(...due.map((each) => each.dueAt ?? room.asOf));
  return [`Due about ${minute(dueAt)}${awaited(due, room)}.`];
}

/** The lever that ends the first of what is open, else of what is unproven. */
function helpSentence({ contained }: Omit<Containment, "statement">, { open, unproven }: Weighed): readonly string[] {
  if (contained !== "partial") return [];
  const [first] = [...open, ...unproven].filter((each): each is Survivor => "lever" in each);
  return first === undefined ? [] : [`What helps: ${first.lever}; it affects ${first.blastRadius}.`];
}

function closedSentence({ sealed }: Weighed, { named, ledger }: Room): readonly string[] {
  const denied = distinct(ledger.closed.flatMap(deniedAddresses));
  const text = joined(denied, named, (count) => `${count} addresses`);
  const count = `${sealed.length} interface${sealed.length === 1 ? "" : "s"} sealed`;
  return [`${count}${denied.length === 0 ? "" : `, ${text} denied both ways`}.`];
}

/** Single addresses that a network ACL denies in both directions. */
function deniedAddresses({ ground, scope }: ClosedWay): readonly string[] {
  if (ground !== "acl-denies" || scope.kind !== "flow") return [];
  return scope.peers.flatMap((peer) => (/\/(?:32|128)$/.test(peer) ? [peer.replace(/\/\d+$/, "")] : []));
}

function listed(title: string, all: readonly Way[], { named }: Room, most = 0): readonly string[] {
  const names = distinct(all.map(nameOf));
  if (names.length === 0) return [];
  return [`${title}: ${joined(names, named === MOST_NAMED ? Math.max(named, most) : named, () => kindsOf(all))}.`];
}

type Way = Check | Survivor;

const KINDS: Readonly<Record<string, string>> = { tcp: "TCP", udp: "UDP", icmp: "ICMP", other: "other IP protocols" };

/** The kinds of ways that there is no room to name, for example `TCP, UDP and credentials (12 ways)`. */
function kindsOf(all: readonly Way[]): string {
  const kinds = distinct(all.map(({ kind }) => KINDS[kind] ?? kind));
  const text = kinds.length === 1 ? kinds[0] : `${kinds.slice(0, -1).join(", ")} and ${kinds.at(-1)}`;
  return `${text} (${ways(distinct(all.map(nameOf)).length)})`;
}

function nameOf(of: Way): string {
  const short = { metadata: "metadata", time: "time", resolver: "resolver" } as const;
  if (of.kind === "metadata" || of.kind === "time" || of.kind === "resolver") return short[of.kind];
  return of.what;
}

/** The first ones by name and the rest by number; all by number if there is room for none. */
function joined(names: readonly string[], named: number, counted: (count: number) => string): string {
  if (names.length <= named) return names.join(", ");
  if (named === 0) return counted(names.length);
  return `${names.slice(0, named).join(", ")} and ${names.length - named} more`;
}

function ways(count: number): string {
  return `${count} way${count === 1 ? "" : "s"}`;
}

function distinct(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function clock(time: number): string {
  return `${new Date(time).toISOString().slice(11, 19)}Z`;
}

/** To the minute, rounded up: nothing is there before. */
function minute(time: number): string {
  return `${new Date(Math.ceil(time / 60_000) * 60_000).toISOString().slice(11, 16)}Z`;
}
