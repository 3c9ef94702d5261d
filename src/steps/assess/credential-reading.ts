/** Reads, in every enabled Region, which calls were made with the credentials that the instance gave out. */
import { globalRegionOf, REMEMBERED_MS } from "../../aws/cloudtrail-events.ts";
import { type HistoryQuery, readEvents } from "../../aws/event-history.ts";
import { ifReadable } from "../../aws/if-readable.ts";
import { enabledRegions } from "../../aws/regions.ts";
import type { Horizon } from "../../core/ledger.ts";
import type { StepContext } from "../../core/step.ts";
import { roleNameOf } from "../contain/deny-sessions-claims.ts";
import type { CredentialCalls, CredentialHistory } from "./credential-history.ts";
import { type RecordedCall, recordedCall } from "./recorded-call.ts";
import { DELIVERED_MS, READ_WITHIN_MS } from "./rule-history.ts";

/** Sessions of other roles that are followed, one after the other. Beyond, the chain is a gap. */
const MOST_MINTED = 5;

interface Wish {
  readonly roleArns: readonly string[];
  /** When the first reading can confirm what is asked, in milliseconds since 1970: CloudTrail has delivered it then. */
  readonly readableAt: number;
}

interface Look {
  readonly attribute: "AccessKeyId" | "Username";
  readonly value: string;
}

interface Found {
  readonly calls: readonly RecordedCall[];
  readonly horizons: readonly Horizon[];
  readonly pages: readonly string[];
}

/**
 * The calls of this instance's sessions by role, and those of the sessions that were made with them.
 *
 * A session of an instance has the instance's id as its name, and CloudTrail gives it as the user's name:
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
 * Nothing is looked up before `readableAt`: what is needed cannot be delivered yet.
 */
export async function readCredentialHistory(context: StepContext, wish: Wish): Promise<CredentialHistory> {
  const { roleArns, readableAt } = wish;
  const { eventPages, now } = context;
  if (roleArns.length === 0) return () => null;
  if (eventPages === undefined) return unread({ gap: "no store is there for pages of CloudTrail", dueAt: null });
  if (now < readableAt) return unread({ gap: null, dueAt: readableAt });
  const regions = await ifReadable(enabledRegions(context.aws.ec2));
  if (regions === null) return unread({ gap: "AWS did not say which Regions are enabled", dueAt: null });
  const reader = new Reader(context, [...new Set([...regions, globalRegionOf(context.target.region)])], readableAt);
  const own = await reader.read({ attribute: "Username", value: context.target.instanceId });
  const chained = await chainOf(reader, own.calls);
  return (roleArn) => callsOf(roleArn, own, chained);
}

/** The same for every role: nothing was read. */
function unread({ gap, dueAt }: Pick<Horizon, "gap" | "dueAt">): CredentialHistory {
  const horizon = { source: "CloudTrail of all Regions", until: null, dueAt, gap };
  return () => ({ calls: [], chained: [], horizons: [horizon], pages: [] });
}

function callsOf(roleArn: string, own: Found, chained: Found): CredentialCalls {
  const roleName = roleNameOf(roleArn);
  return {
    // A call whose row does not show the role may have been made with any of them.
    calls: own.calls.filter((call) => call.roleName === null || call.roleName === roleName),
    chained: chained.calls,
    horizons: [...own.horizons, ...chained.horizons],
    pages: [...new Set([...own.pages, ...chained.pages])],
  };
}

/** Follows the sessions that calls made, and those that their calls made. */
async function chainOf(reader: Reader, calls: readonly RecordedCall[]): Promise<Found> {
  const keys: string[] = [];
  const found: Found[] = [];
  for (let next = mintedBy(calls); next.length > 0;) {
    const fresh = next.filter((key) => !keys.includes(key));
    const followed = fresh.slice(0, MOST_MINTED - keys.length);
    if (followed.length < fresh.length) found.push(tooMany(fresh.length - followed.length));
    keys.push(...followed);
    const reads = await Promise.all(followed.map((value) => reader.read({ attribute: "AccessKeyId", value })));
    found.push(...reads);
    next = reads.flatMap((each) => mintedBy(each.calls)).filter((key) => !keys.includes(key));
    if (followed.length === 0) break;
  }
  return {
    calls: found.flatMap((each) => each.calls),
    horizons: found.flatMap(({ horizons }) => horizons),
    pages: found.flatMap(({ pages }) => pages),
  };
}

function mintedBy(calls: readonly RecordedCall[]): readonly string[] {
  return [...new Set(calls.flatMap(({ mintedKey }) => mintedKey ?? []))];
}

function tooMany(count: number): Found {
  const gap = `${count} more sessions were made with the credentials than Cordon follows`;
  return { calls: [], horizons: [{ source: "chain of sessions", until: null, dueAt: null, gap }], pages: [] };
}

/** Asks every Region, side by side: each has its own two lookups a second. */
class Reader {
  readonly #context: StepContext;
  readonly #regions: readonly string[];
  readonly #readableAt: number;
  readonly #deadline: number;

  constructor(context: StepContext, regions: readonly string[], readableAt: number) {
    this.#context = context;
    this.#regions = regions;
    this.#readableAt = readableAt;
    this.#deadline = context.aws.now() + READ_WITHIN_MS;
  }

  async read(look: Look): Promise<Found> {
    const all = await Promise.all(this.#regions.map((region) => this.#readIn(region, look)));
    return {
      calls: all.flatMap(({ calls }) => calls),
      horizons: all.flatMap(({ horizons }) => horizons),
      pages: all.flatMap(({ pages }) => pages),
    };
  }

  async #readIn(region: string, look: Look): Promise<Found> {
    const { aws, eventPages, now, signal, target } = this.#context;
    if (eventPages === undefined) throw new TypeError("asked for events without a store");
    const source = `CloudTrail ${region}, ${look.attribute} ${look.value}`;
    const query: HistoryQuery = {
      ...look,
      account: target.account,
      region,
      from: now - REMEMBERED_MS,
      readSince: Math.max(now - DELIVERED_MS, this.#readableAt),
      urgency: "proof",
    };
    const frame = {
      cloudtrail: aws.cloudtrailIn(region),
      pages: eventPages,
      now: () => aws.now(),
      deadline: this.#deadline,
      signal,
    };
    const reading = await ifReadable(readEvents(frame, query));
    if (reading === null)
      return { calls: [], horizons: [{ source, until: null, dueAt: null, gap: "AWS did not answer" }], pages: [] };
    const calls = reading.events.map((event) => recordedCall(event, region));
    const unreadable = calls.filter((call) => call === null).length;
    const gap = unreadable > 0 ? `${unreadable} events cannot be read` : reading.gap;
    const until = reading.readAt === null ? null : reading.readAt - DELIVERED_MS;
    const dueAt = reading.goesOn ? now + READ_WITHIN_MS : null;
    return {
      calls: calls.filter((call) => call !== null),
      horizons: [{ source, until, dueAt, gap }],
      pages: reading.pages,
    };
  }
}
