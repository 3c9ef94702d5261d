import { join } from "node:path";
import type { Vault } from "../core/vault.ts";
import { directoryVault } from "../vault/directory.ts";
import { connect, type ConnectionFlags, regionOf } from "./connection.ts";
import { type Environment, unguessable } from "./environment.ts";

interface Opening {
  readonly command: string;
  readonly flags: ConnectionFlags;
  readonly signal: AbortSignal;
}

/** Where the evidence lies: the bucket that `vault` in cordon.yaml names, else a folder of CORDON_HOME. */
export async function openVault(environment: Environment, { command, flags, signal }: Opening): Promise<Vault> {
  const { vault } = environment.config;
  if (!vault) return directoryVault(join(environment.home, "vault"));
  const { bucket, prefix, region, account, lock, kmsKeyId, roleArn, externalId } = vault;
  const own: ConnectionFlags = {
    ...flags,
    ...(region === undefined ? {} : { region }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(externalId === undefined ? {} : { externalId }),
  };
  const [connection, { s3Vault }] = await Promise.all([
    connect(own, { command, environment, signal }),
    import("../vault/s3.ts"),
  ]);
  const clients = connection.clients({ region: regionOf(connection, command) });
  return s3Vault({
    bucket,
    ...(prefix === undefined ? {} : { prefix }),
    ...(account === undefined ? {} : { owner: account }),
    lock: lock ?? null,
    kmsKeyId: kmsKeyId ?? null,
    clock: connection.clock,
    random: unguessable,
    sender: (until) => clients.observed(() => {}, until, "evidence").s3,
  });
}
