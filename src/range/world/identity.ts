import type { RegionState, Resource } from "./model.ts";

/** A policy document, parsed. The text as it was put is what handlers give back. */
export interface PolicyDocument {
  Version?: string;
  Statement: unknown;
}

export interface InlinePolicy {
  text: string;
  document: PolicyDocument;
}

export interface AttachedPolicy {
  arn: string;
  name: string;
  document: PolicyDocument;
}

/** An IAM role. Roles lie by name; `id` is the unique AROA... id. */
export interface Role extends Resource {
  readonly name: string;
  readonly arn: string;
  path: string;
  trustPolicy: PolicyDocument;
  inlinePolicies: Map<string, InlinePolicy>;
  attachedPolicies: AttachedPolicy[];
  createdAt: number;
  maxSessionSeconds: number;
}

/** An instance profile, by name. */
export interface InstanceProfile extends Resource {
  readonly name: string;
  readonly arn: string;
  path: string;
  roleNames: string[];
  createdAt: number;
}

export interface AccessKey {
  readonly id: string;
  readonly secret: string;
  status: "Active" | "Inactive";
  createdAt: number;
}

export interface IamUser extends Resource {
  readonly name: string;
  readonly arn: string;
  path: string;
  inlinePolicies: Map<string, InlinePolicy>;
  attachedPolicies: AttachedPolicy[];
  accessKeys: AccessKey[];
  createdAt: number;
}

/** Credentials that somebody can sign with. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** `null` for a user's long-term key. */
  readonly sessionToken: string | null;
  readonly kind: "user" | "assumed-role" | "instance";
  readonly accountId: string;
  /** Of the user, or `arn:aws:sts::...:assumed-role/ROLE/SESSION`. */
  readonly principalArn: string;
  readonly roleArn: string | null;
  readonly roleName: string | null;
  readonly sessionName: string | null;
  /** `aws:TokenIssueTime`. */
  readonly issuedAt: number;
  readonly expiresAt: number | null;
  /** `ec2:SourceInstanceArn`: only in sessions that an instance created, and lost when they assume another role. */
  readonly sourceInstanceArn: string | null;
}

/** One account: its IAM, which is global, and its Regions. */
export interface Account {
  readonly id: string;
  /** At most one, unique among all accounts. */
  alias: string | null;
  readonly regions: Map<string, RegionState>;
  /** Regions that need an opt-in and have it. */
  readonly optedIn: Set<string>;
  readonly roles: Map<string, Role>;
  readonly instanceProfiles: Map<string, InstanceProfile>;
  readonly users: Map<string, IamUser>;
  /** By access key id. */
  readonly sessions: Map<string, Session>;
}
