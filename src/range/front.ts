import { ACTIONS } from "./iam/actions.ts";
import { credentialState, denial, findSession, policiesOf, sessionKeys, userOf } from "./iam/authorize.ts";
import { evaluate, type AccessRequest } from "./iam/evaluate.ts";
import { setPolicyLag } from "./iam/propagation.ts";
import { ConnectionLost, type Fault, type Faults } from "./faults.ts";
import { deniedBy, refusal } from "./refusals.ts";
import { HANDLERS } from "./services/catalogue.ts";
import { remember } from "./services/cloudtrail/remember.ts";
import { DEFAULT_QUOTAS, type Caller, type Context, type Quotas } from "./services/handler.ts";
import { AwsError, notImplemented, type Call } from "./wire/operation.ts";
import { isDisabled } from "./world/region-names.ts";
import type { Throttle } from "./world/throttle.ts";
import type { Session } from "./world/identity.ts";
import type { World } from "./world/world.ts";

/** A call that reached the range, and what came of it. */
export interface ServedCall {
  readonly service: string;
  readonly operation: string;
  readonly callerArn: string | null;
  readonly accountId: string | null;
  readonly region: string;
  readonly input: Record<string, unknown>;
  readonly requestId: string;
  readonly at: number;
  readonly endedAt: number;
  /** AWS's error code; `ConnectionLost` and `Crash` for answers that never came. */
  readonly error: string | null;
  /** What IAM checked. */
  readonly actions: readonly AccessRequest[];
}

export interface FrontOptions {
  readonly world: World;
  /** From sending to answer: half before the effect, half after it; 40 when left out. */
  readonly latencyMs?: number;
  readonly faults?: Faults;
  /** No throttling when left out. */
  readonly throttle?: Throttle;
  readonly onCall?: (call: ServedCall) => void;
  /** A served range takes every key it does not know for an administrator of this account. */
  readonly administratorsByAnyKey?: { readonly account: string } | null;
  readonly quotas?: Partial<Quotas>;
  /** Items on a page when the caller does not say; AWS may always answer with fewer than there are. */
  readonly pageSize?: number;
  /** The fault "pages for ever": every list gives a token for a next page. */
  readonly isEndless?: boolean;
  /** How long changed policies lag at most; see `setPolicyLag`. */
  readonly policyLagMs?: number;
}

type Perform = (call: Call) => Promise<Record<string, unknown>>;

/** One call on its way through, filled in as it goes, so that the record says how far it came. */
interface Passage {
  readonly call: Call;
  readonly at: number;
  caller: Caller | null;
  actions: readonly AccessRequest[];
}

/**
 * AWS's front door, in front of the handlers: time, throttling, who calls, what they may, dry runs, faults, records.
 *
 * The effect of a call happens in one instant of simulated time: concurrent calls interleave only between calls.
 */
export function createFront(options: FrontOptions): Perform {
  const { world, latencyMs = 40, faults, onCall } = options;
  if (options.policyLagMs !== undefined) setPolicyLag(world, options.policyLagMs);
  return async (call) => {
    const passage: Passage = { call, at: world.now(), caller: null, actions: [] };
    const record = (error: string | null): void => onCall?.(served(passage, world.now(), error));
    await world.clock.sleep(latencyMs / 2);
    const fault = faults?.next(call) ?? null;
    try {
      if (faults && fault?.kind === "crash-before") return await crash(faults, call, record);
      const output = remembered(options, passage, fault);
      if (faults && fault?.kind === "crash-after") return await crash(faults, call, record);
      await world.clock.sleep(latencyMs / 2 + (fault?.kind === "late" ? fault.lateMs : 0));
      if (fault?.kind === "lost-answer") throw new ConnectionLost();
      record(null);
      return output;
    } catch (error) {
      if (error instanceof AwsError) await world.clock.sleep(latencyMs / 2);
      record(
        error instanceof AwsError ? error.code : error instanceof ConnectionLost ? "ConnectionLost" : "InternalFailure",
      );
      throw error;
    }
  };
}

/**
 * Serves a call of somebody who lives in the range, in this very instant: IAM decides as ever, no bucket and no fault does.
 *
 * @throws AwsError as AWS would answer.
 */
export function serveNow(world: World, call: Call): Record<string, unknown> {
  return remembered({ world }, { call, at: world.now(), caller: null, actions: [] }, null);
}

function crash(faults: Faults, call: Call, record: (error: string) => void): Promise<never> {
  record("Crash");
  return faults.crash(call);
}

function served({ call, at, caller, actions }: Passage, endedAt: number, error: string | null): ServedCall {
  const { service, operation, region, input, requestId } = call;
  return {
    service,
    operation,
    callerArn: caller?.arn ?? null,
    accountId: caller?.accountId ?? null,
    region,
    input,
    requestId,
    at,
    endedAt,
    error,
    actions,
  };
}

/** What CloudTrail keeps of a call happens with its effect, whatever becomes of the answer. */
function remembered(options: FrontOptions, passage: Passage, fault: Fault | null): Record<string, unknown> {
  const { world } = options;
  try {
    const output = admit(options, passage, fault);
    remember(world, passage, { output });
    return output;
  } catch (error) {
    if (error instanceof AwsError && error.code !== "NotImplemented") remember(world, passage, { error });
    throw error;
  }
}

/** Everything between arrival and answer, in the order in which AWS looks at it. */
function admit(options: FrontOptions, passage: Passage, fault: Fault | null): Record<string, unknown> {
  const { call } = passage;
  const { service, operation, input } = call;
  const perform = HANDLERS[service]?.[operation];
  const row = ACTIONS[service]?.[operation];
  if (!perform || !row) throw notImplemented(service, operation);
  if (fault?.kind === "error") throw refusal(service, "broken");
  const caller = identify(options, call);
  passage.caller = caller;
  if (fault?.kind === "throttle" || isThrottled(options, caller, call)) throw refusal(service, "throttled");
  // https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html: credentials are not known there.
  if (isDisabled(options.world.account(caller.accountId), call.region)) throw refusal(service, "unknownKey");
  const context = contextOf(options, caller, call);
  passage.actions = row.required(context, input);
  if (fault?.kind === "access-denied")
    throw deniedBy(
      service,
      denial("implicitly-denied", { arn: caller.arn, action: `${service}:${operation}`, resource: "*" }),
    );
  check(options.world, passage.actions, caller, call);
  if (fault?.kind === "no-capacity") throw noCapacity();
  if (service === "ec2" && input["DryRun"] === true) {
    throw new AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", {
      status: 412,
      documentation: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html",
    });
  }
  return perform(context, input);
}

/** A fault of AWS's, not of the caller's: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
function noCapacity(): AwsError {
  return new AwsError(
    "InsufficientInstanceCapacity",
    "We currently do not have sufficient capacity in the Availability Zone you requested.",
    { status: 500, documentation: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html" },
  );
}

function identify({ world, administratorsByAnyKey }: FrontOptions, { service, accessKeyId }: Call): Caller {
  const session = accessKeyId === null ? null : findSession(world, accessKeyId);
  if (!session && administratorsByAnyKey) {
    const { account } = administratorsByAnyKey;
    return { accountId: account, arn: `arn:aws:iam::${account}:root`, userId: account, session: null };
  }
  if (accessKeyId === null) throw refusal(service, "unsigned");
  const state = session ? credentialState(world, session) : "inactive";
  if (!session || state === "inactive") throw refusal(service, "unknownKey");
  if (state === "expired") throw refusal(service, "expired");
  return { accountId: session.accountId, arn: session.principalArn, userId: userIdOf(world, session), session };
}

function userIdOf(world: World, session: Session): string {
  if (session.roleName === null) return userOf(world, session)?.id ?? session.accountId;
  return `${world.account(session.accountId).roles.get(session.roleName)?.id ?? ""}:${session.sessionName ?? ""}`;
}

function isThrottled(
  { world, throttle }: FrontOptions,
  { accountId }: Caller,
  { service, operation, region, input }: Call,
): boolean {
  const isFiltered = Object.entries(input).some(
    ([name, value]) => name !== "DryRun" && value !== undefined && !(Array.isArray(value) && value.length === 0),
  );
  const ids = input["InstanceIds"];
  // A launch names none yet, and counts as many as it asks for.
  const count = operation === "RunInstances" ? Number(input["MaxCount"] ?? 1) : Array.isArray(ids) ? ids.length : null;
  const resources = count === null ? {} : { resources: count };
  return (
    throttle !== undefined &&
    !throttle.take({ accountId, region, service, operation, isFiltered, ...resources }, world.now()).allowed
  );
}

/** The Region comes into being when a handler looks at it: a call that is global, or refused, leaves no trace. */
function contextOf(
  { world, quotas, pageSize = 1000, isEndless = false }: FrontOptions,
  caller: Caller,
  call: Call,
): Context {
  return {
    world,
    account: world.account(caller.accountId),
    get region() {
      return world.place(caller.accountId, call.region).region;
    },
    call,
    caller,
    quotas: { ...DEFAULT_QUOTAS, ...quotas },
    pageSize,
    isEndless,
  };
}

function check(
  world: World,
  actions: readonly AccessRequest[],
  { session, arn }: Caller,
  { service, region }: Call,
): void {
  if (!session) return;
  const policies = policiesOf(world, session);
  const common = { ...sessionKeys(world, session), "aws:RequestedRegion": region };
  for (const { action, resource, keys } of actions) {
    const decision = evaluate(policies, { action, resource, keys: { ...common, ...keys } });
    if (decision !== "allowed") throw deniedBy(service, denial(decision, { arn, action, resource }));
  }
}
