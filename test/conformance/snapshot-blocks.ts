import { setTimeout as sleep } from "node:timers/promises";
import type { Clients } from "./probe.ts";

/** Reads a snapshot's blocks in every way that there is, and asks for one with a token that nobody gave. */
export async function readSnapshotBlocks({ ec2, ebs }: Clients): Promise<void> {
  const { Volumes = [] } = await ec2.describeVolumes({});
  const { SnapshotId } = await ec2.createSnapshot({ VolumeId: Volumes[0]?.VolumeId });
  for (let look = 0; look < 200; look++) {
    const { Snapshots = [] } = await ec2.describeSnapshots({ SnapshotIds: [SnapshotId ?? ""] });
    if (Snapshots[0]?.State === "completed") break;
    await sleep(50);
  }
  const { Blocks = [] } = await ebs.listSnapshotBlocks({ SnapshotId, MaxResults: 100, StartingBlockIndex: 1 });
  await ebs.getSnapshotBlock({ SnapshotId, BlockIndex: Blocks[0]?.BlockIndex, BlockToken: Blocks[0]?.BlockToken });
  await ebs.listChangedBlocks({ SecondSnapshotId: SnapshotId });
  await ebs.getSnapshotBlock({ SnapshotId, BlockIndex: 0, BlockToken: "AAAA" }).catch(() => {});
}
