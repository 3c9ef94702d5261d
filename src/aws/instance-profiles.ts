import {
  AssociateIamInstanceProfileCommand,
  DescribeIamInstanceProfileAssociationsCommand,
  DisassociateIamInstanceProfileCommand,
  ReplaceIamInstanceProfileAssociationCommand,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { IamInstanceProfileAssociation } from "@aws-sdk/client-ec2";
import { GetInstanceProfileCommand, ListInstanceProfilesForRoleCommand } from "@aws-sdk/client-iam";
import { hasAwsCode } from "./aws-call-error.ts";
import { type Role, roleOf } from "./roles.ts";
import type { Sender } from "./sender.ts";

/** Pages of associations that we read before we give up; a page holds up to 1,000. */
const MOST_PAGES = 50;

/** States in which the instance still gets credentials, or may get them in a moment. */
const LIVE = ["associating", "associated"];

export interface ProfileAssociation {
  readonly associationId: string;
  readonly instanceId: string;
  /** `associating`, `associated`, `disassociating` or `disassociated`. */
  readonly state: string;
  readonly arn: string;
  /** Name of the profile, which need not be the name of its role. */
  readonly name: string;
}

/**
 * Associations of an instance that are not over: at most one is live, another may be on its way out.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeIamInstanceProfileAssociations.html
 */
export async function associationsOf(ec2: Sender, instanceId: string): Promise<readonly ProfileAssociation[]> {
  const { IamInstanceProfileAssociations = [] } = await ec2.send(
    new DescribeIamInstanceProfileAssociationsCommand({
      Filters: [
        { Name: "instance-id", Values: [instanceId] },
        { Name: "state", Values: [...LIVE, "disassociating"] },
      ],
    }),
  );
  return IamInstanceProfileAssociations.flatMap(toAssociation);
}

/** Whether the instance still gets credentials through this association. */
export function isLive({ state }: ProfileAssociation): boolean {
  return LIVE.includes(state);
}

/** Instances of this region that have one of these profiles. The API filters by instance only, so we read all. */
export async function instancesWithProfiles(ec2: Sender, profileArns: readonly string[]): Promise<readonly string[]> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ec2.send(
      new DescribeIamInstanceProfileAssociationsCommand({
        Filters: [{ Name: "state", Values: LIVE }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    const associations = (answer.IamInstanceProfileAssociations ?? []).flatMap(toAssociation);
    found.push(...associations.filter(({ arn }) => profileArns.includes(arn)).map(({ instanceId }) => instanceId));
    token = answer.NextToken;
    if (token === undefined || token === "") return found;
  }
  throw new CordonError("list_without_end", { what: "instance profile associations", pages: String(MOST_PAGES) });
}

/** Gives the instance this profile. The caller needs `iam:PassRole` on the profile's role. */
export async function associateProfile(ec2: Sender, instanceId: string, profileArn: string): Promise<void> {
  await ec2.send(
    new AssociateIamInstanceProfileCommand({ InstanceId: instanceId, IamInstanceProfile: { Arn: profileArn } }),
  );
}

/**
 * Puts another profile in the place of the present one, in one step: there is no moment without one, and none with both.
 * The caller needs `iam:PassRole` on the new profile's role.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ReplaceIamInstanceProfileAssociation.html
 */
export async function replaceProfile(ec2: Sender, associationId: string, profileArn: string): Promise<void> {
  await ec2.send(
    new ReplaceIamInstanceProfileAssociationCommand({
      AssociationId: associationId,
      IamInstanceProfile: { Arn: profileArn },
    }),
  );
}

/** The ARN of a profile; null when the account has none of this name, or none with a role in it. */
export async function profileArn(iam: Sender, profileName: string): Promise<string | null> {
  try {
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: profileName }));
    return (InstanceProfile?.Roles ?? []).length > 0 ? (InstanceProfile?.Arn ?? null) : null;
  } catch (error) {
    if (hasAwsCode(error, "NoSuchEntity", "NoSuchEntityException")) return null;
    throw error;
  }
}

/** Takes the profile away. Credentials that were issued through it go on working. */
export async function disassociateProfile(ec2: Sender, associationId: string): Promise<void> {
  await ec2.send(new DisassociateIamInstanceProfileCommand({ AssociationId: associationId }));
}

/** The roles of a profile: one, by IAM's quota, but the API has a list. Null when the account has no such profile. */
export async function rolesOfProfile(iam: Sender, profileName: string): Promise<readonly Role[] | null> {
  try {
    const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: profileName }));
    return (InstanceProfile?.Roles ?? []).flatMap((role) => roleOf(role) ?? []);
  } catch (error) {
    if (hasAwsCode(error, "NoSuchEntity", "NoSuchEntityException")) return null;
    throw error;
  }
}

/** ARNs of the profiles that hold a role. */
export async function profilesOfRole(iam: Sender, roleName: string): Promise<readonly string[]> {
  const found: string[] = [];
  let marker: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await iam.send(
      new ListInstanceProfilesForRoleCommand({
        RoleName: roleName,
        MaxItems: 1000,
        ...(marker === undefined ? {} : { Marker: marker }),
      }),
    );
    found.push(...(answer.InstanceProfiles ?? []).flatMap(({ Arn }) => (Arn === undefined ? [] : [Arn])));
    marker = answer.IsTruncated === true ? answer.Marker : undefined;
    if (marker === undefined) return found;
  }
  throw new CordonError("list_without_end", {
    what: `instance profiles of role ${roleName}`,
    pages: String(MOST_PAGES),
  });
}

function toAssociation(association: IamInstanceProfileAssociation): ProfileAssociation[] {
  const { AssociationId, InstanceId, IamInstanceProfile, State } = association;
  const arn = IamInstanceProfile?.Arn;
  if (AssociationId === undefined || InstanceId === undefined || arn === undefined || State === undefined) return [];
  const name = arn.slice(arn.lastIndexOf("/") + 1);
  return [{ associationId: AssociationId, instanceId: InstanceId, state: State, arn, name }];
}
