/** Pages of CloudTrail that were read, kept for all cases and all processes on a store. */

/** One page of one lookup, as it was read. Never written again. */
export interface EventPage {
  /** Account, Region and what was looked up: two pages of one lookup have the same. */
  readonly lookup: string;
  /** When the page was read, in milliseconds since 1970, by the clock that the process waits on. */
  readonly readAt: number;
  /**
   * The stretch of time that it covers, both included, in milliseconds since 1970: it holds each event of that stretch that
   * AWS had delivered when it was read. It may hold older events too, which the page after it has again.
   */
  readonly since: number;
  readonly until: number;
  /** The events as a JSON text: what AWS gave, the newest first. */
  readonly content: string;
  /** SHA-256 of the content. */
  readonly sha256: string;
}

/** Where pages lie. */
export interface EventPages {
  /** The pages of a lookup that cover some time from `since` on, the oldest reading first. */
  eventPages(lookup: string, since: number): Promise<readonly EventPage[]>;
  /** Keeps a page, and forgets those of the same lookup that cover nothing from `forgetBefore` on. */
  putEventPage(page: EventPage, forgetBefore: number): Promise<void>;
}
