import type { Session } from "../world/identity.ts";
import { instanceCredentials } from "../world/build-identity.ts";
import type { Place } from "../world/world.ts";
import type { CallAws } from "./aws-caller.ts";
import { createActor, type ActorOptions, type Attacker } from "./attacker.ts";

/** Whether AWS would allow a call now. */
export type Authorize = (request: {
  readonly accessKeyId: string;
  readonly action: string;
  readonly resource: string;
}) => boolean;

export interface CredentialUserOptions extends Omit<ActorOptions, "everyMs"> {
  readonly place: Place;
  readonly instanceId: string;
  readonly authorize: Authorize;
  readonly action: string;
  readonly resource: string;
  readonly everyMs?: number;
  /** Credentials that it has already; when left out it asks for some as it begins. */
  readonly initial?: Session;
  /** Whether it can ask the instance's metadata service for new credentials when the old ones run out. */
  readonly canRefresh: () => boolean;
  /** How it looks around in the account, beside what it came for, and from where; it does not when left out. */
  readonly explores?: Exploring;
}

interface Exploring {
  readonly call: CallAws;
  readonly sourceIp: string;
  readonly userAgent: string;
}

/** What whoever finds credentials asks first: whose they are, and what there is. Most roles may do little of it. */
const EXPLORATION = [
  { service: "sts", operation: "GetCallerIdentity", input: {} },
  { service: "ec2", operation: "DescribeInstances", input: { MaxResults: 50 } },
  { service: "ssm", operation: "DescribeInstanceInformation", input: {} },
  { service: "ec2", operation: "DescribeSecurityGroups", input: { MaxResults: 50 } },
] as const;

const REFRESH_BEFORE_EXPIRY_MS = 300_000;

/**
 * Calls AWS with the credentials of an instance's role.
 *
 * As a thief: took them from the metadata service once, and calls from outside; new ones only as long as it has a
 * shell on the instance. As a bystander: the workload on a neighbour, whose SDK refreshes them five minutes early.
 */
export function createCredentialUser(options: CredentialUserOptions): Attacker {
  const { place, instanceId } = options;
  let session: Session | null = options.initial ?? null;
  let explored = 0;
  const refresh = (): void => {
    session = instanceCredentials(place, instanceId) ?? session;
  };
  const explore = (): void => {
    const request = EXPLORATION[explored % EXPLORATION.length];
    if (!options.explores || !session || !request) return;
    const { call, ...from } = options.explores;
    call({ ...request, ...from, accessKeyId: session.accessKeyId });
    explored += 1;
  };
  return createActor(
    { everyMs: 4_000, ...options },
    {
      begin() {
        if (!session) refresh();
        explore();
      },
      beat() {
        if (isRunningOut(session, place.world.now()) && options.canRefresh()) refresh();
        if (!session) return false;
        explore();
        const { accessKeyId } = session;
        return options.authorize({ accessKeyId, action: options.action, resource: options.resource });
      },
    },
  );
}

function isRunningOut(session: Session | null, now: number): boolean {
  return session === null || (session.expiresAt !== null && now >= session.expiresAt - REFRESH_BEFORE_EXPIRY_MS);
}
