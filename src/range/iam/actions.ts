import type { Context } from "../services/handler.ts";
import { ec2Resource, text, texts, type ActionRow } from "./action-row.ts";
import { EBS_ACTIONS } from "./actions-ebs.ts";
import { EC2_ACTIONS } from "./actions-ec2.ts";
import { EVENTS_ACTIONS, STATES_ACTIONS } from "./actions-hand-over.ts";
import { LOGS_ACTIONS } from "./actions-logs.ts";
import { S3_ACTIONS } from "./actions-s3.ts";
import { AUTO_SCALING_ACTIONS, LOAD_BALANCING_ACTIONS } from "./actions-scaling.ts";
import { STORAGE_ACTIONS } from "./actions-storage.ts";

const IAM =
  "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html";
const STS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecuritytokenservice.html";
const SSM = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html";

function onRole(operation: string): readonly [string, ActionRow] {
  const resource = ({ account }: Context, name: string): string =>
    account.roles.get(name)?.arn ?? `arn:aws:iam::${account.id}:role/${name}`;
  const tags = ({ account }: Context, name: string): [string, string][] =>
    (account.roles.get(name)?.tags ?? []).map(({ key, value }) => [`aws:ResourceTag/${key}`, value]);
  return [
    operation,
    {
      documentation: IAM,
      required: (context, { RoleName }) => [
        {
          action: `iam:${operation}`,
          resource: resource(context, text(RoleName)),
          keys: Object.fromEntries(tags(context, text(RoleName))),
        },
      ],
    },
  ];
}

const IAM_ACTIONS: Readonly<Record<string, ActionRow>> = Object.fromEntries([
  onRole("GetRole"),
  onRole("ListRolePolicies"),
  onRole("GetRolePolicy"),
  onRole("PutRolePolicy"),
  onRole("DeleteRolePolicy"),
  onRole("ListAttachedRolePolicies"),
  onRole("ListInstanceProfilesForRole"),
  [
    "ListAccountAliases",
    { documentation: IAM, required: () => [{ action: "iam:ListAccountAliases", resource: "*", keys: {} }] },
  ],
  [
    "SimulatePrincipalPolicy",
    {
      documentation: IAM,
      required: (_, { PolicySourceArn }) => [
        { action: "iam:SimulatePrincipalPolicy", resource: text(PolicySourceArn), keys: {} },
      ],
    },
  ],
  [
    "GetInstanceProfile",
    {
      documentation: IAM,
      required: ({ account }, { InstanceProfileName }) => {
        const name = text(InstanceProfileName);
        return [
          {
            action: "iam:GetInstanceProfile",
            resource: account.instanceProfiles.get(name)?.arn ?? `arn:aws:iam::${account.id}:instance-profile/${name}`,
            keys: {},
          },
        ];
      },
    },
  ],
] satisfies (readonly [string, ActionRow])[]);

const STS_ACTIONS: Readonly<Record<string, ActionRow>> = {
  // Needs no permission, and cannot be denied: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
  GetCallerIdentity: { documentation: STS, required: () => [] },
  AssumeRole: {
    documentation: STS,
    required: (_, { RoleArn }) => [{ action: "sts:AssumeRole", resource: text(RoleArn), keys: {} }],
  },
};

/** A call of Systems Manager that IAM checks without naming a resource. */
function onNothing(operation: string): readonly [string, ActionRow] {
  return [operation, { documentation: SSM, required: () => [{ action: `ssm:${operation}`, resource: "*", keys: {} }] }];
}

const SSM_ACTIONS: Readonly<Record<string, ActionRow>> = {
  ...Object.fromEntries(["GetCommandInvocation", "ListCommandInvocations", "CancelCommand"].map(onNothing)),
  // On the document, and on every instance.
  SendCommand: {
    documentation: SSM,
    required: (context, { DocumentName, InstanceIds }) => [
      {
        action: "ssm:SendCommand",
        resource: `arn:aws:ssm:${context.region.name}::document/${text(DocumentName)}`,
        keys: {},
      },
      ...texts(InstanceIds).map((id) => {
        const { arn, keys } = ec2Resource(context, "instance", id);
        return { action: "ssm:SendCommand", resource: arn, keys };
      }),
    ],
  },
  DescribeSessions: {
    documentation: SSM,
    required: () => [{ action: "ssm:DescribeSessions", resource: "*", keys: {} }],
  },
  DescribeInstanceInformation: {
    documentation: SSM,
    required: () => [{ action: "ssm:DescribeInstanceInformation", resource: "*", keys: {} }],
  },
  TerminateSession: {
    documentation: SSM,
    required: ({ account, region }, { SessionId }) => [
      {
        action: "ssm:TerminateSession",
        resource: `arn:aws:ssm:${region.name}:${account.id}:session/${text(SessionId)}`,
        keys: {},
      },
    ],
  },
};

const CLOUDTRAIL_ACTIONS: Readonly<Record<string, ActionRow>> = {
  LookupEvents: {
    documentation: "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awscloudtrail.html",
    required: () => [{ action: "cloudtrail:LookupEvents", resource: "*", keys: {} }],
  },
};

/** Every action that AWS checks, for every operation that the range serves: what is not here is not served. */
export const ACTIONS: Readonly<Record<string, Readonly<Record<string, ActionRow>>>> = {
  ec2: { ...EC2_ACTIONS, ...STORAGE_ACTIONS },
  autoscaling: AUTO_SCALING_ACTIONS,
  cloudtrail: CLOUDTRAIL_ACTIONS,
  ebs: EBS_ACTIONS,
  elasticloadbalancing: LOAD_BALANCING_ACTIONS,
  events: EVENTS_ACTIONS,
  iam: IAM_ACTIONS,
  logs: LOGS_ACTIONS,
  s3: S3_ACTIONS,
  sts: STS_ACTIONS,
  ssm: SSM_ACTIONS,
  states: STATES_ACTIONS,
};
