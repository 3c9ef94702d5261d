import type { EventPages } from "./event-pages.ts";
import type { JournalEvent, NewEvent } from "./journal.ts";
import type { Json } from "./json.ts";
import type { Claim, IsolationLevel } from "./step.ts";

/** Where journals, claims and leases lie. Every write is durable when its promise resolves. */
export interface Store extends EventPages {
  /**
   * Appends events if the journal still ends at `sequence`; else resolves to null, and the writer reads on and tries again.
   * `originals` are kept with the first writer's value.
   */
  append(write: Append): Promise<readonly JournalEvent[] | null>;
  /** The events of a case after `sequence`, in order. */
  read(caseId: string, sequence: number): Promise<readonly JournalEvent[]>;
  /** Ids of all cases, oldest first; of one instance where it is given. */
  cases(of?: {
    readonly account: string;
    readonly region: string;
    readonly instanceId: string;
  }): Promise<readonly string[]>;
  /** What an attribute of a resource was before Cordon first touched it. */
  originals(resourcePrefix: string): Promise<readonly Original[]>;
  /**
   * Takes or renews a lease. Its token is raised whenever it changes hands, also after it was given back: whoever renews
   * and gets another token than before was overtaken meanwhile.
   */
  lease(name: string, owner: string, untilMs: number, now: number): Promise<Lease>;
  /** Gives a lease back, if it is ours. */
  unlease(name: string, owner: string): Promise<void>;
  /**
   * Counts a key under a name, unless as many as `most` were counted since: then it is `full`. A key that was counted since
   * is `known`, and not counted again. Of those who count at the same time no more get in than there is room for.
   */
  count(tally: Tally): Promise<"counted" | "known" | "full">;
  /** Lets a process have a part of a rate limit that several share; see SliceStore. */
  leaseSlice: SliceStore["leaseSlice"];
  putClaim(claim: Claim, fences?: Fences): Promise<void>;
  removeClaim(claim: Pick<Claim, "resource" | "step" | "member" | "case">, fences?: Fences): Promise<void>;
  claims(step: string, resource: string): Promise<readonly Claim[]>;
  /** Claims whose residue ended before `now`. */
  expiredClaims(now: number): Promise<readonly Claim[]>;
  ledger(step: string, resource: string): Promise<{ readonly original: Json; readonly ours: Json } | null>;
  saveLedger(
    step: string,
    resource: string,
    ledger: { readonly original: Json; readonly ours: Json } | null,
    fences?: Fences,
  ): Promise<void>;
  preparedGroups(account: string, region: string): Promise<readonly PreparedGroup[]>;
  putPreparedGroup(account: string, region: string, group: PreparedGroup): Promise<void>;
  close(): void;
}

/** Whose a lease is now. */
export type Lease =
  | { readonly kind: "ours"; readonly token: number }
  | { readonly kind: "held"; readonly owner: string; readonly until: number };

/** The lease under which something is written, and the token that it had when it was taken. */
export interface Fence {
  readonly lease: string;
  readonly token: number;
}

/**
 * The leases that a write rests on. It is refused with `overtaken`, and keeps nothing, if one of them has a higher token by
 * then. What a person writes rests on none.
 */
export type Fences = readonly Fence[];

export interface Append {
  readonly case: string;
  readonly sequence: number;
  readonly previous: string;
  readonly now: number;
  readonly events: readonly NewEvent[];
  readonly fences?: Fences;
  readonly originals?: readonly Omit<Original, "case">[];
  /** Originals that this case recorded and has restored. */
  readonly restored?: readonly Pick<Original, "resource" | "attribute">[];
}

export interface Original {
  readonly resource: string;
  readonly attribute: string;
  readonly value: Json;
  readonly case: string;
}

/** One more of something that is limited. */
export interface Tally {
  readonly name: string;
  readonly key: string;
  readonly now: number;
  /** What was counted at this time or before is forgotten. */
  readonly since: number;
  /** With 0 it only asks whether the key is known. */
  readonly most: number;
}

export interface PreparedGroup {
  readonly vpcId: string;
  readonly level: IsolationLevel;
  readonly groupId: string;
}

/** Where processes that draw from one rate limit divide it among themselves. */
export interface SliceStore {
  /**
   * Renews the slice of a process: takes account of what it used, and adds what there is for it. The bucket is full at first.
   *
   * What all live slices and the rest hold together is never more than `most`, and grows by no more than `perSecond`. A slice
   * that is not renewed in its time is gone, and counts as used. What is free and what comes in is set aside for those who wait,
   * by their weights, whoever asks first; what one does not want is there for the others. Who comes when nobody else is there gets
   * little at first, in case others come at the same moment, and the rest with the next renewal.
   */
  leaseSlice(request: SliceRequest): Promise<Slice>;
}

export interface SliceRequest {
  /** Names the limit. */
  readonly key: string;
  readonly owner: string;
  readonly most: number;
  readonly perSecond: number;
  /** How many tokens of the present slice are not used. */
  readonly left: number;
  /** How many calls were sent without a token since the last renewal: they are taken off the rest, also where that is empty. */
  readonly owed: number;
  /** How many tokens are wanted besides those left; null gives everything back. */
  readonly want: number | null;
  /** How much this process counts among those that wait at the same time; 0 where nothing waits in it. */
  readonly weight: number;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly until: number;
}

export interface Slice {
  /** All tokens that the process has from now on, until the time that it named. */
  readonly tokens: number;
}
