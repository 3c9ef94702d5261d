import type { Clock } from "../core/clock.ts";

/** What signs a request. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** Fixed credentials, or what fetches them: any provider function of the SDK. */
export type CredentialSource = Credentials | (() => Promise<Credentials>);

/** Fetched again this long before they expire, so that no call is under way with credentials that end. */
const marginMs = 5 * 60_000;

export interface CurrentCredentials {
  /** Fetches them if there are none yet, or theirs end soon. Called before time is held: fetching may itself call AWS. */
  refresh(): Promise<void>;
  /** What the SDK asks while it signs; it answers from memory. */
  readonly held: (() => Promise<Credentials>) & { readonly memoized: true };
}

/** Keeps credentials by the injected clock: the SDK's own cache looks at the machine's. */
export function currentCredentials(source: CredentialSource, clock: Clock): CurrentCredentials {
  let kept: Credentials | null = typeof source === "function" ? null : source;
  let fetching: Promise<void> | null = null;
  const endsSoon = (): boolean => kept?.expiration !== undefined && kept.expiration.getTime() - clock.now() < marginMs;
  const fetchOnce = async (fetch: () => Promise<Credentials>): Promise<void> => {
    try {
      kept = await fetch();
    } finally {
      fetching = null;
    }
  };
  return {
    async refresh() {
      if (typeof source !== "function" || (kept !== null && !endsSoon())) return;
      fetching ??= fetchOnce(source);
      await fetching;
    },
    held: Object.assign(
      async () => {
        if (kept === null) throw new Error("credentials are fetched before a call is signed");
        return kept;
      },
      { memoized: true as const },
    ),
  };
}
