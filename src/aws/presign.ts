import type { S3Client } from "@aws-sdk/client-s3";
import type { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import type { Command } from "@smithy/types";
import type { Clock } from "../core/clock.ts";

/** What a signed address is to let through. */
export interface PresignWish {
  readonly withinMs: number;
  /** In milliseconds since 1970; now when left out. */
  readonly signedAt?: number;
  /** Headers that whoever uses the address must send as they are here; others are moved into the address. */
  readonly sent: readonly string[];
}

/** An address that makes one call for whoever has it. */
export interface Presigned {
  readonly url: string;
  /** What must be sent with it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Milliseconds since 1970: never later than the credentials that signed it end. */
  readonly until: number;
}

/** Makes addresses that make one call each; nothing is sent for it. */
export interface Presigner {
  presign<Input extends object, Output extends object>(
    command: Command<any, Input, any, Output, any>, // oxlint-disable-line no-explicit-any -- as in Sender.
    wish: PresignWish,
  ): Promise<Presigned>;
}

interface PresignOptions {
  readonly client: () => S3Client;
  /** The credentials that sign, once they are fetched. */
  readonly held: () => Promise<{ readonly expiration?: Date }>;
  readonly clock: Clock;
  readonly refresh: () => Promise<void>;
}

/** The part of a command's stack of which the signer is told. */
type AnyCommand = Parameters<typeof getSignedUrl>[1];

/**
 * Signs addresses of S3 by the injected clock.
 *
 * The client must not add checksums of its own: it would take the one of no content, and S3 refuse what is sent.
 */
export function createPresigner({ client, held, clock, refresh }: PresignOptions): Presigner {
  return {
    async presign(command, { withinMs, sent, signedAt }) {
      await refresh();
      const release = clock.hold(); // It is loaded when it is first needed, which a simulated clock does not see.
      try {
        const { getSignedUrl: sign } = await import("@aws-sdk/s3-request-presigner");
        const headers = new Map<string, string>();
        const watched = watch(command, sent, headers);
        const at = signedAt ?? clock.now();
        const expiresIn = Math.max(1, Math.floor(withinMs / 1000));
        const url = await sign(client(), watched as unknown as AnyCommand, {
          expiresIn,
          signingDate: new Date(at),
          unhoistableHeaders: new Set(sent),
        });
        const { expiration } = await held();
        const until = Math.min(at + expiresIn * 1000, expiration?.getTime() ?? Infinity);
        return { url, headers: Object.fromEntries(headers), until };
      } finally {
        release();
      }
    },
  };
}

interface Built {
  readonly request: { readonly headers: Readonly<Record<string, string>> };
}

/** Takes note of the headers that will be signed and not moved. */
function watch<C extends object>(command: C, sent: readonly string[], headers: Map<string, string>): C {
  const { middlewareStack } = command as unknown as {
    readonly middlewareStack: {
      add(middleware: (next: (args: Built) => unknown) => (args: Built) => unknown, options: object): void;
    };
  };
  middlewareStack.add(
    (next) => (args) => {
      for (const [name, value] of Object.entries(args.request.headers))
        if (sent.includes(name.toLowerCase())) headers.set(name.toLowerCase(), value);
      return next(args);
    },
    { name: "watchSignedHeaders", step: "build", priority: "low" },
  );
  return command;
}
