import type { JournalEvent, NewEvent } from "./journal.ts";
import type { Json } from "./json.ts";
import type { Claim, IsolationLevel } from "./step.ts";

/** Where journals, claims and leases lie. Every write is durable when its promise resolves. */
export interface Store {
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
  /** Takes or renews a lease; null if it is ours now, else who has it until when. */
  lease(
    name: string,
    owner: string,
    untilMs: number,
    now: number,
  ): Promise<{ readonly owner: string; readonly until: number } | null>;
  /** Gives a lease back, if it is ours. */
  unlease(name: string, owner: string): Promise<void>;
  putClaim(claim: Claim): Promise<void>;
  removeClaim(claim: Pick<Claim, "resource" | "step" | "member" | "case">): Promise<void>;
  claims(step: string, resource: string): Promise<readonly Claim[]>;
  /** Claims whose residue ended before `now`. */
  expiredClaims(now: number): Promise<readonly Claim[]>;
  ledger(step: string, resource: string): Promise<{ readonly original: Json; readonly ours: Json } | null>;
  saveLedger(
    step: string,
    resource: string,
    ledger: { readonly original: Json; readonly ours: Json } | null,
  ): Promise<void>;
  preparedGroups(account: string, region: string): Promise<readonly PreparedGroup[]>;
  putPreparedGroup(account: string, region: string, group: PreparedGroup): Promise<void>;
  close(): void;
}

export interface Append {
  readonly case: string;
  readonly sequence: number;
  readonly previous: string;
  readonly now: number;
  readonly events: readonly NewEvent[];
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

export interface PreparedGroup {
  readonly vpcId: string;
  readonly level: IsolationLevel;
  readonly groupId: string;
}
