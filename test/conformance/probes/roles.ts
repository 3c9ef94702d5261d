import { codeOf, IAM_API, SSM_API, STS_API, type Asking, type Probe } from "../probe.ts";

const PUT = `${IAM_API}API_PutRolePolicy.html`;
const GET = `${IAM_API}API_GetRolePolicy.html`;

const document = (action: string): string =>
  JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Deny", Action: action, Resource: "*" }] });

async function put({ iam, surroundings }: Asking, PolicyName: string, PolicyDocument: string): Promise<void> {
  await iam.putRolePolicy({ RoleName: surroundings.roleName, PolicyName, PolicyDocument });
}

async function policy({ iam, surroundings }: Asking, PolicyName: string): Promise<string> {
  const { PolicyDocument = "" } = await iam.getRolePolicy({ RoleName: surroundings.roleName, PolicyName });
  return PolicyDocument;
}

/** Credentials: the role's inline policies, who calls, and sessions. */
export const roleProbes: readonly Probe[] = [
  {
    id: "a-policy-in-url-encoding",
    service: "iam",
    operation: "GetRolePolicy",
    documented: "Policies in the answer are URL-encoded after RFC 3986.",
    page: GET,
    expected: encodeURIComponent(document("*")).replaceAll("*", "%2A"),
    async ask(asking) {
      await put(asking, "conformance-encoded", document("*"));
      return policy(asking, "conformance-encoded");
    },
  },
  {
    id: "a-policy-written-again",
    service: "iam",
    operation: "PutRolePolicy",
    documented: "Adds or updates an inline policy: the name stays one policy, with the new text.",
    page: PUT,
    expected: [document("ec2:*"), 1],
    async ask(asking) {
      for (const action of ["*", "ec2:*"]) await put(asking, "conformance-again", document(action));
      const { PolicyNames = [] } = await asking.iam.listRolePolicies({ RoleName: asking.surroundings.roleName });
      const text = decodeURIComponent(await policy(asking, "conformance-again"));
      return [text, PolicyNames.filter((name) => name === "conformance-again").length];
    },
  },
  {
    id: "a-missing-policy",
    service: "iam",
    operation: "GetRolePolicy",
    documented: "NoSuchEntity: the request names a resource that does not exist.",
    page: GET,
    expected: "NoSuchEntity",
    ask: (asking) => codeOf(policy(asking, "conformance-missing")),
  },
  {
    id: "a-policy-deleted-twice",
    service: "iam",
    operation: "DeleteRolePolicy",
    documented: "NoSuchEntity: the policy of this name does not exist.",
    page: `${IAM_API}API_DeleteRolePolicy.html`,
    expected: ["no error", "NoSuchEntity"],
    async ask(asking) {
      const named = { RoleName: asking.surroundings.roleName, PolicyName: "conformance-deleted" };
      await put(asking, named.PolicyName, document("*"));
      return [await codeOf(asking.iam.deleteRolePolicy(named)), await codeOf(asking.iam.deleteRolePolicy(named))];
    },
  },
  {
    id: "a-policy-that-is-none",
    service: "iam",
    operation: "PutRolePolicy",
    documented: "MalformedPolicyDocument: the policy document is malformed.",
    page: PUT,
    expected: "MalformedPolicyDocument",
    ask: (asking) => codeOf(put(asking, "conformance-malformed", "{not a policy")),
  },
  {
    id: "the-quota-of-a-role",
    service: "iam",
    operation: "PutRolePolicy",
    documented: "LimitExceeded: a role's inline policies have at most 10,240 characters together.",
    page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
    expected: "LimitExceeded",
    ask: (asking) => codeOf(put(asking, "conformance-long", document(`s3:${"x".repeat(10_240)}`))),
  },
  {
    id: "a-policy-for-an-unknown-role",
    service: "iam",
    operation: "PutRolePolicy",
    documented: "NoSuchEntity: the role does not exist.",
    page: PUT,
    expected: "NoSuchEntity",
    ask: ({ iam }) =>
      codeOf(iam.putRolePolicy({ RoleName: "nobody", PolicyName: "conformance", PolicyDocument: document("*") })),
  },
  {
    id: "who-calls",
    service: "sts",
    operation: "GetCallerIdentity",
    documented: "Answers with the caller's account of 12 digits, ARN and unique id.",
    page: `${STS_API}API_GetCallerIdentity.html`,
    expected: { account: true, arn: true, userId: true },
    async ask({ sts }) {
      const { Account = "", Arn = "", UserId = "" } = await sts.getCallerIdentity({});
      return {
        account: /^\d{12}$/.test(Account),
        arn: Arn.startsWith("arn:aws:") && Arn.includes(`:${Account}:`),
        userId: UserId !== "",
      };
    },
  },
  {
    id: "a-role-that-does-not-trust-the-caller",
    service: "sts",
    operation: "AssumeRole",
    documented: "A role can be assumed only by those whom its trust policy names; others get AccessDenied.",
    page: "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html",
    expected: "AccessDenied",
    async ask({ sts, surroundings }) {
      const { Account = "" } = await sts.getCallerIdentity({});
      const RoleArn = `arn:aws:iam::${Account}:role/${surroundings.roleName}`;
      return codeOf(sts.assumeRole({ RoleArn, RoleSessionName: "conformance" }));
    },
  },
  {
    id: "no-sessions",
    service: "ssm",
    operation: "DescribeSessions",
    documented: "The filter Target finds the active sessions of an instance; here there are none.",
    page: `${SSM_API}API_DescribeSessions.html`,
    expected: [],
    async ask({ ssm, surroundings }) {
      const { Sessions = [] } = await ssm.describeSessions({
        State: "Active",
        Filters: [{ key: "Target", value: surroundings.instanceId }],
      });
      return Sessions.map(({ Status }) => Status ?? null);
    },
  },
];
