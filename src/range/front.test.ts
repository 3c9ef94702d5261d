import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RevokeSecurityGroupEgressCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../core/clock.ts";
import { Faults } from "./faults.ts";
import { createFront, type FrontOptions, type ServedCall } from "./front.ts";
import { inProcessHandler } from "./wire/request-handler.ts";
import { createWire } from "./wire/server.ts";
import { createInstanceProfile, createRole, createUser, instanceCredentials } from "./world/build-identity.ts";
import { launchInstance } from "./world/build-instances.ts";
import { createSubnet, createVpc } from "./world/build-network.ts";
import { seededRandom } from "./world/random.ts";
import { Throttle } from "./world/throttle.ts";
import { World } from "./world/world.ts";

const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
const START = Date.parse("2026-03-01T12:00:00Z");

/** An account with one instance, an administrator, and the instance's role, which may describe. */
function account(options: Partial<FrontOptions> = {}) {
  const clock = new SimulatedClock(START);
  const world = new World({ clock, random: seededRandom(1) });
  const place = world.place("111122223333", "eu-west-1");
  const vpc = createVpc(place, { cidr: "10.0.0.0/16" });
  const subnet = createSubnet(place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
  const role = createRole(place, {
    name: "web",
    inlinePolicies: { read: { Statement: [{ Effect: "Allow", Action: "ec2:Describe*", Resource: "*" }] } },
  });
  const profile = createInstanceProfile(place, { name: "web", roleName: role.name });
  const [defaultGroup] = [...place.region.securityGroups.keys()];
  const { instance, primary } = launchInstance(place, { subnetId: subnet.id, groupIds: [defaultGroup!], profile });
  const { session: administrator } = createUser(place, { name: "admin", inlinePolicies: { all: EVERYTHING } });
  const calls: ServedCall[] = [];
  let requests = 0;
  const perform = createFront({ world, onCall: (call) => calls.push(call), ...options });
  const { handle } = createWire({ requestId: () => `request-${++requests}`, perform });
  const clientOf = (credentials: { accessKeyId: string; secretAccessKey: string }) =>
    new EC2Client({ region: "eu-west-1", maxAttempts: 1, credentials, requestHandler: inProcessHandler(handle) });
  return { clock, world, place, vpc, role, instance, primary, calls, clientOf, ec2: clientOf(administrator) };
}

describe("the front door", () => {
  it("seals an interface with a group of its own", async () => {
    const { clock, ec2, vpc, primary, instance } = account();
    await clock.run(async () => {
      const { GroupId } = await ec2.send(
        new CreateSecurityGroupCommand({ GroupName: "sealed", Description: "none", VpcId: vpc.id }),
      );
      const { SecurityGroups } = await ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId!] }));
      expect(SecurityGroups?.[0]?.IpPermissionsEgress).toMatchObject([
        { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] },
      ]);
      await ec2.send(
        new RevokeSecurityGroupEgressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
        }),
      );
      await ec2.send(
        new ModifyNetworkInterfaceAttributeCommand({ NetworkInterfaceId: primary.id, Groups: [GroupId!] }),
      );
      const { NetworkInterfaces } = await ec2.send(
        new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "attachment.instance-id", Values: [instance.id] }] }),
      );
      expect(NetworkInterfaces?.map(({ Groups }) => Groups)).toEqual([[{ GroupId, GroupName: "sealed" }]]);
      const { Reservations } = await ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance.id] }));
      expect(Reservations?.[0]?.Instances?.[0]).toMatchObject({
        InstanceId: instance.id,
        State: { Name: "running" },
        SecurityGroups: [{ GroupId }],
      });
    });
    expect(clock.now()).toBe(START + 6 * 40);
  });

  it("lets a role do what its policies allow and refuses the rest in EC2's words", async () => {
    const { clock, place, instance, primary, clientOf } = account();
    const thief = clientOf(instanceCredentials(place, instance.id)!);
    await clock.run(async () => {
      await thief.send(new DescribeInstancesCommand({}));
      await expect(
        thief.send(
          new ModifyNetworkInterfaceAttributeCommand({
            NetworkInterfaceId: primary.id,
            SourceDestCheck: { Value: false },
          }),
        ),
      ).rejects.toMatchObject({
        name: "UnauthorizedOperation",
        message: `You are not authorized to perform this operation. User: arn:aws:sts::111122223333:assumed-role/web/${instance.id} is not authorized to perform: ec2:ModifyNetworkInterfaceAttribute on resource: arn:aws:ec2:eu-west-1:111122223333:network-interface/${primary.id} because no identity-based policy allows the ec2:ModifyNetworkInterfaceAttribute action`,
      });
    });
  });

  it("refuses unknown keys and expired sessions", async () => {
    const { clock, place, instance, clientOf } = account();
    await clock.run(async () => {
      await expect(
        clientOf({ accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" }).send(new DescribeInstancesCommand({})),
      ).rejects.toMatchObject({ name: "AuthFailure" });
      const session = instanceCredentials(place, instance.id)!;
      await clock.sleep(6 * 3_600_000);
      await expect(clientOf(session).send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
        name: "RequestExpired",
      });
    });
  });

  it("answers dry runs without an effect", async () => {
    const { clock, ec2, vpc, place } = account();
    await clock.run(async () => {
      await expect(
        ec2.send(
          new CreateSecurityGroupCommand({ GroupName: "dry", Description: "none", VpcId: vpc.id, DryRun: true }),
        ),
      ).rejects.toMatchObject({ name: "DryRunOperation", $metadata: { httpStatusCode: 412 } });
    });
    expect([...place.region.securityGroups.values()].map(({ name }) => name)).toEqual(["default"]);
  });

  it("throttles a caller who empties the bucket", async () => {
    const { clock, ec2, vpc } = account({
      throttle: new Throttle({ limits: { "ec2:CreateSecurityGroup": { burst: 1, refillPerSecond: 1 } } }),
    });
    const create = (name: string) =>
      ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: "none", VpcId: vpc.id }));
    await clock.run(async () => {
      await create("first");
      await expect(create("second")).rejects.toMatchObject({ name: "RequestLimitExceeded" });
      await clock.sleep(1000);
      await create("third");
    });
  });

  it("hits the n-th matching call with a fault, before the effect", async () => {
    const faults = new Faults();
    faults.inject({ kind: "error", operation: "CreateSecurityGroup", nth: 2 });
    const { clock, ec2, vpc, place } = account({ faults });
    const create = (name: string) =>
      ec2.send(new CreateSecurityGroupCommand({ GroupName: name, Description: "none", VpcId: vpc.id }));
    await clock.run(async () => {
      await create("first");
      await expect(create("second")).rejects.toMatchObject({
        name: "InternalError",
        $metadata: { httpStatusCode: 500 },
      });
      await create("third");
    });
    expect([...place.region.securityGroups.values()].map(({ name }) => name)).toEqual(["default", "first", "third"]);
  });

  it("kills the caller after the effect, and the call never settles", async () => {
    const faults = new Faults();
    faults.inject({ kind: "crash-after", operation: "CreateSecurityGroup" });
    const { clock, ec2, vpc, place, calls } = account({ faults });
    let settled = false;
    await clock.run(async () => {
      const mark = (): void => void (settled = true);
      ec2
        .send(new CreateSecurityGroupCommand({ GroupName: "orphan", Description: "none", VpcId: vpc.id }))
        .then(mark, mark);
      await clock.sleep(60_000);
    });
    expect(settled).toBe(false);
    expect(calls.map(({ error }) => error)).toEqual(["Crash"]);
    expect([...place.region.securityGroups.values()].map(({ name }) => name)).toEqual(["default", "orphan"]);
  });

  it("names an existing rule a duplicate and keeps the group as it was", async () => {
    const { clock, ec2, place } = account();
    const [group] = [...place.region.securityGroups.values()];
    const ssh = new AuthorizeSecurityGroupIngressCommand({
      GroupId: group!.id,
      IpPermissions: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: "192.0.2.0/24" }] }],
    });
    await clock.run(async () => {
      await ec2.send(ssh);
      await expect(ec2.send(ssh)).rejects.toMatchObject({ name: "InvalidPermission.Duplicate" });
    });
    expect(group!.rules).toHaveLength(3);
  });

  it("records who called what, when, and what IAM checked", async () => {
    const { clock, ec2, vpc, calls } = account();
    await clock.run(() =>
      ec2.send(
        new CreateSecurityGroupCommand({
          GroupName: "tagged",
          Description: "none",
          VpcId: vpc.id,
          TagSpecifications: [{ ResourceType: "security-group", Tags: [{ Key: "case", Value: "1" }] }],
        }),
      ),
    );
    expect(calls).toMatchObject([
      {
        operation: "CreateSecurityGroup",
        callerArn: "arn:aws:iam::111122223333:user/admin",
        at: START,
        endedAt: START + 40,
        error: null,
      },
    ]);
    expect(calls[0]!.actions.map(({ action, resource }) => [action, resource])).toEqual([
      ["ec2:CreateSecurityGroup", "arn:aws:ec2:eu-west-1:111122223333:security-group/*"],
      ["ec2:CreateSecurityGroup", `arn:aws:ec2:eu-west-1:111122223333:vpc/${vpc.id}`],
      ["ec2:CreateTags", "arn:aws:ec2:eu-west-1:111122223333:security-group/*"],
    ]);
  });
});
