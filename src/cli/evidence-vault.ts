import { join } from "node:path";
import type { Vault } from "../core/vault.ts";
import { directoryVault } from "../vault/directory.ts";
import { connect, type Connection, type ConnectionFlags, regionOf } from "./connection.ts";
import { type Environment, unguessable } from "./environment.ts";
import type { SharedLimits } from "./shared-limits.ts";

interface Opening {
  readonly command: string;
  readonly flags: ConnectionFlags;
  readonly limits: SharedLimits;
  readonly signal: AbortSignal;
}

/** Where the evidence lies: the bucket that `vault` in cordon.yaml names, else a folder of CORDON_HOME. */
export async function openVault(environment: Environment, opening: Opening): Promise<Vault> {
  const { command } = opening;
  const { vault } = environment.config;
  if (!vault) return directoryVault(vaultFolder(environment));
  const { bucket, prefix, account, lock, kmsKeyId } = vault;
  const [connection, { s3Vault }] = await Promise.all([connectToVault(environment, opening), import("../vault/s3.ts")]);
  const clients = connection.clients({ region: regionOf(connection, command) });
  return s3Vault({
    bucket,
    ...(prefix === undefined ? {} : { prefix }),
    ...(account === undefined ? {} : { owner: account }),
    lock: lock ?? null,
    kmsKeyId: kmsKeyId ?? null,
    clock: connection.clock,
    random: unguessable,
    presigner: clients.presigner,
    sender: (until) => clients.observed(() => {}, until, "evidence").s3,
  });
}

/** Where evidence lies when no bucket is named. */
export function vaultFolder({ home }: Pick<Environment, "home">): string {
  return join(home, "vault");
}

/** The connection under which evidence is written: the vault's own role and Region where it has some. */
export function connectToVault(environment: Environment, opening: Opening): Promise<Connection> {
  const { flags, ...rest } = opening;
  const { region, roleArn, externalId } = environment.config.vault ?? {};
  const own: ConnectionFlags = {
    ...flags,
    ...(region === undefined ? {} : { region }),
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(externalId === undefined ? {} : { externalId }),
  };
  return connect(own, { ...rest, environment });
}
