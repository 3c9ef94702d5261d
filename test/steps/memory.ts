import { createHash } from "node:crypto";
import type { MemoryTool, Settings } from "../../src/core/settings.ts";
import type { Range } from "../../src/range/range.ts";
import { createVpcEndpoint } from "../../src/range/world/endpoints.ts";
import { manageTarget, type Managed, type ManagedOptions } from "./managed.ts";

/** Where the rehearsed programs lie. */
export const AVML = "/opt/forensics/avml";
export const WINPMEM = "C:\\Forensics\\winpmem.exe";

/** The range runs it for what its path stands for; what is in it only has to hash right. */
export const PROGRAM = new TextEncoder().encode("the program that captures");
const SHA256 = createHash("sha256").update(PROGRAM).digest("hex");

const tool = (path: string): MemoryTool => ({ from: "host", path, sha256: SHA256 });

/** What `memory` of the configuration says in rehearsals. */
export const memorySettings: Pick<Settings, "memory"> = { memory: { linux: tool(AVML), windows: tool(WINPMEM) } };

/** As many bytes as asked for, none of which stands where it would by chance. */
export function memoryOf(bytes: number): Uint8Array {
  const block = Buffer.from(Array.from({ length: 65_536 }, (_, at) => (at * 7 + (at >> 8)) & 0xff));
  const memory = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at += block.length) block.copy(memory, at);
  for (let at = 0; at + 4 <= bytes; at += block.length) memory.writeUInt32LE(at, at);
  return new Uint8Array(memory.buffer, memory.byteOffset, memory.length);
}

/** A target with an agent, the program on its disk, and a way to S3. */
export function captureTarget(
  range: Pick<Range, "world" | "scenario">,
  {
    withoutS3 = false,
    instanceType = "t3.micro", // Little memory, and so few links to sign.
    ...options
  }: ManagedOptions & { readonly withoutS3?: boolean; readonly instanceType?: string } = {},
): Managed {
  const managed = manageTarget(range, {
    memory: memoryOf(100_000),
    files: { [AVML]: PROGRAM, [WINPMEM]: PROGRAM },
    ...options,
  });
  const { place, instance } = managed;
  place.world.change(instance, () => (instance.instanceType = instanceType));
  if (!withoutS3) giveS3(managed);
  return managed;
}

/** An endpoint of S3 in the target's VPC. */
export function giveS3({ place, instance }: Pick<Managed, "place" | "instance">): void {
  const serviceName = `com.amazonaws.${place.region.name}.s3`;
  createVpcEndpoint(place, { vpcId: instance.vpcId, serviceName, kind: "Interface" });
}
