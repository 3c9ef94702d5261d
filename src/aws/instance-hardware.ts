import { DescribeInstanceTypesCommand, type _InstanceType as InstanceTypeName } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** What kind of machine an instance type is, as far as evidence depends on it. */
export interface InstanceHardware {
  readonly instanceType: string;
  readonly isNitro: boolean;
  readonly isBareMetal: boolean;
  /** AWS's own processors. */
  readonly isGraviton: boolean;
  /** Null where AWS does not say. */
  readonly memoryMiB: number | null;
  /** Disks of the host: erased when the instance stops, and in no snapshot. Empty where the type has none. */
  readonly hostDisks: readonly { readonly count: number; readonly sizeGB: number }[];
}

/** Reads what kind of machine an instance type is. */
export async function hardwareOf(ec2: Sender, instanceType: string): Promise<InstanceHardware> {
  const { InstanceTypes = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as InstanceTypeName] }),
  );
  const described = InstanceTypes.find((each) => each.InstanceType === instanceType);
  const isBareMetal = described?.BareMetal ?? false;
  const architectures: readonly string[] = described?.ProcessorInfo?.SupportedArchitectures ?? [];
  return {
    instanceType,
    isBareMetal,
    // Bare metal has no hypervisor to name; all of it is Nitro.
    isNitro: described?.Hypervisor === "nitro" || isBareMetal,
    // A Mac of Apple's own processors is arm64 as well, and it says so: arm64_mac.
    isGraviton: architectures.includes("arm64"),
    memoryMiB: described?.MemoryInfo?.SizeInMiB ?? null,
    hostDisks: (described?.InstanceStorageInfo?.Disks ?? []).map(({ Count = 1, SizeInGB = 0 }) => ({
      count: Count,
      sizeGB: SizeInGB,
    })),
  };
}
