import {
  CreateSnapshotsCommand,
  DescribeSnapshotsCommand,
  type Filter,
  type Snapshot as Described,
  type SnapshotInfo,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

const mostPages = 20;

export interface Snapshot {
  readonly id: string;
  /** `vol-ffffffff` for a copy. */
  readonly volumeId: string;
  /** `pending`, `completed`, `error`, or what AWS adds to these. */
  readonly state: string;
  /** Why it failed; null where AWS says nothing. */
  readonly stateMessage: string | null;
  readonly sizeGiB: number;
  readonly encrypted: boolean;
  readonly kmsKeyId: string | null;
  readonly ownerId: string;
  /** Its point in time: what was written to the volume later is not in it. Milliseconds since 1970. */
  readonly startedAt: number;
}

export interface NewSnapshots {
  readonly instanceId: string;
  readonly description: string;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a call for snapshots came to. `busy`: AWS makes no snapshot of one of the volumes just now, and made none of any. */
export type SnapshotsStarted =
  | { readonly kind: "started"; readonly snapshots: readonly Snapshot[] }
  | { readonly kind: "busy"; readonly reason: string };

/**
 * Takes all EBS volumes of an instance at one point in time. The call has no client token: called again it takes them again.
 *
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSnapshots.html
 */
export async function createSnapshots(
  ec2: Sender,
  { instanceId, description, tags }: NewSnapshots,
): Promise<SnapshotsStarted> {
  try {
    const { Snapshots = [] } = await ec2.send(
      new CreateSnapshotsCommand({
        InstanceSpecification: { InstanceId: instanceId, ExcludeBootVolume: false },
        Description: description,
        TagSpecifications: [
          { ResourceType: "snapshot", Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })) },
        ],
      }),
    );
    return { kind: "started", snapshots: Snapshots.map(read) };
  } catch (error) {
    if (hasAwsCode(error, ...snapshotsBusyCodes)) return { kind: "busy", reason: error.message };
    throw error;
  }
}

/** AWS makes no snapshot of a volume just now, too soon after the last one or with too many under way: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html */
export const snapshotsBusyCodes = [
  "SnapshotCreationPerVolumeRateExceeded",
  "ConcurrentSnapshotLimitExceeded",
  "PendingSnapshotLimitExceeded",
];

/** Own snapshots that carry all these tags. Anybody in the account can write tags: they find, and prove nothing. */
export function snapshotsTagged(ec2: Sender, tags: Readonly<Record<string, string>>): Promise<readonly Snapshot[]> {
  return find(
    ec2,
    Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] })),
  );
}

/** Snapshots by id. One that AWS does not show, or not yet, is left out. */
export async function snapshotsById(ec2: Sender, ids: readonly string[]): Promise<readonly Snapshot[]> {
  return ids.length === 0 ? [] : find(ec2, [{ Name: "snapshot-id", Values: [...ids] }]);
}

async function find(ec2: Sender, filters: readonly Filter[]): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { Snapshots = [], NextToken } = await ec2.send(
      new DescribeSnapshotsCommand({
        OwnerIds: ["self"],
        Filters: [...filters],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    found.push(...Snapshots.map(read));
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: "snapshots", pages: String(mostPages) });
}

function read(described: Described | SnapshotInfo): Snapshot {
  const { SnapshotId: id, VolumeId: volumeId, OwnerId: ownerId, StartTime: startTime } = described;
  if (id === undefined || volumeId === undefined || ownerId === undefined || startTime === undefined)
    throw new CordonError("answer_incomplete", { what: "AWS described a snapshot without id, volume, owner or time" });
  return {
    id,
    volumeId,
    ownerId,
    state: described.State ?? "unknown",
    stateMessage: "StateMessage" in described ? (described.StateMessage ?? null) : null,
    sizeGiB: described.VolumeSize ?? 0,
    encrypted: described.Encrypted ?? false,
    kmsKeyId: "KmsKeyId" in described ? (described.KmsKeyId ?? null) : null,
    startedAt: startTime.getTime(),
  };
}
