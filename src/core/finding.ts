import { z } from "zod";

const instant = z.iso.datetime();

/** An address that a finding names on the other side of the traffic. */
export const remoteAddress = z.strictObject({
  address: z.union([z.ipv4(), z.ipv6()]),
  port: z.int().min(0).max(65_535).nullable(),
  protocol: z.enum(["tcp", "udp", "icmp"]).nullable(),
});

/**
 * One detection, in Cordon's own shape, whatever product sent it.
 *
 * The finding comes from outside and its text from an intruder's machine: it is data, and names of resources in it
 * (`interfaces`) are hints that save a round trip, never facts that decide.
 */
export const finding = z.strictObject({
  id: z.string().min(1).max(512),
  source: z.enum(["guardduty", "security-hub", "manual"]),
  type: z.string().min(1).max(256),
  title: z.string().max(1024),
  severity: z.number().min(0).max(10),
  account: z.string().regex(/^\d{12}$/),
  region: z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, "expected one such as eu-west-1"),
  instances: z.array(z.string().regex(/^i-[0-9a-f]{8}([0-9a-f]{9})?$/)),
  /** Whether the instance acts or is acted upon; null where the product does not say. */
  role: z.enum(["actor", "target"]).nullable(),
  remoteAddresses: z.array(remoteAddress),
  /** How the traffic travels when it is not an address: the resolver for DNS findings. */
  channel: z.enum(["dns", "credentials"]).nullable(),
  /** Subnets and VPCs of the interfaces as the product saw them: a hint. */
  interfaces: z.array(
    z.strictObject({ id: z.string(), subnetId: z.string().nullable(), vpcId: z.string().nullable() }),
  ),
  firstSeen: instant,
  lastSeen: instant,
  updatedAt: instant,
  sample: z.boolean(),
  archived: z.boolean(),
  /** The role whose credentials were used elsewhere, where the finding is about credentials. */
  roleName: z.string().max(64).optional(),
  /** The instance profile that the instance had when the finding was made. */
  profileArn: z
    .string()
    .regex(/^arn:[\w-]+:iam::\d{12}:instance-profile\/[\w+=,.@/-]{1,640}$/)
    .optional(),
  /** What the product says the finding is about, for example `AccessKey`, `Instance`, `EKSCluster`. */
  resourceType: z
    .string()
    .regex(/^\w{1,64}$/)
    .optional(),
  /** The access key of those credentials, where the finding names it: a key has no secret in it. */
  accessKeyId: z
    .string()
    .regex(/^[A-Z0-9]{16,128}$/)
    .optional(),
  /** SHA-256 of the raw document as it was received. */
  rawSha256: z.string(),
});

export type Finding = z.infer<typeof finding>;
export type RemoteAddress = z.infer<typeof remoteAddress>;

export type Verdict = "compromised" | "suspected" | "exposure" | "unrelated" | "sample" | "archived";

/** What triage makes of a finding, and why. */
export interface Judgement {
  readonly verdict: Verdict;
  readonly reason: string;
}
