import type {
  DeleteRolePolicyRequest,
  GetInstanceProfileRequest,
  GetInstanceProfileResponse,
  GetRolePolicyRequest,
  GetRolePolicyResponse,
  GetRoleRequest,
  GetRoleResponse,
  InstanceProfile as SdkProfile,
  ListAccountAliasesRequest,
  ListAccountAliasesResponse,
  ListAttachedRolePoliciesRequest,
  ListAttachedRolePoliciesResponse,
  ListInstanceProfilesForRoleRequest,
  ListInstanceProfilesForRoleResponse,
  ListRolePoliciesRequest,
  ListRolePoliciesResponse,
  PutRolePolicyRequest,
  Role as SdkRole,
} from "@aws-sdk/client-iam";
import { policiesChange } from "../iam/propagation.ts";
import { AwsError } from "../wire/operation.ts";
import type { InstanceProfile, PolicyDocument, Role } from "../world/identity.ts";
import { handler, type Context } from "./handler.ts";
import { page } from "./pages.ts";

const IAM = "https://docs.aws.amazon.com/IAM/latest/APIReference/";

function iamError(code: string, message: string, operation: string, status: number): AwsError {
  return new AwsError(code, message, { status, documentation: `${IAM}API_${operation}.html` });
}

function roleNamed({ world, account, call }: Context, name: string | undefined): Role {
  const role = account.roles.get(name ?? "");
  if (!role || !world.see(account.roles, name ?? ""))
    throw iamError("NoSuchEntity", `The role with name ${name ?? ""} cannot be found.`, call.operation, 404);
  return role;
}

/** IAM's answers carry policies URL-encoded after RFC 3986. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function describeRole(role: Role): SdkRole {
  return {
    Path: role.path,
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: new Date(role.createdAt),
    AssumeRolePolicyDocument: encoded(JSON.stringify(role.trustPolicy)),
    MaxSessionDuration: role.maxSessionSeconds,
    Tags: role.tags.map(({ key, value }) => ({ Key: key, Value: value })),
  };
}

/** A stale read shows the role as it was. */
function shown(context: Context, name: string | undefined): Role {
  const role = roleNamed(context, name);
  return context.world.see(context.account.roles, role.name) ?? role;
}

const getRole = handler((context, input: GetRoleRequest): GetRoleResponse => ({
  Role: describeRole(shown(context, input.RoleName)),
}));

function describeProfile({ account }: Context, profile: InstanceProfile): SdkProfile {
  return {
    Path: profile.path,
    InstanceProfileName: profile.name,
    InstanceProfileId: profile.id,
    Arn: profile.arn,
    CreateDate: new Date(profile.createdAt),
    Roles: profile.roleNames
      .flatMap((name) => account.roles.get(name) ?? [])
      .map((role) => ({ ...describeRole(role), Tags: undefined })),
  };
}

const getInstanceProfile = handler((context, input: GetInstanceProfileRequest): GetInstanceProfileResponse => {
  const profile = context.world.see(context.account.instanceProfiles, input.InstanceProfileName ?? "");
  if (!profile)
    throw iamError(
      "NoSuchEntity",
      `Instance Profile ${input.InstanceProfileName ?? ""} cannot be found.`,
      "GetInstanceProfile",
      404,
    );
  return { InstanceProfile: describeProfile(context, profile) };
});

/** IAM pages by Marker and MaxItems, 100 when not said. */
function listed<T>(
  { call, pageSize, isEndless }: Context,
  items: readonly T[],
  input: { readonly MaxItems?: number | undefined; readonly Marker?: string | undefined },
): { readonly items: T[]; readonly IsTruncated: boolean; readonly Marker: string | undefined } {
  const { items: some, token } = page(items, {
    operation: call.operation,
    limit: input.MaxItems,
    token: input.Marker,
    pageSize: Math.min(pageSize, 100),
    isEndless,
    invalidToken: "ValidationError",
  });
  return { items: some, IsTruncated: token !== undefined, Marker: token };
}

const listRolePolicies = handler((context, input: ListRolePoliciesRequest): ListRolePoliciesResponse => {
  const { items, ...rest } = listed(context, [...shown(context, input.RoleName).inlinePolicies.keys()].sort(), input);
  return { PolicyNames: items, ...rest };
});

const listAttachedRolePolicies = handler(
  (context, input: ListAttachedRolePoliciesRequest): ListAttachedRolePoliciesResponse => {
    const { items, ...rest } = listed(context, shown(context, input.RoleName).attachedPolicies, input);
    return { AttachedPolicies: items.map(({ name, arn }) => ({ PolicyName: name, PolicyArn: arn })), ...rest };
  },
);

const listInstanceProfilesForRole = handler(
  (context, input: ListInstanceProfilesForRoleRequest): ListInstanceProfilesForRoleResponse => {
    const { name } = roleNamed(context, input.RoleName);
    const profiles = context.world
      .list(context.account.instanceProfiles)
      .filter(({ roleNames }) => roleNames.includes(name));
    const { items, ...rest } = listed(context, profiles, input);
    return { InstanceProfiles: items.map((profile) => describeProfile(context, profile)), ...rest };
  },
);

const getRolePolicy = handler((context, input: GetRolePolicyRequest): GetRolePolicyResponse => {
  const policy = shown(context, input.RoleName).inlinePolicies.get(input.PolicyName ?? "");
  if (!policy)
    throw iamError(
      "NoSuchEntity",
      `The role policy with name ${input.PolicyName ?? ""} cannot be found.`,
      "GetRolePolicy",
      404,
    );
  return { RoleName: input.RoleName ?? "", PolicyName: input.PolicyName ?? "", PolicyDocument: encoded(policy.text) };
});

/** All inline policies of a role together, without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MAXIMUM_INLINE_CHARACTERS = 10_240;

const putRolePolicy = handler((context, input: PutRolePolicyRequest) => {
  const role = editable(context, input.RoleName);
  const { PolicyName: name = "", PolicyDocument: text = "" } = input;
  if (!/^[\w+=,.@-]{1,128}$/.test(name))
    throw iamError(
      "ValidationError",
      "The specified value for policyName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-",
      "PutRolePolicy",
      400,
    );
  const document = parsePolicy(text);
  const texts = [
    ...[...role.inlinePolicies].filter(([other]) => other !== name).map(([, policy]) => policy.text),
    text,
  ];
  const characters = texts.reduce((sum, each) => sum + each.replaceAll(/\s/g, "").length, 0);
  if (characters > MAXIMUM_INLINE_CHARACTERS) {
    throw iamError(
      "LimitExceeded",
      `Maximum policy size of ${MAXIMUM_INLINE_CHARACTERS} bytes exceeded for role ${role.name}`,
      "PutRolePolicy",
      409,
    );
  }
  policiesChange(context.world, role);
  context.world.change(role, () => role.inlinePolicies.set(name, { text, document }));
  return {};
});

const deleteRolePolicy = handler((context, input: DeleteRolePolicyRequest) => {
  const role = editable(context, input.RoleName);
  const name = input.PolicyName ?? "";
  if (!role.inlinePolicies.has(name))
    throw iamError("NoSuchEntity", `The role policy with name ${name} cannot be found.`, "DeleteRolePolicy", 404);
  policiesChange(context.world, role);
  context.world.change(role, () => role.inlinePolicies.delete(name));
  return {};
});

/** Service-linked roles belong to their service: https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html */
function editable(context: Context, name: string | undefined): Role {
  const role = roleNamed(context, name);
  if (role.path.startsWith("/aws-service-role/"))
    throw iamError(
      "UnmodifiableEntity",
      `Cannot perform the operation on the protected role '${role.name}' - this role is only modifiable by AWS`,
      context.call.operation,
      400,
    );
  return role;
}

function parsePolicy(text: string): PolicyDocument {
  try {
    const document = JSON.parse(text) as PolicyDocument | null;
    const statements = [document?.Statement].flat() as (
      { readonly Effect?: unknown; readonly Principal?: unknown } | undefined
    )[];
    if (
      document &&
      statements.every(
        (each) => each && (each.Effect === "Allow" || each.Effect === "Deny") && each.Principal === undefined,
      )
    )
      return document;
  } catch {
    // Not JSON: answered below.
  }
  throw iamError("MalformedPolicyDocument", "Syntax errors in policy.", "PutRolePolicy", 400);
}

const listAccountAliases = handler(({ account }, _input: ListAccountAliasesRequest): ListAccountAliasesResponse => ({
  AccountAliases: account.alias === null ? [] : [account.alias],
  IsTruncated: false,
}));

export const iamHandlers = {
  ListAccountAliases: listAccountAliases,
  GetRole: getRole,
  GetInstanceProfile: getInstanceProfile,
  ListRolePolicies: listRolePolicies,
  GetRolePolicy: getRolePolicy,
  PutRolePolicy: putRolePolicy,
  DeleteRolePolicy: deleteRolePolicy,
  ListAttachedRolePolicies: listAttachedRolePolicies,
  ListInstanceProfilesForRole: listInstanceProfilesForRole,
};
