import { HANDLERS } from "../services/catalogue.ts";
import { remember } from "../services/cloudtrail/remember.ts";
import { DEFAULT_QUOTAS } from "../services/handler.ts";
import type { Call } from "../wire/operation.ts";
import type { EventTreatment } from "../world/event-history.ts";
import type { Place } from "../world/world.ts";
import { foundPast } from "./founding.ts";
import type { Principal } from "./principals.ts";

/** A call that somebody made before the simulated beginning. */
export interface PastCall {
  /** Milliseconds since 1970, not after now and not before the last one played here. */
  readonly at: number;
  readonly by: Principal;
  readonly service: Call["service"];
  readonly operation: string;
  readonly input: Record<string, unknown>;
  /** How CloudTrail treats its event. */
  readonly treatment?: EventTreatment;
}

/**
 * Performs a call at a time of the past, as the service performs it, and writes its event: so history and state cannot differ.
 *
 * What builders made before is given its own past first. Permissions are not asked.
 *
 * @throws TypeError when the range has no such operation, or the time is not in order. AwsError as AWS would answer.
 */
export function playPast(place: Place, call: PastCall): Record<string, unknown> {
  const { world, account, region } = place;
  const { at, by, service, operation, input, treatment } = call;
  const perform = HANDLERS[service]?.[operation];
  if (!perform) throw new TypeError(`the range has no operation ${service}:${operation}`);
  const last = world.eventHistory.playedUntil(account.id, region.name);
  if (at > world.now() || at < last)
    throw new TypeError(`calls of the past are played in order and not after now: ${operation}`);
  foundPast(world);
  const then = world.asOf(at);
  const made: Call = {
    service,
    operation,
    input,
    accessKeyId: by.session?.accessKeyId ?? null,
    region: region.name,
    requestId: "",
  };
  const caller = { accountId: account.id, arn: by.arn, userId: by.userId, session: by.session };
  const output = perform(
    { world: then, account, region, call: made, caller, quotas: DEFAULT_QUOTAS, pageSize: 1000, isEndless: false },
    input,
  );
  remember(then, { call: made, at, caller, past: { service: by.service, treatment: treatment ?? null } }, { output });
  world.eventHistory.played({ accountId: account.id, region: region.name, at }, [
    ...region.interfaces.keys(),
    ...region.instances.keys(),
    ...region.securityGroups.keys(),
    ...region.networkAcls.keys(),
    ...region.flowLogs.keys(),
    ...region.prefixLists.keys(),
    ...region.subnets.keys(),
    ...region.vpcs.keys(),
  ]);
  return output;
}
