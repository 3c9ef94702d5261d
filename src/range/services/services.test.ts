import * as ec2 from "@aws-sdk/client-ec2";
import * as iam from "@aws-sdk/client-iam";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../../core/clock.ts";
import { createFront, type FrontOptions } from "../front.ts";
import { authorize } from "../iam/authorize.ts";
import { inProcessHandler } from "../wire/request-handler.ts";
import { createWire } from "../wire/server.ts";
import {
  createInstanceProfile,
  createRole,
  createUser,
  instanceCredentials,
  trustOf,
} from "../world/build-identity.ts";
import { attachInterface, createInterface } from "../world/build-interfaces.ts";
import { launchInstance, registerWithSsm, startSsmSession } from "../world/build-instances.ts";
import {
  allocateAddress,
  associateAddress,
  createInternetGateway,
  createNatGateway,
  createPrefixList,
  createRouteTable,
  createSubnet,
  createVpc,
  putRoute,
} from "../world/build-network.ts";
import { seededRandom } from "../world/random.ts";
import { World } from "../world/world.ts";

const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

/** An account with one of everything, and clients of its administrator. */
function account(options: Partial<FrontOptions> = {}) {
  const clock = new SimulatedClock(Date.parse("2026-03-01T12:00:00Z"));
  const world = new World({ clock, random: seededRandom(7) });
  const place = world.place("111122223333", "eu-west-1");
  const vpc = createVpc(place, { cidr: "10.0.0.0/16", ipv6Cidr: "2001:db8::/56" });
  const subnet = createSubnet(place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
  const table = createRouteTable(place, { vpcId: vpc.id, subnetIds: [subnet.id] });
  putRoute(place, table, "0.0.0.0/0", {
    kind: "internet-gateway",
    id: createInternetGateway(place, { vpcId: vpc.id }).id,
  });
  createNatGateway(place, { subnetId: subnet.id, publicIp: "203.0.113.9" });
  const prefixList = createPrefixList(place, { name: "offices", cidrs: ["198.51.100.0/24"] });
  const role = createRole(place, { name: "web", inlinePolicies: { all: EVERYTHING } });
  const profile = createInstanceProfile(place, { name: "web", roleName: role.name });
  const group = [...place.region.securityGroups.keys()][0]!;
  const { instance, primary } = launchInstance(place, {
    subnetId: subnet.id,
    groupIds: [group],
    profile,
    tags: [{ key: "Name", value: "web" }],
  });
  associateAddress(place, allocateAddress(place, "203.0.113.10"), primary);
  registerWithSsm(place, instance);
  const shell = startSsmSession(place, { instanceId: instance.id, owner: "arn:aws:iam::111122223333:user/eve" });
  const { session } = createUser(place, { name: "admin", inlinePolicies: { all: EVERYTHING } });
  let requests = 0;
  const { handle } = createWire({
    requestId: () => `request-${++requests}`,
    perform: createFront({ world, ...options }),
  });
  const settings = {
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  };
  const clients = {
    ec2: new ec2.EC2Client(settings as object),
    iam: new iam.IAMClient(settings as object),
    sts: new sts.STSClient(settings as object),
    ssm: new ssm.SSMClient(settings as object),
  };
  return { clock, world, place, vpc, subnet, prefixList, role, instance, primary, group, shell, handle, ...clients };
}

describe("EC2", () => {
  it("answers every description in AWS's own shapes", async () => {
    const { clock, ec2: client, place, instance, prefixList, subnet, group } = account();
    const trunk = createInterface(place, { subnetId: subnet.id, groupIds: [group], interfaceType: "trunk" });
    createInterface(place, {
      subnetId: subnet.id,
      groupIds: [group],
      interfaceType: "branch",
      trunkInterfaceId: trunk.id,
    });
    await clock.run(async () => {
      expect((await client.send(new ec2.DescribeInstancesCommand({}))).Reservations).toHaveLength(1);
      expect((await client.send(new ec2.DescribeInstanceStatusCommand({}))).InstanceStatuses).toHaveLength(1);
      expect((await client.send(new ec2.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces).toHaveLength(4);
      expect((await client.send(new ec2.DescribeVpcsCommand({}))).Vpcs).toHaveLength(1);
      expect((await client.send(new ec2.DescribeSubnetsCommand({}))).Subnets?.[0]?.AvailableIpAddressCount).toBe(247);
      expect((await client.send(new ec2.DescribeRouteTablesCommand({}))).RouteTables).toHaveLength(2);
      expect((await client.send(new ec2.DescribeInternetGatewaysCommand({}))).InternetGateways).toHaveLength(1);
      expect((await client.send(new ec2.DescribeNatGatewaysCommand({}))).NatGateways).toHaveLength(1);
      expect((await client.send(new ec2.DescribeNetworkAclsCommand({}))).NetworkAcls?.[0]?.Entries).toHaveLength(8);
      expect((await client.send(new ec2.DescribeAddressesCommand({}))).Addresses?.[0]?.InstanceId).toBe(instance.id);
      expect((await client.send(new ec2.DescribeVolumesCommand({}))).Volumes).toHaveLength(1);
      expect((await client.send(new ec2.DescribeManagedPrefixListsCommand({}))).PrefixLists).toHaveLength(1);
      expect(
        (await client.send(new ec2.GetManagedPrefixListEntriesCommand({ PrefixListId: prefixList.id }))).Entries,
      ).toEqual([{ Cidr: "198.51.100.0/24" }]);
      expect(
        (await client.send(new ec2.DescribeTrunkInterfaceAssociationsCommand({}))).InterfaceAssociations,
      ).toHaveLength(1);
      expect((await client.send(new ec2.DescribeRegionsCommand({}))).Regions).toHaveLength(14);
      expect((await client.send(new ec2.DescribeAvailabilityZonesCommand({}))).AvailabilityZones).toHaveLength(3);
      expect((await client.send(new ec2.DescribeTagsCommand({}))).Tags).toMatchObject([
        { ResourceId: instance.id, ResourceType: "instance", Key: "Name", Value: "web" },
      ]);
      expect((await client.send(new ec2.DescribeSecurityGroupRulesCommand({}))).SecurityGroupRules).toHaveLength(2);
      expect(
        (await client.send(new ec2.DescribeIamInstanceProfileAssociationsCommand({}))).IamInstanceProfileAssociations,
      ).toHaveLength(1);
      const { InstanceTypes } = await client.send(
        new ec2.DescribeInstanceTypesCommand({ InstanceTypes: ["m8i.large"] }),
      );
      expect(InstanceTypes?.[0]?.NetworkInfo?.ConnectionTrackingConfiguration?.DefaultTcpEstablishedTimeout).toBe(350);
      for (const attribute of [
        "disableApiTermination",
        "userData",
        "groupSet",
        "blockDeviceMapping",
        "sourceDestCheck",
      ] as const) {
        await client.send(new ec2.DescribeInstanceAttributeCommand({ InstanceId: instance.id, Attribute: attribute }));
      }
    });
  });

  it("pages through filtered lists and refuses a token it did not issue", async () => {
    const { clock, ec2: client, place, subnet, group } = account();
    for (let index = 0; index < 6; index++) launchInstance(place, { subnetId: subnet.id, groupIds: [group] });
    await clock.run(async () => {
      const first = await client.send(new ec2.DescribeInstancesCommand({ MaxResults: 5 }));
      const second = await client.send(new ec2.DescribeInstancesCommand({ MaxResults: 5, NextToken: first.NextToken }));
      expect([first.Reservations?.length, second.Reservations?.length, second.NextToken]).toEqual([5, 2, undefined]);
      await expect(client.send(new ec2.DescribeInstancesCommand({ NextToken: "nonsense" }))).rejects.toMatchObject({
        name: "InvalidNextToken",
      });
      await expect(
        client.send(new ec2.DescribeInstancesCommand({ Filters: [{ Name: "no-such", Values: ["x"] }] })),
      ).rejects.toMatchObject({ name: "InvalidParameterValue" });
    });
  });

  it("refuses groups of the whole instance when it has two interfaces", async () => {
    const { clock, ec2: client, place, subnet, group, instance } = account();
    attachInterface(place, createInterface(place, { subnetId: subnet.id, groupIds: [group] }), instance, {
      deviceIndex: 1,
    });
    await clock.run(async () => {
      await expect(
        client.send(new ec2.ModifyInstanceAttributeCommand({ InstanceId: instance.id, Groups: [group] })),
      ).rejects.toMatchObject({ name: "InvalidInstanceID" });
    });
  });

  it("keeps one entry for each number and direction of a network ACL, and at most the quota", async () => {
    const { clock, ec2: client, place } = account();
    const acl = [...place.region.networkAcls.values()][0]!;
    const deny = (RuleNumber: number) =>
      client.send(
        new ec2.CreateNetworkAclEntryCommand({
          NetworkAclId: acl.id,
          RuleNumber,
          Egress: true,
          Protocol: "-1",
          RuleAction: "deny",
          CidrBlock: "198.51.100.7/32",
        }),
      );
    await clock.run(async () => {
      for (let number = 1; number <= 18; number++) await deny(number);
      await expect(deny(18)).rejects.toMatchObject({ name: "NetworkAclEntryAlreadyExists" });
      await expect(deny(19)).rejects.toMatchObject({ name: "NetworkAclEntryLimitExceeded" });
      await client.send(new ec2.DeleteNetworkAclEntryCommand({ NetworkAclId: acl.id, RuleNumber: 18, Egress: true }));
      await deny(19);
    });
  });

  it("honours termination protection, then stops the instance in simulated time", async () => {
    const { clock, ec2: client, instance } = account();
    const ids = { InstanceIds: [instance.id] };
    await clock.run(async () => {
      await client.send(
        new ec2.ModifyInstanceAttributeCommand({ InstanceId: instance.id, DisableApiTermination: { Value: true } }),
      );
      await expect(client.send(new ec2.TerminateInstancesCommand(ids))).rejects.toMatchObject({
        name: "OperationNotPermitted",
      });
      const { StoppingInstances } = await client.send(new ec2.StopInstancesCommand(ids));
      expect(StoppingInstances).toMatchObject([
        { PreviousState: { Name: "running" }, CurrentState: { Name: "stopping" } },
      ]);
      await clock.sleep(60_000);
      const { Reservations } = await client.send(new ec2.DescribeInstancesCommand(ids));
      expect(Reservations?.[0]?.Instances?.[0]?.State).toEqual({ Code: 80, Name: "stopped" });
    });
  });

  it("tags, untags, and passes a role when it replaces a profile", async () => {
    const { clock, ec2: client, instance, place } = account();
    createInstanceProfile(place, { name: "isolation", roleName: createRole(place, { name: "isolation" }).name });
    await clock.run(async () => {
      await client.send(new ec2.CreateTagsCommand({ Resources: [instance.id], Tags: [{ Key: "case", Value: "1" }] }));
      await client.send(new ec2.DeleteTagsCommand({ Resources: [instance.id], Tags: [{ Key: "Name" }] }));
      const { IamInstanceProfileAssociation } = await client.send(
        new ec2.ReplaceIamInstanceProfileAssociationCommand({
          AssociationId: instance.profileAssociation!.id,
          IamInstanceProfile: { Name: "isolation" },
        }),
      );
      await client.send(
        new ec2.DisassociateIamInstanceProfileCommand({ AssociationId: IamInstanceProfileAssociation!.AssociationId! }),
      );
    });
    expect([instance.tags, instance.profileAssociation]).toEqual([[{ key: "case", value: "1" }], null]);
  });
});

describe("IAM", () => {
  it("cuts off one instance's stolen sessions by a deny, once the change has reached everything", async () => {
    const { clock, world, place, instance, iam: client } = account({ policyLagMs: 4_000 });
    const { accessKeyId } = instanceCredentials(place, instance.id)!;
    const steal = () =>
      authorize(world, { accessKeyId, action: "s3:GetObject", resource: "arn:aws:s3:::customers/list.csv" });
    const Condition = {
      ArnEquals: { "ec2:SourceInstanceArn": [`arn:aws:ec2:eu-west-1:111122223333:instance/${instance.id}`] },
    };
    expect(steal()).toEqual({ allowed: true });
    await clock.run(async () => {
      await client.send(
        new iam.PutRolePolicyCommand({
          RoleName: "web",
          PolicyName: "cut",
          PolicyDocument: JSON.stringify({
            Version: "2012-10-17",
            Statement: [{ Effect: "Deny", Action: "*", Resource: "*", Condition }],
          }),
        }),
      );
      const { PolicyDocument } = await client.send(
        new iam.GetRolePolicyCommand({ RoleName: "web", PolicyName: "cut" }),
      );
      expect(JSON.parse(decodeURIComponent(PolicyDocument!))).toMatchObject({ Statement: [{ Effect: "Deny" }] });
      await clock.sleep(4_000);
    });
    expect(steal()).toEqual({
      allowed: false,
      code: "AccessDenied",
      message: `User: arn:aws:sts::111122223333:assumed-role/web/${instance.id} is not authorized to perform: s3:GetObject on resource: arn:aws:s3:::customers/list.csv with an explicit deny in an identity-based policy`,
    });
  });

  it("denies only sessions issued before the given time", async () => {
    const { clock, world, place, instance, iam: client } = account({ policyLagMs: 0 });
    const old = instanceCredentials(place, instance.id)!;
    await clock.run(async () => {
      const Condition = { DateLessThan: { "aws:TokenIssueTime": "2026-03-01T12:00:30Z" } };
      await client.send(
        new iam.PutRolePolicyCommand({
          RoleName: "web",
          PolicyName: "AWSRevokeOlderSessions",
          PolicyDocument: JSON.stringify({ Statement: { Effect: "Deny", Action: "*", Resource: "*", Condition } }),
        }),
      );
      await clock.sleep(60_000);
    });
    const fresh = instanceCredentials(place, instance.id)!;
    const may = (accessKeyId: string) =>
      authorize(world, { accessKeyId, action: "s3:GetObject", resource: "*" }).allowed;
    expect([may(old.accessKeyId), may(fresh.accessKeyId)]).toEqual([false, true]);
  });

  it("lists, and refuses more inline policy than a role may have", async () => {
    const { clock, iam: client } = account();
    await clock.run(async () => {
      expect((await client.send(new iam.GetRoleCommand({ RoleName: "web" }))).Role?.Arn).toBe(
        "arn:aws:iam::111122223333:role/web",
      );
      expect((await client.send(new iam.ListRolePoliciesCommand({ RoleName: "web" }))).PolicyNames).toEqual(["all"]);
      expect(
        (await client.send(new iam.ListAttachedRolePoliciesCommand({ RoleName: "web" }))).AttachedPolicies,
      ).toEqual([]);
      expect(
        (await client.send(new iam.ListInstanceProfilesForRoleCommand({ RoleName: "web" }))).InstanceProfiles,
      ).toHaveLength(1);
      expect(
        (await client.send(new iam.GetInstanceProfileCommand({ InstanceProfileName: "web" }))).InstanceProfile?.Roles,
      ).toHaveLength(1);
      const document = JSON.stringify({ Statement: [{ Effect: "Deny", Action: "*", Resource: "x".repeat(10_240) }] });
      await expect(
        client.send(new iam.PutRolePolicyCommand({ RoleName: "web", PolicyName: "big", PolicyDocument: document })),
      ).rejects.toMatchObject({ name: "LimitExceededException" });
      await client.send(new iam.DeleteRolePolicyCommand({ RoleName: "web", PolicyName: "all" }));
      await expect(client.send(new iam.GetRoleCommand({ RoleName: "nobody" }))).rejects.toMatchObject({
        name: "NoSuchEntityException",
      });
    });
  });
});

describe("STS and Systems Manager", () => {
  it("assumes a role that trusts the account, and no other", async () => {
    const { clock, place, sts: client } = account();
    createRole(place, { name: "responder", trustPolicy: trustOf({ AWS: "arn:aws:iam::111122223333:root" }) });
    await clock.run(async () => {
      expect((await client.send(new sts.GetCallerIdentityCommand({}))).Arn).toBe(
        "arn:aws:iam::111122223333:user/admin",
      );
      const { AssumedRoleUser } = await client.send(
        new sts.AssumeRoleCommand({ RoleArn: "arn:aws:iam::111122223333:role/responder", RoleSessionName: "case-1" }),
      );
      expect(AssumedRoleUser?.Arn).toBe("arn:aws:sts::111122223333:assumed-role/responder/case-1");
      await expect(
        client.send(
          new sts.AssumeRoleCommand({ RoleArn: "arn:aws:iam::111122223333:role/web", RoleSessionName: "case-1" }),
        ),
      ).rejects.toMatchObject({ name: "AccessDenied" });
    });
  });

  it("shows an open shell and ends it", async () => {
    const { clock, ssm: client, shell, instance } = account();
    await clock.run(async () => {
      const active = () =>
        client.send(
          new ssm.DescribeSessionsCommand({ State: "Active", Filters: [{ key: "Target", value: instance.id }] }),
        );
      expect((await active()).Sessions?.map(({ SessionId }) => SessionId)).toEqual([shell.id]);
      await client.send(new ssm.TerminateSessionCommand({ SessionId: shell.id }));
      expect((await active()).Sessions).toEqual([]);
      expect((await client.send(new ssm.DescribeInstanceInformationCommand({}))).InstanceInformationList).toMatchObject(
        [{ InstanceId: instance.id, PingStatus: "Online" }],
      );
    });
  });
});
