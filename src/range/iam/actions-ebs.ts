import type { Context } from "../services/handler.ts";
import { everySnapshot } from "../services/ec2/snapshot-access.ts";
import { on, text, type ActionRow } from "./action-row.ts";
import type { AccessRequest } from "./evaluate.ts";

const EBS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticblockstore.html";

/**
 * The key of an encrypted snapshot, which EBS uses in the caller's name: https://docs.aws.amazon.com/ebs/latest/userguide/ebsapi-permissions.html
 * The key's own policy is taken to leave it to the caller's policies, as the ones that AWS writes do.
 */
function decrypting(context: Context, snapshotId: string): AccessRequest[] {
  const { region } = context;
  const key = everySnapshot(context, region.name).find(({ id }) => id === snapshotId)?.kmsKeyId ?? null;
  if (key === null) return [];
  return [{ action: "kms:Decrypt", resource: key, keys: { "kms:ViaService": `ec2.${region.name}.amazonaws.com` } }];
}

/** What IAM checks for the EBS direct APIs: each on the snapshot, whose ARN names no account. */
export const EBS_ACTIONS: Readonly<Record<string, ActionRow>> = {
  ListSnapshotBlocks: {
    documentation: EBS,
    required: (context, { SnapshotId }) => on(context, "ebs:ListSnapshotBlocks", [["snapshot", text(SnapshotId)]]),
  },
  ListChangedBlocks: {
    documentation: EBS,
    required: (context, { FirstSnapshotId, SecondSnapshotId }) =>
      on(
        context,
        "ebs:ListChangedBlocks",
        [FirstSnapshotId, SecondSnapshotId].flatMap((id) =>
          id === undefined ? [] : [["snapshot", text(id)] as const],
        ),
      ),
  },
  GetSnapshotBlock: {
    documentation: EBS,
    required: (context, { SnapshotId }) => [
      ...on(context, "ebs:GetSnapshotBlock", [["snapshot", text(SnapshotId)]]),
      ...decrypting(context, text(SnapshotId)),
    ],
  },
};
