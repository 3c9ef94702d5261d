import { CopySnapshotCommand, ModifySnapshotAttributeCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode, type AwsCallError } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** `refused`: it is encrypted under the AWS-managed key, which no other account may use. */
export type Shared = { readonly kind: "shared" } | { readonly kind: "refused"; readonly error: AwsCallError };

/**
 * Lets an account make volumes and copies of a snapshot, also of one that is pending. An encrypted snapshot is of use to it
 * only with its key, which its owner shares by the key's own policy.
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
 */
export async function shareSnapshot(ec2: Sender, snapshotId: string, accountId: string): Promise<Shared> {
  try {
    await ec2.send(
      new ModifySnapshotAttributeCommand({
        SnapshotId: snapshotId,
        Attribute: "createVolumePermission",
        CreateVolumePermission: { Add: [{ UserId: accountId }] },
      }),
    );
    return { kind: "shared" };
  } catch (error) {
    if (hasAwsCode(error, "OperationNotPermitted")) return { kind: "refused", error };
    throw error;
  }
}

export interface NewCopy {
  readonly sourceId: string;
  readonly sourceRegion: string;
  readonly description: string;
  /** The key to encrypt it with; null keeps it plain, or takes the default key of the account that copies. */
  readonly keyId: string | null;
  readonly tags: Readonly<Record<string, string>>;
}

/** What a call for a copy came to. `busy`: twenty are under way into this Region, or what was shared is not seen everywhere yet. */
export type CopyStarted =
  { readonly kind: "started"; readonly snapshotId: string } | { readonly kind: "busy"; readonly reason: string };

/**
 * Copies a snapshot that is completed, its own or a shared one, into the account and Region of the clients.
 * The call has no client token. https://docs.aws.amazon.com/ebs/latest/userguide/ebs-copy-snapshot.html
 */
export async function copySnapshot(ec2: Sender, copy: NewCopy): Promise<CopyStarted> {
  try {
    const { SnapshotId } = await ec2.send(
      new CopySnapshotCommand({
        SourceSnapshotId: copy.sourceId,
        SourceRegion: copy.sourceRegion,
        Description: copy.description,
        ...(copy.keyId === null ? {} : { Encrypted: true, KmsKeyId: copy.keyId }),
        TagSpecifications: [
          { ResourceType: "snapshot", Tags: Object.entries(copy.tags).map(([Key, Value]) => ({ Key, Value })) },
        ],
      }),
    );
    if (SnapshotId === undefined)
      throw new CordonError("answer_incomplete", {
        what: `AWS answered without the id of the copy of ${copy.sourceId}`,
      });
    return { kind: "started", snapshotId: SnapshotId };
  } catch (error) {
    if (hasAwsCode(error, "ResourceLimitExceeded", "InvalidSnapshot.NotFound"))
      return { kind: "busy", reason: error.message };
    throw error;
  }
}
