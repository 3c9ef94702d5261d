import { codeOf, EC2_API, EC2_ERRORS, eventually, required, type Asking, type Probe } from "../probe.ts";

const ASSOCIATE = `${EC2_API}API_AssociateIamInstanceProfile.html`;

async function associations({ ec2, surroundings }: Asking) {
  const { IamInstanceProfileAssociations = [] } = await ec2.describeIamInstanceProfileAssociations({
    Filters: [{ Name: "instance-id", Values: [surroundings.instanceId] }],
  });
  return IamInstanceProfileAssociations;
}

const shown = (asking: Asking) =>
  eventually(
    () => associations(asking),
    (all) => all.every(({ State }) => State === "associated"),
  );

/** The instance profile, taken away and given back. */
export const profileProbes: readonly Probe[] = [
  {
    id: "the-profile-of-an-instance",
    service: "ec2",
    operation: "DescribeIamInstanceProfileAssociations",
    documented: "The filter instance-id finds the association of an instance, with the profile's ARN and the state.",
    page: `${EC2_API}API_DescribeIamInstanceProfileAssociations.html`,
    expected: [{ state: "associated", isOurs: true, hasId: true }],
    ask: async (asking) =>
      (await shown(asking)).map(({ State, IamInstanceProfile, AssociationId }) => ({
        state: State ?? null,
        isOurs: IamInstanceProfile?.Arn === asking.surroundings.profileArn,
        hasId: AssociationId?.startsWith("iip-assoc-") ?? false,
      })),
  },
  {
    id: "a-second-profile",
    service: "ec2",
    operation: "AssociateIamInstanceProfile",
    documented: "An instance has at most one profile; IncorrectState says that the resource is not in a right state.",
    page: ASSOCIATE,
    expected: "IncorrectState",
    ask: ({ ec2, surroundings }) =>
      codeOf(
        ec2.associateIamInstanceProfile({
          InstanceId: surroundings.instanceId,
          IamInstanceProfile: { Arn: surroundings.profileArn },
        }),
      ),
  },
  {
    id: "a-profile-taken-away-and-given-back",
    service: "ec2",
    operation: "DisassociateIamInstanceProfile",
    documented: "The association is disassociating, then gone; a new association is associating, then associated.",
    page: `${EC2_API}API_DisassociateIamInstanceProfile.html`,
    expected: {
      answer: "disassociating",
      left: 0,
      onInstance: false,
      again: "associating",
      now: ["associated"],
      sameAssociation: false,
    },
    async ask(asking) {
      const { ec2, surroundings } = asking;
      const AssociationId = required((await shown(asking))[0]?.AssociationId);
      const gone = await ec2.disassociateIamInstanceProfile({ AssociationId });
      const left = await eventually(
        () => associations(asking),
        (all) => all.length === 0,
      );
      const { Reservations } = await ec2.describeInstances({ InstanceIds: [surroundings.instanceId] });
      const again = await ec2.associateIamInstanceProfile({
        InstanceId: surroundings.instanceId,
        IamInstanceProfile: { Arn: surroundings.profileArn },
      });
      const now = await shown(asking);
      return {
        answer: gone.IamInstanceProfileAssociation?.State ?? null,
        left: left.length,
        onInstance: Reservations?.[0]?.Instances?.[0]?.IamInstanceProfile !== undefined,
        again: again.IamInstanceProfileAssociation?.State ?? null,
        now: now.map(({ State }) => State ?? null),
        sameAssociation: again.IamInstanceProfileAssociation?.AssociationId === AssociationId,
      };
    },
  },
  {
    id: "an-unknown-association",
    service: "ec2",
    operation: "DisassociateIamInstanceProfile",
    documented: "InvalidAssociationID.NotFound: the association does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidAssociationID.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.disassociateIamInstanceProfile({ AssociationId: "iip-assoc-0123456789abcdef0" })),
  },
  {
    id: "profiles-of-a-role",
    service: "iam",
    operation: "ListInstanceProfilesForRole",
    documented: "Lists the instance profiles that contain the role.",
    page: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html",
    expected: [false, [["payroll-worker", ["payroll-worker"]]]],
    async ask({ iam, surroundings }) {
      const answer = await iam.listInstanceProfilesForRole({ RoleName: surroundings.roleName });
      const profiles = answer.InstanceProfiles ?? [];
      return [
        answer.IsTruncated ?? null,
        profiles.map((each) => [
          each.InstanceProfileName ?? null,
          (each.Roles ?? []).map(({ RoleName }) => RoleName ?? null),
        ]),
      ];
    },
  },
  {
    id: "an-unknown-profile",
    service: "iam",
    operation: "GetInstanceProfile",
    documented: "NoSuchEntity: the request names a resource that does not exist.",
    page: "https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html",
    expected: "NoSuchEntity",
    ask: ({ iam }) => codeOf(iam.getInstanceProfile({ InstanceProfileName: "nobody" })),
  },
];
