import type { Image, Snapshot } from "./storage-model.ts";
import type { Place } from "./world.ts";

export interface ImageOptions {
  readonly name: string;
  readonly architecture?: "x86_64" | "arm64";
  readonly platform?: "windows";
  readonly rootDeviceName?: string;
  readonly sizeGiB?: number;
}

/** An image of the account's own that has been there for long, with the snapshot it is launched from. */
export function createImage({ world, region, account }: Place, options: ImageOptions): Image {
  const sizeGiB = options.sizeGiB ?? 8;
  const rootDeviceName = options.rootDeviceName ?? "/dev/xvda";
  const snapshot = world.add<Snapshot>(region.snapshots, {
    id: world.newId("snap"),
    tags: [],
    ownerId: account.id,
    volumeId: "vol-ffffffff",
    sizeGiB,
    description: `Root of ${options.name}`,
    encrypted: false,
    kmsKeyId: null,
    startedAt: world.now() - 86_400_000,
    completesAt: world.now() - 86_000_000,
    failure: null,
    isCopy: true,
    sharedWith: [],
    lock: null,
  });
  return world.add<Image>(region.images, {
    id: world.newId("ami"),
    tags: [],
    ownerId: account.id,
    name: options.name,
    description: "",
    createdAt: world.now() - 86_000_000,
    availableAt: world.now() - 86_000_000,
    failure: null,
    architecture: options.architecture ?? "x86_64",
    platform: options.platform ?? null,
    rootDeviceName,
    devices: [
      {
        deviceName: rootDeviceName,
        snapshotId: snapshot.id,
        sizeGiB,
        volumeType: "gp3",
        encrypted: false,
        deleteOnTermination: true,
      },
    ],
    sourceInstanceId: null,
    launchableBy: [],
  });
}
