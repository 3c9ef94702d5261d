import type { Instance } from "../world/model.ts";
import type { Random } from "../world/random.ts";
import type { Place } from "../world/world.ts";
import { guardDutyEvent } from "./guardduty-event.ts";

const MINUTE_MS = 60_000;

/**
 * A finding about several instances at once: they stand in `service.detection.sequence`, and the first signal is older than
 * the finding.
 * https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-attack-sequence-finding-types.html
 */
export function attackSequenceEvent(
  place: Place,
  random: Random,
  { instances, remoteIp }: { readonly instances: readonly Instance[]; readonly remoteIp: string },
): Readonly<Record<string, unknown>> {
  const [first] = instances;
  if (!first) throw new TypeError("an attack sequence has instances");
  const event = guardDutyEvent(place, random, {
    type: "AttackSequence:EC2/CompromisedInstanceGroup",
    title: `Potential compromise of ${instances.length} EC2 instances that share an IAM role.`,
    description: `Signals on ${instances.length} EC2 instances were put together into an attack sequence.`,
    severity: 9.5,
    role: "TARGET",
    instance: first,
    action: {},
    count: 1,
  });
  const detail = event["detail"] as Readonly<Record<string, unknown>>;
  const service = detail["service"] as Readonly<Record<string, unknown>>;
  const { account, region } = place;
  const sequence = {
    uid: "sequence-1",
    description: "Command and control from several instances of one role",
    additionalSequenceTypes: [],
    actors: [],
    signals: instances.map((instance, index) => signalOf(place, instance, index)),
    resources: instances.map(({ id }) => ({
      uid: arnOf(place, id),
      resourceType: "EC2_INSTANCE",
      accountId: account.id,
      region: region.name,
      service: "ec2",
      tags: [],
      data: {},
    })),
    endpoints: [{ id: "endpoint-1", ip: remoteIp, port: 443 }],
    sequenceIndicators: [],
  };
  return {
    ...event,
    detail: {
      ...detail,
      resource: { resourceType: "AttackSequence" },
      service: { ...service, detection: { sequence } },
    },
  };
}

/** Each instance was taken five minutes after the one before. */
function signalOf(place: Place, { id }: Instance, index: number): Readonly<Record<string, unknown>> {
  const now = place.world.now();
  const first = new Date(now - (40 - 5 * index) * MINUTE_MS).toISOString();
  const last = new Date(now - MINUTE_MS).toISOString();
  return {
    uid: `signal-${index + 1}`,
    type: "FINDING",
    name: "Backdoor:EC2/C&CActivity.B",
    description: `${id} talks to a known command and control server.`,
    createdAt: first,
    updatedAt: last,
    firstSeenAt: first,
    lastSeenAt: last,
    severity: 8,
    count: 12,
    resourceUids: [arnOf(place, id)],
    endpointIds: ["endpoint-1"],
  };
}

function arnOf({ account, region }: Place, instanceId: string): string {
  return `arn:aws:ec2:${region.name}:${account.id}:instance/${instanceId}`;
}
