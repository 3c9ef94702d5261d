import { accountAlias, assumedRole, callerIdentity, type CallerIdentity } from "../aws/caller.ts";
import { type ClientSet, createClients } from "../aws/clients.ts";
import type { CredentialSource } from "../aws/credentials.ts";
import { chainCredentials, chainRegion } from "../aws/default-chain.ts";
import { localLimiter } from "../aws/limiter.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import { CordonError } from "../core/errors.ts";
import type { Target, TargetClients } from "../core/step.ts";
import { type Environment, unguessable } from "./environment.ts";
import { wrongUsage } from "./failure.ts";
import { printable } from "./render/story.ts";
import { scaledClock } from "./scaled-clock.ts";

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
  introduction(): Promise<string>;
  clients(target: Pick<Target, "region">): ClientSet;
  /** Clients for a few calls that belong to no case. */
  direct(region: string): TargetClients;
}

const ALIAS_WAITS_MS = 1000;

interface Opening {
  readonly command: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/** Finds the endpoint, the clock, the Region and the credentials. Calls nothing but a range's own clock. */
export async function connect(flags: ConnectionFlags, { command, environment, signal }: Opening): Promise<Connection> {
  const { variables } = environment;
  const endpoint = flags.endpointUrl ?? nonEmpty(variables["AWS_ENDPOINT_URL"]);
  const isLoopback = endpoint !== undefined && isLoopbackAddress(endpoint, command);
  const range = isLoopback ? await rangeAt(endpoint, signal) : null;
  const clock = range ? scaledClock({ originMs: range.now, speed: range.speed }) : systemClock;
  const chain = flags.profile === undefined ? {} : { profile: flags.profile };
  const named = flags.region ?? nonEmpty(variables["AWS_REGION"]) ?? nonEmpty(variables["AWS_DEFAULT_REGION"]);
  const region = named ?? range?.region ?? (await chainRegion(chain));
  // A range lets any key in; a laptop without credentials must not be asked to sign in for a rehearsal.
  const isOwnKey = flags.profile !== undefined || variables["AWS_ACCESS_KEY_ID"] !== undefined;
  const base = isLoopback && !isOwnKey ? { accessKeyId: "range", secretAccessKey: "range" } : chainCredentials(chain);
  const shared = { clock, random: unguessable, signal, ...(endpoint === undefined ? {} : { endpoint }) };
  const credentials = withRole(base, { flags, shared, region: region ?? "us-east-1", person: environment.person.id });
  const sets = new Map<string, ClientSet>();
  // One account answers to these credentials, so its name makes no difference to how calls are counted.
  const limits = { limiter: localLimiter(clock), account: "own" };
  const clients = ({ region: of }: Pick<Target, "region">): ClientSet => {
    const set = sets.get(of) ?? createClients({ ...shared, region: of, credentials, limits });
    sets.set(of, set);
    return set;
  };
  const direct = (of: string): TargetClients => clients({ region: of }).observed(() => {}, signal);
  let known: Promise<CallerIdentity> | undefined;
  const identity = (): Promise<CallerIdentity> => (known ??= callerIdentity(direct(region ?? "us-east-1").sts));
  const introduction = async (): Promise<string> => {
    // The alias is a help to the reader and no more: it must not make anybody wait.
    const alias = Promise.race([
      accountAlias(direct(region ?? "us-east-1").iam),
      clock.sleep(ALIAS_WAITS_MS, signal).then(() => null),
    ]);
    const [{ account, arn }, name] = await Promise.all([identity(), alias]);
    const called = name === null ? "" : ` (${printable(name)})`;
    return `Acting as ${arn} in account ${account}${called}, ${region ?? "no Region"}, at ${endpoint ?? "AWS"}`;
  };
  return {
    flags: { ...flags, ...(endpoint === undefined ? {} : { endpointUrl: endpoint }) },
    clock,
    isRange: range !== null,
    region,
    identity,
    introduction,
    clients,
    direct,
  };
}

/** The Region, or an error that says how to name one. */
export function regionOf({ region }: Connection, command: string): string {
  if (region !== null) return region;
  throw wrongUsage(command, { what: "The Region", reason: "nothing names one: give --region, or set AWS_REGION" });
}

/** Refuses to act on a case with the credentials of another account. */
export async function assertAccount(connection: Connection, account: string): Promise<void> {
  const identity = await connection.identity();
  if (identity.account !== account) {
    throw new CordonError("account_mismatch", { expected: account, observed: identity.account });
  }
}

interface RoleFrame {
  readonly flags: ConnectionFlags;
  readonly shared: Omit<Parameters<typeof createClients>[0], "region" | "credentials">;
  readonly region: string;
  readonly person: string;
}

function withRole(base: CredentialSource, { flags, shared, region, person }: RoleFrame): CredentialSource {
  const { roleArn } = flags;
  if (roleArn === undefined) return base;
  const own = createClients({ ...shared, region, credentials: base });
  // https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html has the characters that a session's name may have.
  const sessionName = `cordon-${person.replaceAll(/[^\w+=,.@-]/g, "-")}`.slice(0, 64);
  const signal = shared.signal ?? new AbortController().signal;
  return () =>
    assumedRole(own.observed(() => {}, signal).sts, { roleArn, externalId: flags.externalId ?? null, sessionName });
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
