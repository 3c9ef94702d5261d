import { expect, it } from "vitest";
import { flowLogsOf } from "../../src/aws/flow-logs.ts";
import { instancesWithProfiles, profilesOfRole } from "../../src/aws/instance-profiles.ts";
import { interfacesOf, interfacesWithGroups } from "../../src/aws/network-interfaces.ts";
import { aclsOfSubnets, autoTrackedInterfaces, rulesOfGroups } from "../../src/aws/network-state.ts";
import { inlinePolicies } from "../../src/aws/roles.ts";
import { findGroups } from "../../src/aws/security-groups.ts";
import { activeSessions } from "../../src/aws/ssm-sessions.ts";
import { vpcIds } from "../../src/aws/vpcs.ts";
import type { StepContext, TargetClients } from "../../src/core/step.ts";
import { onRange } from "./bench.ts";

type Read = (aws: TargetClients, context: StepContext) => Promise<unknown>;

const readers: readonly (readonly [string, Read])[] = [
  ["interfaces of an instance", ({ ec2 }, { target }) => interfacesOf(ec2, target.instanceId)],
  ["interfaces with groups", ({ ec2 }) => interfacesWithGroups(ec2, ["sg-0"])],
  ["always tracked addresses", ({ ec2 }) => autoTrackedInterfaces(ec2, ["vpc-0"])],
  ["rules of groups", ({ ec2 }) => rulesOfGroups(ec2, ["sg-0"])],
  ["network ACLs of subnets", ({ ec2 }) => aclsOfSubnets(ec2, ["subnet-0"])],
  ["groups", ({ ec2 }) => findGroups(ec2, [])],
  ["flow logs", ({ ec2 }) => flowLogsOf(ec2, ["vpc-0"])],
  ["VPCs", ({ ec2 }) => vpcIds(ec2)],
  [
    "instances with profiles",
    ({ ec2 }) => instancesWithProfiles(ec2, ["arn:aws:iam::111122223333:instance-profile/p"]),
  ],
  ["profiles of a role", ({ iam }) => profilesOfRole(iam, "payroll-worker")],
  ["inline policies of a role", ({ iam }) => inlinePolicies(iam, "payroll-worker")],
  ["sessions", ({ ssm }, { target }) => activeSessions(ssm, target.instanceId)],
];

it.each(readers)("a list that never ends is refused, not believed and not read for ever: %s", (_what, read) =>
  onRange({ isEndless: true, latencyMs: 1 }, async ({ context, range }) => {
    await expect(read(context.aws, context)).rejects.toMatchObject({ code: "list_without_end" });
    expect(range.calls.length).toBeGreaterThan(4);
    expect(range.calls.length).toBeLessThan(120);
  }),
);
