import type {
  CopySnapshotRequest,
  CopySnapshotResult,
  DescribeSnapshotAttributeRequest,
  DescribeSnapshotAttributeResult,
  ModifySnapshotAttributeRequest,
} from "@aws-sdk/client-ec2";
import { awsManagedEbsKey, copyingTimeMs } from "../../world/build-storage.ts";
import { snapshotState, type Snapshot } from "../../world/storage-model.ts";
import { takeBlocks } from "../../world/volume-blocks.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, invalidValue, missingParameter } from "./errors.ts";
import { ownSnapshot, visibleSnapshot } from "./snapshot-access.ts";
import { fromTags, specifiedTags } from "./tags.ts";

/** https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html */
const CONCURRENT_COPIES_PER_DESTINATION = 20;

/** Copies carry a volume id that no volume has: https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html */
const NO_VOLUME = "vol-ffffffff";

/** Into the Region that is called, of a snapshot that is completed: own, or shared with the caller. */
const copy = handler((context, input: CopySnapshotRequest): CopySnapshotResult => {
  const { world, region, account } = context;
  const { SourceRegion: sourceRegion } = input;
  if (sourceRegion === undefined) throw missingParameter("SourceRegion");
  const source = visibleSnapshot(context, { name: sourceRegion }, input.SourceSnapshotId);
  const state = snapshotState(source, world.now());
  if (state !== "completed")
    throw ec2Error("IncorrectState", `The snapshot '${source.id}' is in the '${state}' state.`);
  const underWay = [...region.snapshots.values()].filter(
    (snapshot) => snapshot.isCopy && snapshotState(snapshot, world.now()) === "pending",
  );
  if (underWay.length >= CONCURRENT_COPIES_PER_DESTINATION)
    throw ec2Error(
      "ResourceLimitExceeded",
      "Too many snapshot copies in progress. The limit is 20 for this destination region.",
    );
  const kmsKeyId = keyOfCopy(context, source, input);
  const startedAt = world.now();
  const made = world.add<Snapshot>(region.snapshots, {
    id: world.newId("snap"),
    tags: specifiedTags(input.TagSpecifications, "snapshot"),
    ownerId: account.id,
    volumeId: NO_VOLUME,
    sizeGiB: source.sizeGiB,
    description: input.Description ?? `[Copied ${source.id} from ${sourceRegion}]`,
    encrypted: kmsKeyId !== null,
    kmsKeyId,
    startedAt,
    completesAt: startedAt + copyingTimeMs(context, source.sizeGiB),
    // A key of another account must be shared beside the snapshot: that is the key's own policy to say.
    failure: null,
    isCopy: true,
    sharedWith: [],
    lock: null,
  });
  takeBlocks(made, source);
  return { SnapshotId: made.id, Tags: fromTags(made.tags) };
});

/** What is encrypted stays encrypted; without a key it gets the default one of the account that copies. */
function keyOfCopy(context: Context, source: Snapshot, input: CopySnapshotRequest): string | null {
  if (input.KmsKeyId !== undefined && input.Encrypted !== true)
    throw ec2Error("InvalidParameterDependency", "KmsKeyId needs Encrypted.");
  if (input.Encrypted !== true && !source.encrypted) return null;
  return input.KmsKeyId ?? awsManagedEbsKey(context);
}

/**
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
 * Encrypted snapshots are shared with accounts, never with all; under the AWS-managed key with nobody.
 */
const modify = handler((context, input: ModifySnapshotAttributeRequest) => {
  const snapshot = ownSnapshot(context, input.SnapshotId);
  if (input.Attribute !== undefined && input.Attribute !== "createVolumePermission")
    throw invalidValue(input.Attribute, "attribute", "Only createVolumePermission can be modified.");
  const { added, removed } = permissionsIn(input);
  if (added.length + removed.length === 0) throw missingParameter("createVolumePermission");
  if (snapshot.kmsKeyId === awsManagedEbsKey(context) && added.length > 0)
    throw ec2Error("OperationNotPermitted", "Encrypted snapshots with EBS default key cannot be shared");
  if (snapshot.encrypted && added.includes("all"))
    throw ec2Error("OperationNotPermitted", "Encrypted snapshots cannot be made public");
  const stranger = added.find((user) => user !== "all" && !/^\d{12}$/.test(user));
  if (stranger !== undefined) throw ec2Error("InvalidUserID.Malformed", `Invalid user id: "${stranger}"`);
  context.world.change(snapshot, () => {
    const kept = snapshot.sharedWith.filter((user) => !removed.includes(user));
    snapshot.sharedWith = [...new Set([...kept, ...added])];
  });
  return {};
});

function permissionsIn(input: ModifySnapshotAttributeRequest): {
  readonly added: readonly string[];
  readonly removed: readonly string[];
} {
  const names = (list: readonly { UserId?: string | undefined; Group?: string | undefined }[] | undefined) =>
    (list ?? []).flatMap(({ UserId, Group }) => UserId ?? Group ?? []);
  const { CreateVolumePermission: permission, OperationType: operation } = input;
  const listed = [...(input.UserIds ?? []), ...(input.GroupNames ?? [])];
  return {
    added: [...names(permission?.Add), ...(operation === "add" ? listed : [])],
    removed: [...names(permission?.Remove), ...(operation === "remove" ? listed : [])],
  };
}

const describeAttribute = handler(
  (context, input: DescribeSnapshotAttributeRequest): DescribeSnapshotAttributeResult => {
    const { id } = ownSnapshot(context, input.SnapshotId);
    if (input.Attribute === "productCodes") return { SnapshotId: id, ProductCodes: [] };
    if (input.Attribute !== "createVolumePermission")
      throw invalidValue(input.Attribute, "attribute", "It must be productCodes or createVolumePermission.");
    const shown = context.world.see(context.region.snapshots, id);
    return {
      SnapshotId: id,
      CreateVolumePermissions: (shown?.sharedWith ?? []).map((user) =>
        user === "all" ? { Group: "all" } : { UserId: user },
      ),
    };
  },
);

export const snapshotSharingHandlers = {
  CopySnapshot: copy,
  ModifySnapshotAttribute: modify,
  DescribeSnapshotAttribute: describeAttribute,
};
