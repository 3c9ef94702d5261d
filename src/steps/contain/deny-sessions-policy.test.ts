import { expect, it } from "vitest";
import {
  agentExceptedUntil,
  countedLength,
  deniesRoleBefore,
  denyPolicy,
  policyDenies,
  withFewerReleases,
} from "./deny-sessions-policy.ts";

const one = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa1";
const two = "arn:aws:ec2:eu-west-1:111122223333:instance/i-0aaaaaaaaaaaaaaa2";

it("denies all claimed instances in one statement, each once", () => {
  const document = denyPolicy(
    [
      { deny: "instance", instanceArn: two },
      { deny: "instance", instanceArn: one },
      { deny: "instance", instanceArn: two },
    ],
    null,
  );
  expect(JSON.parse(document!)).toEqual({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "CordonDenyInstances",
        Effect: "Deny",
        Action: "*",
        Resource: "*",
        Condition: { ArnEquals: { "ec2:SourceInstanceArn": [one, two] } },
      },
    ],
  });
});

it("denies a released instance only what it got before the release", () => {
  const issuedBefore = "2026-01-01T12:00:00Z";
  const document = denyPolicy([{ deny: "released", instanceArn: one, issuedBefore }], null);
  expect(JSON.parse(document!).Statement[0].Condition).toEqual({
    ArnEquals: { "ec2:SourceInstanceArn": [one] },
    DateLessThan: { "aws:TokenIssueTime": "2026-01-01T12:00:00Z" },
  });
  expect(policyDenies(document, { deny: "instance", instanceArn: one })).toBe(false);
  expect(policyDenies(document, { deny: "released", instanceArn: one, issuedBefore })).toBe(true);
});

it("lets nothing but an agent's own calls through, to a time that it ends by itself", () => {
  const until = "2026-01-01T12:15:00Z";
  const document = denyPolicy(
    [
      { deny: "instance", instanceArn: one, agentForMs: 900_000 },
      { deny: "instance", instanceArn: two },
    ],
    null,
    { [one]: until },
  );
  expect(JSON.parse(document!).Statement).toEqual([
    {
      Sid: "CordonDenyInstances",
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: { ArnEquals: { "ec2:SourceInstanceArn": [two] } },
    },
    {
      Sid: "CordonDenyAllButAgent",
      Effect: "Deny",
      NotAction: ["ssm:UpdateInstanceInformation", "ssmmessages:*", "ec2messages:*"],
      Resource: "*",
      Condition: { ArnEquals: { "ec2:SourceInstanceArn": [one] } },
    },
    {
      Sid: "CordonDenyCollected1",
      Effect: "Deny",
      Action: "*",
      Resource: "*",
      Condition: {
        ArnEquals: { "ec2:SourceInstanceArn": [one] },
        DateGreaterThanEquals: { "aws:CurrentTime": until },
      },
    },
  ]);
  expect(policyDenies(document, { deny: "instance", instanceArn: one, agentForMs: 900_000 })).toBe(false);
  expect(policyDenies(document, { deny: "instance", instanceArn: two })).toBe(true);
  expect(agentExceptedUntil(document, one)).toBe(until);
  expect(agentExceptedUntil(document, two)).toBeNull();
});

it("is not believed of an agent when more than its calls are let through, or when nothing ends them", () => {
  const condition = { ArnEquals: { "ec2:SourceInstanceArn": one } };
  const but = (NotAction: unknown, more: object = {}) => ({
    Effect: "Deny",
    NotAction,
    Resource: "*",
    Condition: condition,
    ...more,
  });
  const end = {
    Effect: "Deny",
    Action: "*",
    Resource: "*",
    Condition: { ...condition, DateGreaterThanEquals: { "aws:CurrentTime": "2026-01-01T12:15:00Z" } },
  };
  const until = (...Statement: readonly object[]) => agentExceptedUntil(JSON.stringify({ Statement }), one);
  expect(until(but("ssmmessages:*"), end)).toBe("2026-01-01T12:15:00Z");
  expect(until(but(["ssmmessages:*", "s3:*"]), end)).toBeNull();
  expect(until(but("*"), end)).toBeNull();
  expect(until(but("ssmmessages:*", { Resource: "arn:aws:s3:::a" }), end)).toBeNull();
  expect(until(but("ssmmessages:*", { Effect: "Allow" }), end)).toBeNull();
  expect(until(but("ssmmessages:*"))).toBeNull();
  expect(until(end)).toBeNull();
});

it("is no policy at all without claims", () => {
  expect(denyPolicy([], null)).toBeNull();
});

it("is not believed when it allows, when a condition narrows it, or when it is not JSON", () => {
  const statement = (changes: object) =>
    JSON.stringify({
      Statement: {
        Effect: "Deny",
        Action: "*",
        Resource: "*",
        Condition: { ArnEquals: { "ec2:SourceInstanceArn": one } },
        ...changes,
      },
    });
  const wanted = { deny: "instance", instanceArn: one } as const;
  const narrowed = { ArnEquals: { "ec2:SourceInstanceArn": one }, Bool: { "aws:SecureTransport": "false" } };
  expect(policyDenies(statement({}), wanted)).toBe(true);
  expect(policyDenies(statement({ Effect: "Allow" }), wanted)).toBe(false);
  expect(policyDenies(statement({ Action: "s3:*" }), wanted)).toBe(false);
  expect(policyDenies(statement({ Condition: narrowed }), wanted)).toBe(false);
  expect(policyDenies("{", wanted)).toBe(false);
  expect(policyDenies(null, wanted)).toBe(false);
});

it("fits 120 instances into the quota of a role", () => {
  const denies = Array.from({ length: 120 }, (_, index) => ({
    deny: "instance" as const,
    instanceArn: `arn:aws:ec2:ap-southeast-2:111122223333:instance/i-0aaaaaaaaaaaaa${String(index).padStart(3, "0")}`,
  }));
  expect(countedLength(denyPolicy(denies, null)!)).toBeLessThan(10_240);
});

it("lets those share a time of release that lie closest, and the earlier one", () => {
  const released = (instanceArn: string, issuedBefore: string) =>
    ({ deny: "released", instanceArn, issuedBefore }) as const;
  const three = [
    released(one, "2026-01-01T12:00:00Z"),
    released(two, "2026-01-01T12:01:00Z"),
    released("third", "2026-01-01T12:01:10Z"),
  ];
  const shared = withFewerReleases(three);
  expect(shared?.map((each) => (each as { issuedBefore: string }).issuedBefore)).toEqual([
    "2026-01-01T12:00:00Z",
    "2026-01-01T12:01:00Z",
    "2026-01-01T12:01:00Z",
  ]);
  expect(withFewerReleases(shared!)).toEqual(three.map((each) => ({ ...each, issuedBefore: "2026-01-01T12:00:00Z" })));
  expect(withFewerReleases(withFewerReleases(shared!)!)).toBeNull();
});

it("covers by a role-wide deny whoever got the last token before it", () => {
  const document = denyPolicy([{ deny: "role", instanceArn: one, tokensUntil: "x" }], "2026-01-01T12:00:00Z");
  const until = (tokensUntil: string) => ({ deny: "role", instanceArn: one, tokensUntil }) as const;
  expect(policyDenies(document, until("2026-01-01T12:00:00.000Z"))).toBe(true);
  expect(policyDenies(document, until("2026-01-01T12:00:00.001Z"))).toBe(false);
  expect(policyDenies(document, { deny: "roleReleased", instanceArn: one })).toBe(true);
  expect(policyDenies(document, { deny: "instance", instanceArn: one })).toBe(false);
  expect(deniesRoleBefore(document)).toBe("2026-01-01T12:00:00Z");
  expect(deniesRoleBefore(denyPolicy([{ deny: "instance", instanceArn: one }], null))).toBeNull();
});
