import { type ProfileAssociation, rolesOfProfile } from "../aws/instance-profiles.ts";
import { type Role, roleNamed } from "../aws/roles.ts";
import type { Left } from "../core/change.ts";
import type { Finding } from "../core/finding.ts";
import type { StepContext } from "../core/step.ts";
import { profilesOfCase } from "./case-profiles.ts";

/** The roles whose credentials the instance gave out, as far as anything names them. */
export interface RolesOfCase {
  readonly roles: readonly Role[];
  /** Names that stand for no role that could be read, so that nobody can say that its sessions are denied. */
  readonly unknown: readonly Left[];
}

type NamedByFindings = Pick<Finding, "profileArn" | "roleName">;

/**
 * Finds every role that the instance's profile, the case or a finding names.
 *
 * What was stolen counts, not what is attached now: an intruder may have swapped or removed the profile, and credentials
 * outlive the instance itself.
 */
export async function rolesOfCase(
  context: Pick<StepContext, "aws" | "findings" | "outcomes">,
  associations: readonly ProfileAssociation[],
): Promise<RolesOfCase> {
  const { iam } = context.aws;
  const profiles = unique([
    ...associations.map(({ name }) => name),
    ...profilesOfCase(context),
    ...profilesNamed(context.findings),
  ]);
  const ofProfiles = await Promise.all(profiles.map((name) => rolesOfProfile(iam, name)));
  const known = ofProfiles.flatMap((roles) => roles ?? []);
  const gone = profiles.filter((_, index) => ofProfiles[index] === null);
  const empty = profiles.filter((_, index) => ofProfiles[index]?.length === 0);

  // A deleted profile no longer says which role it held. Most profiles are named for their role.
  const names = unique([...rolesNamed(context.findings), ...gone]).filter(
    (name) => !known.some((role) => role.name === name),
  );
  const found = await Promise.all(names.map((name) => roleNamed(iam, name)));
  const missing = rolesNamed(context.findings).filter((name) => found[names.indexOf(name)] === null);
  return {
    roles: distinct([...known, ...found.flatMap((role) => role ?? [])]),
    unknown: [
      ...gone.map((name) => ({
        resource: name,
        reason:
          found[names.indexOf(name)] === null
            ? "the instance profile was deleted, and no role has its name: which role it held is not known"
            : `the instance profile was deleted: the role of the same name is taken for the one that it held`,
      })),
      ...empty.map((name) => ({
        resource: name,
        reason: "the instance profile holds no role now: which role it held is not known",
      })),
      ...missing.map((name) => ({
        resource: name,
        reason: "a finding names this role, and the account has none of it",
      })),
    ],
  };
}

function profilesNamed(findings: readonly NamedByFindings[]): readonly string[] {
  return findings.flatMap(({ profileArn }) =>
    profileArn === undefined ? [] : [profileArn.slice(profileArn.lastIndexOf("/") + 1)],
  );
}

function rolesNamed(findings: readonly NamedByFindings[]): readonly string[] {
  return unique(findings.flatMap(({ roleName }) => roleName ?? []));
}

function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)];
}

function distinct(roles: readonly Role[]): readonly Role[] {
  return [...new Map(roles.map((role) => [role.arn, role])).values()];
}
