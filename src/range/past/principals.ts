import { sha256 } from "../../core/json.ts";
import type { Session } from "../world/identity.ts";
import type { Remembered } from "../world/event-history.ts";

/** Who made a call of the past. */
export type Principal = Remembered["caller"];

/** A user of the account whose key nobody has: he appears in the history only. */
export function pastUser(accountId: string, name: string): Principal {
  const arn = `arn:aws:iam::${accountId}:user/${name}`;
  const unique = uniqueOf(arn);
  return {
    arn,
    userId: `AIDA${unique}`,
    service: null,
    session: sessionOf(accountId, { principalArn: arn, accessKeyId: `AKIA${unique.slice(0, 16)}`, kind: "user" }),
  };
}

/** A session of a role of the account. */
export function pastRole(accountId: string, roleName: string, sessionName: string): Principal {
  const arn = `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
  const roleArn = `arn:aws:iam::${accountId}:role/${roleName}`;
  return {
    arn,
    userId: `AROA${uniqueOf(roleArn)}:${sessionName}`,
    service: null,
    session: sessionOf(accountId, {
      principalArn: arn,
      accessKeyId: `ASIA${uniqueOf(arn).slice(0, 16)}`,
      kind: "assumed-role",
      roleArn,
      roleName,
      sessionName,
    }),
  };
}

/** A service that works in the account with its own role: `invokedBy` in its events. */
export function pastService(accountId: string, service: string): Principal {
  const name = service.split(".")[0] ?? service;
  return { ...pastRole(accountId, `AWSServiceRoleFor${name}`, name), service };
}

function sessionOf(
  accountId: string,
  given: Pick<Session, "principalArn" | "accessKeyId" | "kind"> & Partial<Session>,
): Session {
  return {
    secretAccessKey: "",
    sessionToken: null,
    accountId,
    roleArn: null,
    roleName: null,
    sessionName: null,
    issuedAt: 0,
    expiresAt: null,
    sourceInstanceArn: null,
    ...given,
  };
}

/** 17 characters of base 32, from a hash: the past draws nothing from the world's chance. */
function uniqueOf(text: string): string {
  return BigInt(`0x${sha256(text)}`)
    .toString(32)
    .toUpperCase()
    .slice(0, 17);
}
