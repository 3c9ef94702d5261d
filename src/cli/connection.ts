import { accountAlias, assumedRole, callerIdentity, type CallerIdentity } from "../aws/caller.ts";
import { type ClientOptions, type ClientSet, createClients } from "../aws/clients.ts";
import type { CredentialSource } from "../aws/credentials.ts";
import { chainCredentials, chainRegion } from "../aws/default-chain.ts";
import { Lanes } from "../aws/lanes.ts";
import { endpointsIn } from "../aws/services.ts";
import type { Sender } from "../aws/sender.ts";
import type { AccountRole } from "../config/accounts.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import type { Target, TargetClients } from "../core/step.ts";
import { type Environment, unguessable } from "./environment.ts";
import { wrongUsage } from "./failure.ts";
import { printable } from "./render/story.ts";
import { scaledClock } from "./scaled-clock.ts";
import type { SharedLimits } from "./shared-limits.ts";

/** Where AWS is and who calls it, as a command was told. */
export interface ConnectionFlags {
  readonly profile?: string;
  readonly region?: string;
  readonly roleArn?: string;
  readonly externalId?: string;
  readonly endpointUrl?: string;
}

/** AWS, or a range, as this command reaches it. */
export interface Connection {
  readonly flags: ConnectionFlags;
  readonly clock: Clock;
  /** The clock is a range's. */
  readonly isRange: boolean;
  /** The Region that was chosen; null where nothing names one. */
  readonly region: string | null;
  /** Whose credentials these are; asked once. */
  identity(): Promise<CallerIdentity>;
  /** Who acts, where, against what: one sentence to read before anything is changed. */
  introduction(region?: string): Promise<string>;
  /** The role under which calls are made, where one is assumed. */
  readonly roleArn: string | null;
  /** Clients in the Region. Their calls count as the account's, where it is named: AWS's limits are an account's. */
  clients(target: Pick<Target, "region"> & Partial<Pick<Target, "account">>): ClientSet;
  /** Clients for a few calls that belong to no case. */
  direct(region: string): TargetClients;
  /** The same place under the identity that reaches an account: the role that the configuration names for it, else this one. */
  of(account: string): Connection;
  /** The same place under the role of the account that evidence is copied to; null where none is configured. */
  readonly evidence: Connection | null;
}

const ALIAS_WAITS_MS = 1000;

interface Opening {
  readonly command: string;
  readonly environment: Environment;
  readonly limits: SharedLimits;
  readonly signal: AbortSignal;
}

/** Finds the endpoint, the clock, the Region and the credentials. Calls nothing but a range's own clock. */
export async function connect(flags: ConnectionFlags, opening: Opening): Promise<Connection> {
  const { command, environment, signal } = opening;
  const { variables } = environment;
  const isIgnoring = variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true";
  const endpoint = flags.endpointUrl ?? (isIgnoring ? undefined : nonEmpty(variables["AWS_ENDPOINT_URL"]));
  // As in AWS's own tools: an address on the command line is for all services, else a service's own goes before the common one.
  const endpoints = flags.endpointUrl === undefined ? endpointsIn(variables) : {};
  for (const address of Object.values(endpoints)) isLoopbackAddress(address, command);
  const isLoopback = endpoint !== undefined && isLoopbackAddress(endpoint, command);
  const range = isLoopback ? await rangeAt(endpoint, signal) : null;
  const clock = range ? scaledClock({ originMs: range.now, speed: range.speed }) : systemClock;
  const profile = flags.profile ?? nonEmpty(variables["AWS_PROFILE"]);
  const chain = profile === undefined ? {} : { profile };
  const named = nonEmpty(variables["AWS_REGION"]) ?? nonEmpty(variables["AWS_DEFAULT_REGION"]);
  const home = named ?? range?.region ?? (await chainRegion(chain));
  const region = flags.region ?? home;
  // A range lets any key in; a laptop without credentials must not be asked to sign in for a rehearsal.
  const isOwnKey = flags.profile !== undefined || variables["AWS_ACCESS_KEY_ID"] !== undefined;
  const base = isLoopback && !isOwnKey ? { accessKeyId: "range", secretAccessKey: "range" } : chainCredentials(chain);
  const shared = { clock, random: unguessable, signal, endpoints, ...(endpoint === undefined ? {} : { endpoint }) };
  const limits = { limiter: opening.limits.on(clock, endpoint ?? "AWS"), lanes: new Lanes() };
  const place: Place = { flags, environment, shared, limits, base, endpoint, region, home, isRange: range !== null };
  const { roleArn, externalId = null } = flags;
  return under(place, "own", roleArn === undefined ? null : { roleArn, externalId });
}

/** Everything about a connection but who calls. */
interface Place {
  readonly flags: ConnectionFlags;
  readonly environment: Environment;
  readonly shared: Pick<ClientOptions, "clock" | "random" | "endpoint" | "endpoints"> & {
    readonly signal: AbortSignal;
  };
  /** For all accounts together. */
  readonly limits: Omit<NonNullable<ClientOptions["limits"]>, "account">;
  /** The credentials that were found; every role is assumed with them. */
  readonly base: CredentialSource;
  readonly endpoint: string | undefined;
  readonly region: string | null;
  /** Where the credentials are used when nobody says otherwise. Roles are assumed from there: a case may lie in a Region that the caller's account has not opted in to. */
  readonly home: string | null;
  readonly isRange: boolean;
}

/** The place under one identity. `account` is what its calls are counted under where the caller names none. */
function under(place: Place, account: string, role: AccountRole | null): Connection {
  const { flags, environment, shared, limits, endpoint, region, isRange } = place;
  const { clock, signal } = shared;
  const credentials = role === null ? place.base : roleCredentials(place, role);
  const sets = new Map<string, ClientSet>();
  const clients: Connection["clients"] = ({ region: of, account: counted = account }) => {
    const caller = role === null ? {} : { caller: role.roleArn };
    const key = `${counted} ${of}`;
    const set =
      sets.get(key) ??
      createClients({ ...shared, ...caller, region: of, credentials, limits: { ...limits, account: counted } });
    sets.set(key, set);
    return set;
  };
  const direct = (of: string): TargetClients => clients({ region: of }).observed(() => {}, signal);
  let known: Promise<CallerIdentity> | undefined;
  const identity = (): Promise<CallerIdentity> => (known ??= callerIdentity(direct(region ?? "us-east-1").sts));
  const members = new Map<string, Connection>();
  return {
    flags: { ...flags, ...(endpoint === undefined ? {} : { endpointUrl: endpoint }) },
    clock,
    isRange,
    region,
    identity,
    introduction: (of = region ?? undefined) =>
      introduce(place, { identity, iam: direct(of ?? "us-east-1").iam, region: of ?? null }),
    roleArn: role?.roleArn ?? null,
    clients,
    direct,
    of(wanted) {
      const member = Object.hasOwn(environment.config.accounts, wanted) ? environment.config.accounts[wanted] : null;
      if (!member || flags.roleArn !== undefined) return this; // A role that a person names is the one that is meant.
      const connection = members.get(wanted) ?? under(place, wanted, member);
      members.set(wanted, connection);
      return connection;
    },
    get evidence() {
      const { evidence } = environment.config;
      if (evidence === null) return null;
      const name = `evidence of ${evidence.account}`;
      const connection = members.get(name) ?? under(place, evidence.account, evidence);
      members.set(name, connection);
      return connection;
    },
  };
}

interface Speaker {
  readonly identity: () => Promise<CallerIdentity>;
  readonly iam: Sender;
  readonly region: string | null;
}

async function introduce({ shared, endpoint }: Place, { identity, iam, region }: Speaker): Promise<string> {
  // The alias is a help to the reader and no more: it must not make anybody wait.
  const alias = Promise.race([accountAlias(iam), shared.clock.sleep(ALIAS_WAITS_MS, shared.signal).then(() => null)]);
  const [{ account, arn }, name] = await Promise.all([identity(), alias]);
  const called = name === null ? "" : ` (${printable(name)})`;
  const own = Object.entries(shared.endpoints ?? {}).map(([service, address]) => `, ${service} at ${address}`);
  return `Acting as ${arn} in account ${account}${called}, ${region ?? "no Region"}, at ${endpoint ?? "AWS"}${own.join("")}`;
}

/** The Region, or an error that says how to name one. */
export function regionOf({ region }: Connection, command: string): string {
  if (region !== null) return region;
  throw wrongUsage(command, { what: "The Region", reason: "nothing names one: give --region, or set AWS_REGION" });
}

/** Refuses to act on an account with the credentials of another one, whatever the configuration says of its role. */
export async function assertAccount(connection: Connection, account: string): Promise<void> {
  const identity = await connection.of(account).identity();
  if (identity.account !== account) {
    throw new CordonError("account_mismatch", { expected: account, observed: identity.account });
  }
}

/** Assumes the role anew whenever its credentials end. */
function roleCredentials({ base, shared, home, environment }: Place, role: AccountRole): CredentialSource {
  const own = createClients({ ...shared, region: home ?? "us-east-1", credentials: base });
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html has the characters that a session's name may have.
  const sessionName = `cordon-${environment.person.id.replaceAll(/[^\w+=,.@-]/g, "-")}`.slice(0, 64);
  return () => assumedRole(own.observed(() => {}, shared.signal).sts, { ...role, sessionName });
}

function isLoopbackAddress(endpoint: string, command: string): boolean {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw wrongUsage(command, {
      what: `Endpoint ${endpoint}`,
      reason: "expected an address such as http://127.0.0.1:4566",
    });
  }
  return ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
}

interface RangeClock {
  readonly now: number;
  readonly speed: number;
  readonly region: string;
}

/** How long a range may take to say what time it is: it is on this machine. */
const CLOCK_ANSWERS_MS = 2000;

/** A range's clock; null where something else listens, which then lives in real time. */
async function rangeAt(endpoint: string, signal: AbortSignal): Promise<RangeClock | null> {
  let answer: Response;
  try {
    answer = await fetch(new URL("/_range/clock", endpoint), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(CLOCK_ANSWERS_MS)]),
    });
  } catch {
    return null; // Nobody listens, which the first call says better.
  }
  const body: unknown = answer.ok ? await answer.json().catch(() => null) : null;
  if (typeof body !== "object" || body === null) return null;
  const { now, speed, region } = body as Partial<RangeClock>;
  if (typeof now !== "number" || typeof speed !== "number" || speed <= 0 || typeof region !== "string") return null;
  return { now, speed, region };
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}
