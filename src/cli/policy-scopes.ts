/** What a statement of a policy says beside its actions, and how to ask AWS whether it holds. */
export interface Scope {
  readonly sid: string;
  /** The resources, in an account; `*` stands for any. */
  resources(account: string): readonly string[];
  readonly condition?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** A resource that the statement is about, and the keys that a request would carry: what a simulation asks with. */
  probe(account: string): { readonly resource: string; readonly keys: Readonly<Record<string, string>> };
}

const ANY: Scope = {
  sid: "CordonSteps",
  resources: () => ["*"],
  probe: () => ({ resource: "*", keys: {} }),
};

const ROLES: Scope = {
  sid: "CordonRoles",
  resources: (account) => [`arn:aws:iam::${account}:role/*`],
  probe: (account) => ({ resource: `arn:aws:iam::${account}:role/cordon-doctor`, keys: {} }),
};

const PROFILES: Scope = {
  sid: "CordonInstanceProfiles",
  resources: (account) => [`arn:aws:iam::${account}:instance-profile/*`],
  probe: (account) => ({ resource: `arn:aws:iam::${account}:instance-profile/cordon-doctor`, keys: {} }),
};

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html */
const PASSED_TO_EC2: Scope = {
  ...ROLES,
  sid: "CordonPassesRolesToInstancesOnly",
  condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  probe: (account) => ({
    resource: `arn:aws:iam::${account}:role/cordon-doctor`,
    keys: { "iam:PassedToService": "ec2.amazonaws.com" },
  }),
};

const SESSIONS: Scope = {
  sid: "CordonSessions",
  resources: (account) => [`arn:aws:ssm:*:${account}:session/*`],
  probe: (account) => ({ resource: `arn:aws:ssm:us-east-1:${account}:session/cordon-doctor`, keys: {} }),
};

const managed = { "aws:ResourceTag/cordon:managed": "true" } as const;

/** What Cordon made, and nothing else: it marks everything when it makes it. */
function made(sid: string, resources: Scope["resources"]): Scope {
  return {
    sid,
    resources,
    condition: { StringEquals: managed },
    probe: (account) => ({ resource: (resources(account)[0] ?? "*").replace("*:", "us-east-1:"), keys: managed }),
  };
}

const OWN_SNAPSHOTS = made("CordonSnapshotsThatItTook", () => ["arn:aws:ec2:*::snapshot/*"]);
const OWN_CONTAINERS = made("CordonDeletesWhatItMade", (account) => [
  `arn:aws:ec2:*:${account}:network-acl/*`,
  `arn:aws:ec2:*:${account}:route-table/*`,
]);

const OWN_VOLUMES = made("CordonVolumesThatItMade", (account) => [`arn:aws:ec2:*:${account}:volume/*`]);
const OWN_ATTACHMENTS = made("CordonAttachesWhatItMadeToItsWorkstations", (account) => [
  `arn:aws:ec2:*:${account}:volume/*`,
  `arn:aws:ec2:*:${account}:instance/*`,
]);

/** The tag that a launch of Cordon's gives, and that the policy lets nothing else give. */
export const WORKSTATION_TAG = "cordon:workstation";

const workstationKeys = { [`aws:ResourceTag/${WORKSTATION_TAG}`]: "true" } as const;

/** The only instances that Cordon ever ends. */
const OWN_WORKSTATIONS: Scope = {
  sid: "CordonEndsTheWorkstationsThatItLaunched",
  resources: (account) => [`arn:aws:ec2:*:${account}:instance/*`],
  condition: { StringEquals: workstationKeys },
  probe: (account) => ({
    resource: `arn:aws:ec2:us-east-1:${account}:instance/i-00000000000000000`,
    keys: workstationKeys,
  }),
};

/** EC2 calls KMS in the caller's name: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html */
const KEYS: Scope = {
  sid: "CordonKeysOfVolumes",
  resources: () => ["*"], // A copy is read under the other account's key; that key's own policy decides.
  condition: { StringLike: { "kms:ViaService": "ec2.*.amazonaws.com" } },
  probe: (account) => ({
    resource: `arn:aws:kms:us-east-1:${account}:key/00000000-0000-4000-8000-000000000000`,
    keys: { "kms:ViaService": "ec2.us-east-1.amazonaws.com" },
  }),
};

/** Actions that AWS can hold to less than everything. `DeleteNetworkAclEntry` is none: entries of anybody's are put back. */
const SCOPES: Readonly<Record<string, Scope>> = {
  "ec2:AttachVolume": OWN_ATTACHMENTS,
  "ebs:GetSnapshotBlock": OWN_SNAPSHOTS,
  "ebs:ListSnapshotBlocks": OWN_SNAPSHOTS,
  "ec2:DeleteNetworkAcl": OWN_CONTAINERS,
  "ec2:DeleteRouteTable": OWN_CONTAINERS,
  "ec2:DeleteVolume": OWN_VOLUMES,
  "ec2:DetachVolume": OWN_ATTACHMENTS,
  "ec2:LockSnapshot": OWN_SNAPSHOTS,
  "ec2:ModifySnapshotAttribute": OWN_SNAPSHOTS,
  "ec2:TerminateInstances": OWN_WORKSTATIONS,
  "iam:DeleteRolePolicy": ROLES,
  "iam:GetInstanceProfile": PROFILES,
  "iam:GetRole": ROLES,
  "iam:GetRolePolicy": ROLES,
  "iam:ListAttachedRolePolicies": ROLES,
  "iam:ListInstanceProfilesForRole": ROLES,
  "iam:ListRolePolicies": ROLES,
  "iam:PassRole": PASSED_TO_EC2,
  "iam:PutRolePolicy": ROLES,
  "ssm:TerminateSession": SESSIONS,
};

/** What an action is held to. */
export function scopeOf(action: string): Scope {
  return SCOPES[action] ?? (action.startsWith("kms:") ? KEYS : ANY);
}

/**
 * What EC2 asks of KMS in the caller's name where volumes and snapshots lie under a customer key:
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
 */
export const KEY_ACTIONS: Readonly<Record<string, readonly string[]>> = {
  "ec2:CopySnapshot": [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
  "ec2:AttachVolume": ["kms:CreateGrant", "kms:Decrypt"],
  "ec2:CreateVolume": [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
  "ec2:RunInstances": [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
  ],
  "ec2:StartInstances": ["kms:CreateGrant"],
};
