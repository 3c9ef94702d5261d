import type { AttachedPolicy, IamUser, InstanceProfile, PolicyDocument, Role, Session } from "./identity.ts";
import type { KeyPair, Tag } from "./model.ts";
import { randomText } from "./random.ts";
import { instanceArn } from "./place.ts";
import type { Place, World } from "./world.ts";

const SECRET_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HOUR_MS = 3_600_000;

export interface RoleOptions {
  readonly name: string;
  readonly path?: string;
  /** A service or an account that may assume it; EC2 when left out. */
  readonly trustPolicy?: PolicyDocument;
  readonly inlinePolicies?: Readonly<Record<string, PolicyDocument>>;
  readonly attachedPolicies?: readonly AttachedPolicy[];
  readonly tags?: Tag[];
}

export function createRole({ world, account }: Pick<Place, "world" | "account">, options: RoleOptions): Role {
  const path = options.path ?? "/";
  const role: Role = {
    id: world.newUniqueId("AROA"),
    tags: options.tags ?? [],
    name: options.name,
    arn: `arn:aws:iam::${account.id}:role${path}${options.name}`,
    path,
    trustPolicy: options.trustPolicy ?? trustOf({ Service: "ec2.amazonaws.com" }),
    inlinePolicies: inline(options.inlinePolicies),
    attachedPolicies: [...(options.attachedPolicies ?? [])],
    createdAt: world.now(),
    maxSessionSeconds: 3600,
  };
  return world.add(account.roles, role, role.name);
}

/** A trust policy that lets one principal assume the role. */
export function trustOf(principal: Readonly<Record<string, string>>): PolicyDocument {
  return { Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: principal, Action: "sts:AssumeRole" }] };
}

/** An instance profile around a role. */
export function createInstanceProfile(
  { world, account }: Pick<Place, "world" | "account">,
  options: { readonly name: string; readonly roleName?: string; readonly path?: string },
): InstanceProfile {
  const path = options.path ?? "/";
  const profile: InstanceProfile = {
    id: world.newUniqueId("AIPA"),
    tags: [],
    name: options.name,
    arn: `arn:aws:iam::${account.id}:instance-profile${path}${options.name}`,
    path,
    roleNames: options.roleName === undefined ? [] : [options.roleName],
    createdAt: world.now(),
  };
  return world.add(account.instanceProfiles, profile, profile.name);
}

/** The public half of a key pair, as EC2 keeps it for launches. */
export function importKeyPair({ world, region }: Pick<Place, "world" | "region">, name: string): KeyPair {
  const fingerprint = randomText(world.random, SECRET_ALPHABET, 43);
  return world.add(region.keyPairs, { id: world.newId("key"), tags: [], name, fingerprint, createdAt: world.now() });
}

/** A user with one access key, which is also a session that can sign. */
export function createUser(
  { world, account }: Pick<Place, "world" | "account">,
  options: {
    readonly name: string;
    readonly inlinePolicies?: Readonly<Record<string, PolicyDocument>>;
    readonly attachedPolicies?: readonly AttachedPolicy[];
  },
): { readonly user: IamUser; readonly session: Session } {
  const user: IamUser = {
    id: world.newUniqueId("AIDA"),
    tags: [],
    name: options.name,
    arn: `arn:aws:iam::${account.id}:user/${options.name}`,
    path: "/",
    inlinePolicies: inline(options.inlinePolicies),
    attachedPolicies: [...(options.attachedPolicies ?? [])],
    accessKeys: [],
    createdAt: world.now(),
  };
  const session: Session = {
    ...newCredentials(world, "AKIA"),
    sessionToken: null,
    kind: "user",
    accountId: account.id,
    principalArn: user.arn,
    roleArn: null,
    roleName: null,
    sessionName: null,
    issuedAt: world.now(),
    expiresAt: null,
    sourceInstanceArn: null,
  };
  user.accessKeys.push({
    id: session.accessKeyId,
    secret: session.secretAccessKey,
    status: "Active",
    createdAt: world.now(),
  });
  account.sessions.set(session.accessKeyId, session);
  return { user: world.add(account.users, user, user.name), session };
}

/** Credentials of an assumed role. They carry no `ec2:SourceInstanceArn`, even if an instance assumed the role (role chaining). */
export function assumeRole(
  { world, account }: Pick<Place, "world" | "account">,
  role: Role,
  options: { readonly sessionName: string; readonly durationSeconds?: number },
): Session {
  const session: Session = {
    ...newCredentials(world, "ASIA"),
    sessionToken: randomText(world.random, SECRET_ALPHABET, 64),
    kind: "assumed-role",
    accountId: account.id,
    principalArn: sessionArn(account.id, role, options.sessionName),
    roleArn: role.arn,
    roleName: role.name,
    sessionName: options.sessionName,
    issuedAt: world.now(),
    expiresAt: world.now() + (options.durationSeconds ?? 3600) * 1000,
    sourceInstanceArn: null,
  };
  account.sessions.set(session.accessKeyId, session);
  return session;
}

/**
 * Credentials as an instance's metadata service hands them out: the session name is the instance id.
 *
 * Six hours is what is commonly seen; AWS documents only that new ones come at least five minutes before expiry.
 * `null` when no profile is associated, its role is gone, or the metadata service is switched off.
 */
export function instanceCredentials(place: Place, instanceId: string): Session | null {
  const { world, account, region } = place;
  const instance = region.instances.get(instanceId);
  if (!instance || instance.metadataOptions.httpEndpoint === "disabled") return null;
  const association = instance.profileAssociation;
  const profile =
    association?.state === "associated"
      ? [...account.instanceProfiles.values()].find(({ arn }) => arn === association.profileArn)
      : undefined;
  const role = account.roles.get(profile?.roleNames[0] ?? "");
  if (!role) return null;
  const session: Session = {
    ...newCredentials(world, "ASIA"),
    sessionToken: randomText(world.random, SECRET_ALPHABET, 64),
    kind: "instance",
    accountId: account.id,
    principalArn: sessionArn(account.id, role, instanceId),
    roleArn: role.arn,
    roleName: role.name,
    sessionName: instanceId,
    issuedAt: world.now(),
    expiresAt: world.now() + 6 * HOUR_MS,
    sourceInstanceArn: instanceArn(place, instanceId),
  };
  account.sessions.set(session.accessKeyId, session);
  rememberDelivery(place, session);
  return session;
}

/** EC2 takes the role for the instance, which CloudTrail records as a call of that service. */
function rememberDelivery({ world, account, region }: Place, session: Session): void {
  const service = "ec2.amazonaws.com";
  world.eventHistory.remember({
    accountId: account.id,
    region: region.name,
    service: "sts",
    operation: "AssumeRole",
    input: { RoleArn: session.roleArn, RoleSessionName: session.sessionName },
    requestId: "",
    at: world.now(),
    error: null,
    caller: { arn: "", userId: "", session: null, service },
    sourceIp: service,
    userAgent: service,
    issued: session,
    output: null,
  });
}

function sessionArn(accountId: string, role: Role, sessionName: string): string {
  return `arn:aws:sts::${accountId}:assumed-role/${role.name}/${sessionName}`;
}

function newCredentials(world: World, prefix: "AKIA" | "ASIA"): Pick<Session, "accessKeyId" | "secretAccessKey"> {
  return {
    accessKeyId: world.newUniqueId(prefix).slice(0, 20),
    secretAccessKey: randomText(world.random, SECRET_ALPHABET, 40),
  };
}

function inline(policies: Readonly<Record<string, PolicyDocument>> = {}): Role["inlinePolicies"] {
  return new Map(
    Object.entries(policies).map(([name, document]) => [name, { text: JSON.stringify(document), document }]),
  );
}
