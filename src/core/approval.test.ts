import { describe, expect, it, test } from "vitest";
import {
  answersToo,
  approvalHash,
  type ApprovalSubject,
  approvalLines,
  beyondApproval,
  namesHash,
} from "./approval.ts";
import type { Change } from "./change.ts";
import type { Stage } from "./playbook.ts";

const stage: Stage = {
  id: "cut",
  alongside: false,
  around: null,
  after: null,
  within: null,
  needs: [],
  onFailure: "stop",
  approval: null,
  milestone: null,
  responsible: null,
  steps: [{ use: "contain.security-groups", with: { level: "sealed" } }],
};

const seal = (eni: string, more: Partial<Change> = {}): Change => ({
  id: `contain.security-groups/${eni}/groups`,
  step: "contain.security-groups",
  resource: eni,
  attribute: "groups",
  before: ["sg-web"],
  after: ["sg-sealed"],
  ofTarget: true,
  ...more,
});

const deny = (acl: string, resources: readonly string[]): Change => ({
  id: `contain.remote-addresses/${acl}`,
  step: "contain.remote-addresses",
  resource: acl,
  before: [],
  after: ["203.0.113.9/32"],
  blastRadius: { what: "Every subnet of the network ACL.", resources },
});

const target = { account: "111122223333", region: "eu-west-1", instanceId: "i-0a" };
const subject = (changes: readonly Change[], more: Partial<ApprovalSubject> = {}): ApprovalSubject => ({
  playbook: "cut",
  stage,
  target,
  changes,
  ...more,
});
const beyond = (agreed: ApprovalSubject, present: ApprovalSubject): number =>
  beyondApproval(approvalLines(agreed), approvalLines(present)).length;

const agreed = subject([seal("eni-1"), deny("acl-1", ["subnet-1"])]);

test.each<[string, ApprovalSubject]>([
  ["an interface that was attached meanwhile", subject([seal("eni-1"), seal("eni-2"), deny("acl-1", ["subnet-1"])])],
  ["another before", subject([seal("eni-1", { before: ["sg-other"] }), deny("acl-1", ["subnet-1"])])],
  ["another order of changes", subject([deny("acl-1", ["subnet-1"]), seal("eni-1")])],
  ["fewer changes", subject([seal("eni-1")])],
  ["no change at all", subject([])],
])("%s is within what people agreed to", (_name, present) => {
  expect(beyond(agreed, present)).toBe(0);
});

test.each<[string, ApprovalSubject]>([
  ["a wider blast radius", subject([seal("eni-1"), deny("acl-1", ["subnet-1", "subnet-2"])])],
  ["a change of a resource that is not the target's", subject([seal("eni-1"), deny("acl-2", ["subnet-1"])])],
  ["another after", subject([seal("eni-1", { after: ["sg-open"] })])],
  ["another attribute", subject([seal("eni-1", { attribute: "sourceDestCheck" })])],
  ["another step", subject([seal("eni-1", { step: "contain.stop" })])],
  ["an interface that is not the target's own", subject([seal("eni-1", { ofTarget: false })])],
  ["another target", subject([seal("eni-1")], { target: { ...target, instanceId: "i-0b" } })],
  ["another playbook", subject([seal("eni-1")], { playbook: "other" })],
  [
    "another input of a step",
    subject([seal("eni-1")], {
      stage: { ...stage, steps: [{ use: "contain.security-groups", with: { level: "open" } }] },
    }),
  ],
])("%s is beyond it", (_name, present) => {
  expect(beyond(agreed, present)).toBe(1);
});

test("two groups that stand for the same thing are one line", () => {
  const sealed = { approves: "the sealed group of its VPC" };
  const lines = approvalLines(
    subject([seal("eni-1", { after: ["sg-a"], ...sealed }), seal("eni-2", { after: ["sg-b"], ...sealed })]),
  );
  expect(lines).toHaveLength(2);
  expect(lines[1]).toBe(
    '{"after":"the sealed group of its VPC","attribute":"groups","blastRadius":null,"resource":null,"step":"contain.security-groups"}',
  );
});

test("the hash does not depend on the order of the changes, and does on what they do", () => {
  const hash = (changes: readonly Change[]): string => approvalHash(approvalLines(subject(changes)));
  expect(hash([seal("eni-1"), deny("acl-1", [])])).toBe(hash([deny("acl-1", []), seal("eni-1")]));
  expect(hash([seal("eni-1")])).not.toBe(hash([seal("eni-1", { after: ["sg-open"] })]));
});

test("an answer counts for whoever asks the same about a resource that is shared, and never about a target", () => {
  const asked = (instanceId: string, changes: readonly Change[]): readonly string[] =>
    approvalLines({ playbook: "p", stage, target: { ...target, instanceId }, changes });
  const one = asked("i-1", [deny("acl-1", ["i-7"]), deny("acl-2", [])]);
  expect(answersToo(one, asked("i-2", [deny("acl-1", ["i-7"])]))).toBe(true);
  expect(answersToo(one, asked("i-2", [deny("acl-1", ["i-7", "i-8"])]))).toBe(false);
  expect(answersToo(one, asked("i-2", [deny("acl-1", ["i-7"]), deny("acl-3", [])]))).toBe(false);
  expect(answersToo(asked("i-1", [seal("eni-1")]), asked("i-2", [seal("eni-2")]))).toBe(false);
  expect(answersToo(one, asked("i-2", []))).toBe(false);
});

describe("a hash that a person names", () => {
  const hash = "0123456789abcdef0123456789abcdef";

  it.each([hash, hash.slice(0, 16), hash.slice(0, 16).toUpperCase()])("is the hash, or enough of it: %s", (named) => {
    expect(namesHash(named, hash)).toBe(true);
  });

  it.each(["", hash.slice(0, 15), `${hash}0`, "fedcba9876543210", hash.slice(1, 20)])(
    "is not the hash: %j",
    (named) => {
      expect(namesHash(named, hash)).toBe(false);
    },
  );
});
