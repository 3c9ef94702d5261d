import { STSClient } from "@aws-sdk/client-sts";
import { loadSharedConfigFiles } from "@smithy/core/config";
import { CordonError } from "../core/errors.ts";
import type { Credentials } from "./credentials.ts";

export interface ChainOptions {
  /** A profile of the shared configuration files; the SDK's own choice where it is left out. */
  readonly profile?: string;
}

/**
 * The SDK's own credential chain: environment, profiles, single sign-on, web identity, container and instance metadata.
 *
 * Taken from a client's resolved configuration, so that it is exactly what the SDK would use. What the SDK says of a profile
 * that is not there is what it says of no credentials at all.
 *
 * @throws CordonError `profile_not_found`
 */
export function chainCredentials({ profile }: ChainOptions): () => Promise<Credentials> {
  const client = new STSClient({ region: "us-east-1", ...(profile === undefined ? {} : { profile }) });
  return async () => {
    const credentials = client.config.credentials();
    const { accessKeyId, secretAccessKey, sessionToken, expiration } = await credentials.catch(
      async (error: unknown) => {
        if (profile !== undefined && !(await isProfile(profile)))
          throw new CordonError("profile_not_found", { profile }, { cause: error });
        throw error;
      },
    );
    return {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      ...(expiration === undefined ? {} : { expiration }),
    };
  };
}

async function isProfile(name: string): Promise<boolean> {
  const { configFile, credentialsFile } = await loadSharedConfigFiles();
  return Object.hasOwn(configFile, name) || Object.hasOwn(credentialsFile, name);
}

/** The Region of the environment or the profile; null where neither names one. */
export async function chainRegion({ profile }: ChainOptions): Promise<string | null> {
  const client = new STSClient(profile === undefined ? {} : { profile });
  try {
    return await client.config.region();
  } catch {
    return null; // The SDK throws when nothing names a Region.
  }
}
