/** What the range knows of an instance type. */
export interface InstanceType {
  readonly name: string;
  readonly isNitro: boolean;
  readonly isBareMetal: boolean;
  /** `null` without Nitro. */
  readonly nitroVersion: 2 | 3 | 4 | 5 | 6 | null;
  /** Seconds. 350 on Nitro v6, 432,000 elsewhere. */
  readonly defaultTcpEstablishedTimeout: number;
  readonly maximumInterfaces: number;
  readonly maximumNetworkCards: number;
  readonly ipv4PerInterface: number;
  readonly vcpus: number;
  readonly memoryMiB: number;
  readonly architecture: "x86_64" | "arm64";
  /** Disks of the host itself, all attached as NVMe: erased when the instance stops, and in no snapshot. */
  readonly instanceStorage: InstanceStorage | null;
  readonly attachments: AttachmentLimit;
}

/**
 * How many volumes can be attached, the root one counted. On a `shared` limit, network interfaces and disks of the host
 * count as well. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/volume_limits.html
 */
export interface AttachmentLimit {
  readonly kind: "shared" | "dedicated";
  readonly maximum: number;
}

const DEDICATED: ReadonlySet<string> = new Set(["m7i.large", "r8i.large", "m8i.large", "c8gn.large"]);

function attachmentsOf(name: string, isNitro: boolean): AttachmentLimit {
  if (DEDICATED.has(name)) return { kind: "dedicated", maximum: 32 };
  if (name.includes(".metal")) return { kind: "shared", maximum: 31 };
  return { kind: "shared", maximum: isNitro ? 28 : 40 };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instance-store-volumes.html */
export interface InstanceStorage {
  readonly count: number;
  readonly sizeGB: number;
}

const INSTANCE_STORAGE: Readonly<Record<string, InstanceStorage>> = {
  "m5d.large": { count: 1, sizeGB: 75 },
  "p4d.24xlarge": { count: 8, sizeGB: 1000 },
};

const FIVE_DAYS = 432_000;

function type(
  name: string,
  nitroVersion: InstanceType["nitroVersion"],
  limits: readonly [interfaces: number, ipv4: number, cards: number],
  machine: readonly [vcpus: number, memoryMiB: number],
  architecture: InstanceType["architecture"],
): InstanceType {
  const [maximumInterfaces, ipv4PerInterface, maximumNetworkCards] = limits;
  const [vcpus, memoryMiB] = machine;
  return {
    name,
    isNitro: nitroVersion !== null,
    isBareMetal: name.includes(".metal"),
    nitroVersion,
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
    defaultTcpEstablishedTimeout: nitroVersion === 6 ? 350 : FIVE_DAYS,
    maximumInterfaces,
    maximumNetworkCards,
    ipv4PerInterface,
    vcpus,
    memoryMiB,
    architecture,
    instanceStorage: INSTANCE_STORAGE[name] ?? null,
    attachments: attachmentsOf(name, nitroVersion !== null),
  };
}

/** A dozen common types, from before Nitro to Nitro v6. */
export const INSTANCE_TYPES: ReadonlyMap<string, InstanceType> = new Map(
  [
    type("t2.micro", null, [2, 2, 1], [1, 1024], "x86_64"),
    type("m4.large", null, [2, 10, 1], [2, 8192], "x86_64"),
    type("t3.micro", 3, [2, 2, 1], [2, 1024], "x86_64"),
    type("t3.medium", 3, [3, 6, 1], [2, 4096], "x86_64"),
    type("m5.large", 3, [3, 10, 1], [2, 8192], "x86_64"),
    type("m5.metal", 3, [15, 50, 1], [96, 393_216], "x86_64"),
    type("m5d.large", 3, [3, 10, 1], [2, 8192], "x86_64"),
    type("m5.24xlarge", 3, [15, 50, 1], [96, 393_216], "x86_64"),
    type("c5.xlarge", 3, [4, 15, 1], [4, 8192], "x86_64"),
    type("p4d.24xlarge", 3, [60, 50, 4], [96, 1_179_648], "x86_64"),
    type("m6i.large", 4, [3, 10, 1], [2, 8192], "x86_64"),
    type("m7g.large", 5, [3, 10, 1], [2, 8192], "arm64"),
    type("m7i.large", 4, [3, 10, 1], [2, 8192], "x86_64"),
    type("r8i.large", 6, [3, 10, 1], [2, 16_384], "x86_64"),
    type("m8i.large", 6, [3, 10, 1], [2, 8192], "x86_64"),
    type("c8gn.large", 6, [3, 10, 1], [2, 4096], "arm64"),
  ].map((each) => [each.name, each]),
);

/** The type by name; a type that the range does not know counts as Nitro v3 (the longest timers, settable). */
export function instanceTypeOf(name: string): InstanceType {
  return INSTANCE_TYPES.get(name) ?? type(name, 3, [4, 15, 1], [4, 16_384], "x86_64");
}
