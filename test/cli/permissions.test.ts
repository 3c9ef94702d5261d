import { expect, test } from "vitest";
import { callerPolicy, vaultPolicy } from "../../src/cli/caller-policy.ts";
import { registry } from "../../src/cli/compose.ts";
import { permissionsOf, policyDocument } from "../../src/cli/permissions.ts";
import { readConfig } from "../../src/config/read.ts";
import { evaluate } from "../../src/range/iam/evaluate.ts";
import type { PolicyDocument } from "../../src/range/world/identity.ts";
import { forensicWorkstation } from "../../src/steps/investigate/forensic-workstation.ts";
import type { AnyStep } from "../../src/core/step.ts";
import { volumeSnapshots } from "../../src/steps/preserve/volume-snapshots.ts";
import { asStep } from "../../src/testing/collection-step.ts";
import type { Staging } from "../../src/testing/contract-options.ts";
import { NeededActions } from "../../src/testing/needed-actions.ts";
import { rehearse, wholeCourse } from "../../src/testing/rehearsal.ts";
import { withSmallVolume } from "../contract/storage.ts";
import { prepareWorkstation, withWorkstation } from "../contract/workstations.ts";

const stepNamed = (id: string): AnyStep => registry.get(id)!;

/** The step from plan to release under the printed policies, one for each account, and nothing else. */
async function carriedThrough(id: string, staging: Staging, weaken: (policy: string) => string = (text) => text) {
  const step = stepNamed(id);
  const examined = step.kind === "collection" ? asStep(step) : step;
  if (examined.kind === "assessment") throw new TypeError("changes nothing");
  const examination = { step: examined, options: staging, needed: new NeededActions() };
  await rehearse(examination, async (stage) => {
    const before = (staging.before ?? []).map((each) => each.id);
    const used = [step, ...before.map(stepNamed)];
    const policyFor = (account: "target" | "evidence"): PolicyDocument =>
      JSON.parse(weaken(JSON.stringify(policyDocument(permissionsOf(used, account))))) as PolicyDocument;
    await stage.account.allowBy({ target: policyFor("target"), evidence: policyFor("evidence") });
    await wholeCourse(examination, stage);
  });
}

test.each<[string, Staging]>([
  ["contain.network-acl", { scenario: "c2-beacon" }],
  ["contain.route-table", { scenario: "c2-beacon" }],
  ["contain.role-sessions", { scenario: "stolen-credentials" }],
  ["contain.instance-profile", { scenario: "stolen-credentials" }],
  ["preserve.snapshot-lock", { scenario: "c2-beacon", before: [volumeSnapshots] }],
  [
    "preserve.disk-image",
    { scenario: "c2-beacon", prepare: withSmallVolume, before: [volumeSnapshots], input: { mostGiB: 1 } },
  ],
  [
    "preserve.snapshot-copy",
    {
      scenario: "c2-beacon",
      before: [volumeSnapshots],
      evidenceAccount: "444455556666",
      input: { evidenceAccount: "444455556666" },
    },
  ],
])(
  "%s runs and is reverted under a policy that is held to what it needs",
  async (id, staging) => {
    await expect(carriedThrough(id, staging)).resolves.toBeUndefined();
  },
  60_000,
);

test("the policy gives no more than it must: roles pass to instances, and what Cordon did not make is not deleted", () => {
  const { Statement } = policyDocument(
    permissionsOf(["contain.instance-profile", "contain.network-acl", "contain.role-sessions"].map(stepNamed)),
  );
  const allowing = (action: string) => Statement.find(({ Action }) => Action.includes(action));
  expect(allowing("iam:PassRole")).toMatchObject({
    Resource: "arn:aws:iam::*:role/*",
    Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
  });
  expect(allowing("ec2:DeleteNetworkAcl")).toMatchObject({
    Condition: { StringEquals: { "aws:ResourceTag/cordon:managed": "true" } },
  });
  expect(allowing("iam:PutRolePolicy")).toMatchObject({ Resource: "arn:aws:iam::*:role/*" });
  expect(Statement.at(-1)).toMatchObject({ Effect: "Deny", Action: "ec2:TerminateInstances" });
});

const workstations: Staging = {
  scenario: "c2-beacon",
  prepare: prepareWorkstation,
  settings: withWorkstation,
  before: [volumeSnapshots],
};

test.each(["investigate.forensic-workstation", "investigate.evidence-volumes"])(
  "%s launches, attaches and takes away again what is its own under the printed policy",
  async (id) => {
    const before = id === "investigate.evidence-volumes" ? [volumeSnapshots, forensicWorkstation] : [];
    await expect(carriedThrough(id, { ...workstations, before })).resolves.toBeUndefined();
  },
  60_000,
);

test("under that policy neither a launch without the tag is ended, nor a tag given that would let it", async () => {
  const withoutTheTag = (policy: string): string =>
    policy.replaceAll("ResourceTag/cordon:workstation", "ResourceTag/no");
  await expect(carriedThrough("investigate.forensic-workstation", workstations, withoutTheTag)).rejects.toThrow(
    "TerminateInstances",
  );
  const { Statement } = policyDocument(permissionsOf([stepNamed("investigate.forensic-workstation")]));
  const decide = (action: string, keys: Record<string, string | string[]>) =>
    evaluate([{ Version: "2012-10-17", Statement: [...Statement] }] as never, {
      action,
      resource: "arn:aws:ec2:eu-central-1:111122223333:instance/i-0123456789abcdef0",
      keys,
    });
  const tagging = { "aws:TagKeys": ["cordon:workstation"], "aws:RequestTag/cordon:workstation": "true" };
  expect(decide("ec2:CreateTags", tagging)).toBe("explicitly-denied");
  expect(decide("ec2:CreateTags", { ...tagging, "ec2:CreateAction": "RunInstances" })).toBe("allowed");
  expect(decide("ec2:TerminateInstances", { "aws:ResourceTag/cordon:managed": "true" })).toBe("explicitly-denied");
  expect(decide("ec2:TerminateInstances", { "aws:ResourceTag/cordon:workstation": "true" })).toBe("allowed");
}, 60_000);

test("the same policy for things that Cordon did not make does not carry the route table through", async () => {
  const forOthers = (policy: string): string =>
    policy.replace(
      '"StringEquals":{"aws:ResourceTag/cordon:managed"',
      '"StringNotEquals":{"aws:ResourceTag/cordon:managed"',
    );
  await expect(carriedThrough("contain.route-table", { scenario: "c2-beacon" }, forOthers)).rejects.toThrow(
    "DeleteRouteTable",
  );
}, 60_000);

test("copies need both accounts: the snapshots are shared from the one, and copied under keys of the other", () => {
  const copy = [stepNamed("preserve.snapshot-copy")];
  const actions = (account: "target" | "evidence") =>
    policyDocument(permissionsOf(copy, account)).Statement.flatMap(({ Action }) => Action);
  expect(actions("target")).toContain("ec2:ModifySnapshotAttribute");
  expect(actions("evidence")).not.toContain("ec2:ModifySnapshotAttribute");
  expect(actions("evidence")).toEqual(expect.arrayContaining(["ec2:CopySnapshot", "kms:CreateGrant", "kms:Decrypt"]));
});

test("the caller's policy names each role, bus, state machine and bucket, and nothing where none is configured", () => {
  const config = readConfig(
    `
accounts: { "444455556666": { roleArn: "arn:aws:iam::444455556666:role/Cordon" } }
evidence: { account: "222233334444", roleArn: "arn:aws:iam::222233334444:role/CordonEvidence" }
vault: { bucket: evidence-bucket, prefix: cordon/, lock: { mode: governance, days: 30 } }
routes:
  - when: { type: "Custom:*" }
    to: { eventBus: "arn:aws:events:eu-west-1:111122223333:event-bus/soc" }
  - to: { stateMachine: "arn:aws:states:eu-west-1:111122223333:stateMachine:soc" }
`,
    {},
  );
  expect(callerPolicy(config)!.Statement.map(({ Action, Resource }) => [Action, Resource])).toEqual([
    [["sts:AssumeRole"], ["arn:aws:iam::222233334444:role/CordonEvidence", "arn:aws:iam::444455556666:role/Cordon"]],
    [["events:DescribeEventBus", "events:PutEvents"], ["arn:aws:events:eu-west-1:111122223333:event-bus/soc"]],
    [["states:StartExecution"], ["arn:aws:states:eu-west-1:111122223333:stateMachine:soc"]],
    [
      [
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketVersioning",
        "s3:ListBucket",
        "s3:ListBucketMultipartUploads",
      ],
      ["arn:aws:s3:::evidence-bucket"],
    ],
    [
      [
        "s3:AbortMultipartUpload",
        "s3:GetObject",
        "s3:GetObjectRetention",
        "s3:ListMultipartUploadParts",
        "s3:PutObject",
        "s3:PutObjectRetention",
      ],
      ["arn:aws:s3:::evidence-bucket/cordon/*"],
    ],
  ]);
  expect(callerPolicy(readConfig(null, {}))).toBeNull();
  expect(vaultPolicy(config)).toBeNull();
});
