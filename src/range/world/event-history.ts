import { sha256 } from "../../core/json.ts";
import type { Session } from "./identity.ts";

/** One call of AWS's API that somebody made in an account, allowed or refused, as far as CloudTrail remembers it. */
export interface Remembered {
  readonly accountId: string;
  /** Where it is recorded, which for global services is not where it was made. */
  readonly region: string;
  readonly service: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly caller: {
    readonly arn: string;
    readonly userId: string;
    readonly session: Session | null;
    /** The service of AWS that called on its own, `ec2.amazonaws.com`, or by its role in the account; null for everybody else. */
    readonly service: string | null;
  };
  readonly sourceIp: string;
  readonly userAgent: string;
  /** Credentials that the call gave out. */
  readonly issued: Session | null;
  /** What a call that changes something was answered; null for reads, and for what failed. */
  readonly output: Readonly<Record<string, unknown>> | null;
  /** Made before the simulated beginning: it is never pushed out. */
  readonly isPast?: boolean;
  /** What CloudTrail does with this event; the history's own treatment decides where it is left out. */
  readonly treatment?: EventTreatment;
}

/** What CloudTrail does with one event, where a world says more than the defaults. */
export interface EventTreatment {
  /** Milliseconds from the call to the delivery; "never" for an event that is lost. */
  readonly deliveredAfterMs?: number | "never";
  /** Without resources, a lookup by ResourceName does not find the event. */
  readonly isWithoutResources?: boolean;
}

/** A remembered call under the name that CloudTrail gives it, and when it shows. */
export interface HistoryEntry extends Remembered {
  readonly eventId: string;
  /** Milliseconds since 1970; infinite for an event that is lost. */
  readonly deliveredAt: number;
  /** Null where the event's name decides. */
  readonly isWithoutResources: boolean | null;
}

/** The range's bound, not AWS's: calls beyond it push out the oldest. */
const DEFAULT_CAPACITY = 20_000;

const MINUTE_MS = 60_000;

/**
 * Events come about five minutes after the call on average, and AWS promises no bound. Here none comes before two minutes or
 * after fifteen, unless a treatment says so. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/get-and-view-cloudtrail-log-files.html
 */
const DELIVERY_MS = { least: 2 * MINUTE_MS, most: 15 * MINUTE_MS, power: 2.5 } as const;

/**
 * What CloudTrail could tell: calls are kept as they were made, and become events only when somebody looks.
 *
 * Ids and delays come from a hash of the call, so that remembering draws nothing from the world's chance.
 */
export class EventHistory {
  readonly #capacity: number;
  readonly #entries: (Remembered & { readonly number: number })[] = [];
  readonly #played = new Map<string, number>();
  readonly #shown = new WeakMap<Remembered, HistoryEntry>();
  #remembered = 0;
  /** Asked once for each event, when somebody first looks; null for the defaults. */
  treatment: ((call: Remembered) => EventTreatment | null) | null = null;
  /** Ids of what has the events of its making. */
  readonly founded = new Set<string>();
  readonly #past: (Remembered & { readonly number: number })[] = [];

  /** With a capacity of 0 nothing is kept: for fleets whose memory is measured. */
  constructor(capacity = DEFAULT_CAPACITY) {
    this.#capacity = capacity;
  }

  remember(call: Remembered): void {
    if (this.#capacity === 0) return;
    this.#remembered += 1;
    if (call.isPast === true) {
      this.#past.push({ ...call, number: this.#remembered });
      return;
    }
    this.#entries.push({ ...call, number: this.#remembered });
    if (this.#entries.length > this.#capacity * 1.25) this.#entries.splice(0, this.#entries.length - this.#capacity);
  }

  /** What an account was told of a Region by a time, the newest first. */
  deliveredBy(now: number, { accountId, region }: Pick<Remembered, "accountId" | "region">): readonly HistoryEntry[] {
    return [...this.#past, ...this.#entries]
      .filter((entry) => entry.accountId === accountId && entry.region === region)
      .map((entry) => this.#shownAs(entry))
      .filter(({ deliveredAt }) => deliveredAt <= now)
      .sort((one, other) => other.at - one.at || (one.eventId < other.eventId ? -1 : 1));
  }

  /** Whether anything is kept at all. */
  get isKept(): boolean {
    return this.#capacity > 0;
  }

  /** When the last call of the past was made in an account and Region that was not derived from what stands there. */
  playedUntil(accountId: string, region: string): number {
    return this.#played.get(`${accountId} ${region}`) ?? Number.NEGATIVE_INFINITY;
  }

  /** Notes that a call of the past was played, and that these resources have their events now. */
  played(place: Pick<Remembered, "accountId" | "region" | "at">, ids: Iterable<string>): void {
    this.#played.set(`${place.accountId} ${place.region}`, place.at);
    for (const id of ids) this.founded.add(id);
  }

  #shownAs(entry: Remembered & { readonly number: number }): HistoryEntry {
    const known = this.#shown.get(entry);
    if (known) return known;
    const hash = sha256(`${entry.number} ${entry.requestId} ${entry.at}`);
    const share = Number.parseInt(hash.slice(32, 40), 16) / 2 ** 32;
    const { least, most, power } = DELIVERY_MS;
    const { deliveredAfterMs, isWithoutResources = null } = entry.treatment ?? this.treatment?.(entry) ?? {};
    const drawnMs = Math.round(least + (most - least) * share ** power);
    const shown: HistoryEntry = {
      ...entry,
      requestId: entry.requestId === "" ? uuidOf(hash.slice(32)) : entry.requestId,
      eventId: uuidOf(hash),
      deliveredAt: deliveredAfterMs === "never" ? Number.POSITIVE_INFINITY : entry.at + (deliveredAfterMs ?? drawnMs),
      isWithoutResources,
    };
    this.#shown.set(entry, shown);
    return shown;
  }
}

function uuidOf(hash: string): string {
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-4${hash.slice(13, 16)}-a${hash.slice(17, 20)}-${hash.slice(20, 32)}`;
}
