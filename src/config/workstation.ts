import { z } from "zod";
import type { Settings } from "../core/settings.ts";

const id = (prefix: string, what: string) =>
  z
    .string()
    .regex(
      new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`),
      `expected the id of ${what}, such as ${prefix}-0123456789abcdef0`,
    );

/** The part of `cordon.yaml` that says what a forensic workstation is launched from. */
export const workstationFile = z.strictObject({
  image: id("ami", "an image").describe("The image: yours, with the examiners' tools on it."),
  type: z
    .string()
    .regex(/^[a-z0-9-]+\.[a-z0-9-]+$/, "expected an instance type such as m6i.large")
    .describe("The instance type. It must fit the image's processor."),
  subnet: id("subnet", "a subnet").describe(
    "Where it is launched. In the VPC of the instances it can reach them; anywhere else it has their disks only.",
  ),
  profile: z
    .string()
    .regex(/^[\w+=,.@-]{1,128}$/, "expected the name of an instance profile")
    .optional()
    .describe("The instance profile with which Systems Manager reaches it: one for that, and no more."),
  keyName: z.string().min(1).max(255).optional().describe("A key pair for SSH through a tunnel."),
  keep: z.boolean().default(false).describe("Leave it, and its volumes, when the incident's last case is released."),
});

/** What an operator has set for workstations. */
export type WorkstationSettings = NonNullable<Settings["workstation"]>;

/** The settings that the file describes; null where it says nothing. */
export function workstationOf(file: z.infer<typeof workstationFile> | undefined): WorkstationSettings | null {
  if (file === undefined) return null;
  const { image, type, subnet, profile, keyName, keep } = file;
  return { image, type, subnet, profile: profile ?? null, keyName: keyName ?? null, keep };
}
