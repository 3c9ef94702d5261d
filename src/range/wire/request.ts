/** An HTTP request as the range sees it, without a connection. */
export interface WireRequest {
  readonly method: string;
  /** As sent, without the query. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** All values of the parameters of the query that are given more than once. */
  readonly repeated?: Readonly<Record<string, readonly string[]>>;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An HTTP response as the range gives it, without a connection. */
export interface WireResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The body is what was asked for, and not a description of it: the SDK gives it to its caller as a stream. */
  readonly isStream?: boolean;
}

/** Answers one request; never rejects. */
export type Handle = (request: WireRequest) => Promise<WireResponse>;
