/** Credentials that no deny on the instance's role reaches: named by what indicates them. */
import type { Left } from "../../core/change.ts";
import type { Survivor } from "../../core/containment.ts";
import type { StepContext } from "../../core/step.ts";
import { roleNameOf } from "../contain/deny-sessions-claims.ts";

/** Names that stand for no known role. */
export function unknownRoles(unknown: readonly Left[]): readonly Survivor[] {
  return unknown.map(({ resource, reason }) => ({
    code: "credentials.unknown-role",
    way: `credential of ${resource}`,
    what: `credentials through ${resource}`,
    kind: "credentials",
    certainty: "possible",
    why: reason,
    lever: "a deny on the role, once CloudTrail shows which one it was",
    blastRadius: "depends on the role",
  }));
}

/** Keys of users, and temporary keys whose role no finding names. A role's own keys fall with its sessions. */
export function accessKeySurvivors({ findings }: Pick<StepContext, "findings">): readonly Survivor[] {
  const keys = findings.flatMap(({ accessKeyId, roleName }) =>
    accessKeyId === undefined || roleName !== undefined ? [] : [accessKeyId],
  );
  return [...new Set(keys)].map((key) => ({
    code: "credentials.access-key",
    way: `credential ${key}`,
    scope: { kind: "credential", principal: key, sessions: "instance" },
    what: `access key ${key}`,
    kind: "credentials",
    certainty: "indicated",
    why: "a finding names it, and no deny on a role reaches it",
    lever: key.startsWith("AKIA")
      ? "iam:UpdateAccessKey with the status Inactive"
      : "a deny on the user or role that the key belongs to",
    blastRadius: "everybody who works with that key or principal",
  }));
}

const CONTAINERS = /^(EKSCluster|ECSCluster|Container|ECSTask|KubernetesWorkload)$/;
const CONTAINER_TYPES = /:(Kubernetes|ECS|EKS)\//;

/** Tasks and pods have roles of their own. Tags are no evidence of them; a finding is. */
export function containerSurvivors({ findings }: Pick<StepContext, "findings">): readonly Survivor[] {
  const named = findings.filter(
    ({ resourceType, type }) => CONTAINERS.test(resourceType ?? "") || CONTAINER_TYPES.test(type),
  );
  if (named.length === 0) return [];
  return [
    {
      code: "credentials.container",
      way: "credential of containers",
      what: "credentials of containers on the instance",
      kind: "credentials",
      certainty: "possible",
      why: `finding ${named[0]?.id ?? ""} is about containers, and their roles were not read`,
      lever: "a deny on the task's or pod's role",
      blastRadius: "every task or pod with that role",
    },
  ];
}

/** What needs no further call that a deny could refuse. */
export function boughtSurvivors(roleArns: readonly string[]): readonly Survivor[] {
  if (roleArns.length === 0) return [];
  const names = roleArns.map(roleNameOf).sort().join(", ");
  return [
    {
      code: "credentials.bought",
      way: "tokens obtained before the deny",
      what: `tokens obtained with ${names} before the deny`,
      kind: "credentials",
      certainty: "unfiltered",
      why: "registry tokens live 12 hours, database tokens 15 minutes and their sessions longer, Kubernetes tokens up to 90 days, if the role's policies allow them",
      lever: "the service that trusts the token",
      blastRadius: "depends on the service",
    },
  ];
}
