/** What an operator may set for the steps. */
export interface Settings {
  /** Value of the tag `Purpose` on everything that Cordon makes. */
  readonly purpose: string;
  /** Networks that are never denied automatically: the company's own, partners. CIDR notation. */
  readonly neverDeny: readonly string[];
  /** Name of the instance profile with which an instance is collected from; null where none was made. */
  readonly collectionProfile?: string | null;
  /** The account that snapshots are copied to, and the keys for it; null or absent where none is configured. */
  readonly evidence?: {
    readonly account: string;
    /** A key of that account; null for its default. */
    readonly kmsKeyId: string | null;
    /** A customer key of the target's account, under which a snapshot can be shared. */
    readonly sharingKeyId: string | null;
  } | null;
  /** With which programs memory is captured; null or absent where none was put there. */
  readonly memory?: { readonly linux: MemoryTool | null; readonly windows: MemoryTool | null } | null;
  /** From what the workstation of an incident is launched; null or absent where none is configured. */
  readonly workstation?: {
    readonly image: string;
    readonly type: string;
    readonly subnet: string;
    /** Name of an instance profile: one with which Systems Manager reaches it, and no more. */
    readonly profile: string | null;
    readonly keyName: string | null;
    /** Whether it outlives the incident's last release, with its volumes. */
    readonly keep: boolean;
  } | null;
}

/** A program that an operator put where an instance finds it, and what it must be. */
export type MemoryTool = {
  /** Of the program, in lower-case hex: another is not run. */
  readonly sha256: string;
} & (
  | { readonly from: "host"; readonly path: string }
  /** A key of the vault. */
  | { readonly from: "vault"; readonly key: string }
);

/** The settings alone, of an object that may have more: what a case keeps has no roles, approvers or routes in it. */
export function onlySettings({ purpose, neverDeny, ...rest }: Settings): Settings {
  const { collectionProfile, evidence, memory, workstation } = rest;
  return {
    purpose,
    neverDeny,
    ...(collectionProfile === undefined ? {} : { collectionProfile }),
    ...(evidence == null
      ? {}
      : { evidence: { account: evidence.account, kmsKeyId: evidence.kmsKeyId, sharingKeyId: evidence.sharingKeyId } }),
    ...(memory == null ? {} : { memory }),
    ...(workstation == null ? {} : { workstation }),
  };
}
