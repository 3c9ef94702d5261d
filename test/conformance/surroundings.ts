import { type Clients, required, type Surroundings } from "./probe.ts";
import { createScalingGroup } from "./scaling-stage.ts";
import type { ServerKind } from "./servers.ts";
import { createStateMachine, STATE_MACHINE_IN_RANGE } from "./state-machine.ts";

type Foundation = Omit<Surroundings, "webGroupId" | "sealedGroupId" | "stateMachineArn">;

/** Builds, or finds, what the probes work on. */
export async function surroundingsOf(
  kind: Pick<ServerKind, "name" | "services">,
  clients: Clients,
): Promise<Surroundings> {
  // The range stages its accounts and has no calls to build one.
  const foundation = kind.name === "range" ? await found(clients) : await built(clients);
  const { vpcId } = foundation;
  if (kind.name !== "range" && kind.services.includes("autoscaling")) await createScalingGroup(clients, foundation);
  const webGroupId = await createGroup(clients, vpcId, "conformance-web");
  const sealedGroupId = await createGroup(clients, vpcId, "conformance-sealed");
  await clients.ec2.authorizeSecurityGroupIngress({
    GroupId: webGroupId,
    IpPermissions: [{ IpProtocol: "tcp", FromPort: 443, ToPort: 443, IpRanges: [{ CidrIp: "198.51.100.0/24" }] }],
  });
  await clients.ec2.revokeSecurityGroupEgress({
    GroupId: sealedGroupId,
    IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }],
  });
  const makesMachines = kind.name !== "range" && kind.services.includes("states");
  const stateMachineArn = makesMachines ? await createStateMachine(clients) : STATE_MACHINE_IN_RANGE;
  return { ...foundation, webGroupId, sealedGroupId, stateMachineArn };
}

async function createGroup({ ec2 }: Clients, vpcId: string, name: string): Promise<string> {
  const { GroupId } = await ec2.createSecurityGroup({
    GroupName: name,
    Description: "a conformance test",
    VpcId: vpcId,
  });
  return required(GroupId);
}

async function found({ ec2 }: Clients): Promise<Foundation> {
  const { Reservations } = await ec2.describeInstances({});
  const instance = required(Reservations?.[0]?.Instances?.[0]);
  const [primary, secondary] = [0, 1].map((index) =>
    instance.NetworkInterfaces?.find(({ Attachment }) => Attachment?.DeviceIndex === index),
  );
  const profileArn = required(instance.IamInstanceProfile?.Arn);
  return {
    vpcId: required(instance.VpcId),
    subnetId: required(instance.SubnetId),
    instanceId: required(instance.InstanceId),
    primaryId: required(primary?.NetworkInterfaceId),
    secondaryId: required(secondary?.NetworkInterfaceId),
    roleName: "payroll-worker",
    profileName: "payroll-worker",
    profileArn,
  };
}

const trust = {
  Version: "2012-10-17",
  Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
};

async function built(clients: Clients): Promise<Foundation> {
  const { ec2, iam } = clients;
  const { Vpc } = await ec2.createVpc({ CidrBlock: "10.20.0.0/16" });
  const vpcId = required(Vpc?.VpcId);
  const { Subnet } = await ec2.createSubnet({ VpcId: vpcId, CidrBlock: "10.20.1.0/24" });
  const subnetId = required(Subnet?.SubnetId);
  const name = "payroll-worker";
  await iam.createRole({ RoleName: name, AssumeRolePolicyDocument: JSON.stringify(trust) });
  const { InstanceProfile } = await iam.createInstanceProfile({ InstanceProfileName: name });
  await iam.addRoleToInstanceProfile({ InstanceProfileName: name, RoleName: name });
  const { Instances } = await ec2.runInstances({
    ImageId: "ami-12c6146b",
    InstanceType: "m5.large",
    MinCount: 1,
    MaxCount: 1,
    SubnetId: subnetId,
    SecurityGroupIds: [await createGroup(clients, vpcId, "conformance-workload")],
    IamInstanceProfile: { Name: name },
  });
  const instanceId = required(Instances?.[0]?.InstanceId);
  const { NetworkInterface } = await ec2.createNetworkInterface({ SubnetId: subnetId });
  const secondaryId = required(NetworkInterface?.NetworkInterfaceId);
  await ec2.attachNetworkInterface({ InstanceId: instanceId, NetworkInterfaceId: secondaryId, DeviceIndex: 1 });
  const { NetworkInterfaces } = await ec2.describeNetworkInterfaces({
    Filters: [{ Name: "attachment.instance-id", Values: [instanceId] }],
  });
  const primary = NetworkInterfaces?.find(({ NetworkInterfaceId }) => NetworkInterfaceId !== secondaryId);
  return {
    vpcId,
    subnetId,
    instanceId,
    primaryId: primary?.NetworkInterfaceId ?? secondaryId, // MiniStack launches instances without one.
    secondaryId,
    roleName: name,
    profileName: name,
    profileArn: required(InstanceProfile?.Arn),
  };
}
