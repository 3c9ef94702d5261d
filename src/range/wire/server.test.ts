import {
  DescribeInstancesCommand,
  DescribeVolumesCommand,
  DeleteVolumeCommand,
  EC2Client,
  ModifyNetworkInterfaceAttributeCommand,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { GetAccountSummaryCommand, GetRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { DescribeInstanceInformationCommand, SendCommandCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { listen } from "./http.ts";
import { AwsError, type Call } from "./operation.ts";
import { inProcessHandler } from "./request-handler.ts";
import { createWire } from "./server.ts";

type Output = Record<string, unknown>;

/** A wire that answers every call with `output`, and the calls it got. */
function wireWith(output: Output | ((call: Call) => Output)) {
  const calls: Call[] = [];
  const { handle } = createWire({
    requestId: () => "11111111-2222-3333-4444-555555555555",
    perform: async (call) => {
      calls.push(call);
      return typeof output === "function" ? output(call) : output;
    },
  });
  const configuration = {
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
    requestHandler: inProcessHandler(handle),
  };
  return {
    calls,
    handle,
    ec2: new EC2Client(configuration),
    iam: new IAMClient(configuration),
    sts: new STSClient(configuration),
    ssm: new SSMClient(configuration),
  };
}

describe("a request of the SDK's own clients", () => {
  it("arrives with nested lists and structures of EC2 as they were given", async () => {
    const wire = wireWith({});
    const input = {
      ImageId: "ami-1",
      MinCount: 1,
      MaxCount: 2,
      ClientToken: "token",
      EbsOptimized: false,
      BlockDeviceMappings: [
        { DeviceName: "/dev/sda1", Ebs: { VolumeSize: 8, Encrypted: true, VolumeType: "gp3" as const } },
        { DeviceName: "/dev/sdb", NoDevice: "" },
      ],
      NetworkInterfaces: [{ DeviceIndex: 0, Groups: ["sg-1", "sg-2"], AssociatePublicIpAddress: false }],
      TagSpecifications: [
        {
          ResourceType: "instance" as const,
          Tags: [
            { Key: "Name", Value: "a & b = <c>" },
            { Key: "Empty", Value: "" },
          ],
        },
      ],
    };
    await wire.ec2.send(new RunInstancesCommand(input));
    expect(wire.calls).toEqual([
      {
        service: "ec2",
        operation: "RunInstances",
        input,
        accessKeyId: "AKIAEXAMPLE",
        region: "eu-west-1",
        requestId: "11111111-2222-3333-4444-555555555555",
        userAgent: expect.stringContaining("aws-sdk-js/"),
      },
    ]);
  });

  it("arrives with the groups of an interface, which EC2 names differently on the wire", async () => {
    const wire = wireWith({});
    const input = { NetworkInterfaceId: "eni-1", Groups: ["sg-1"], SourceDestCheck: { Value: false } };
    await wire.ec2.send(new ModifyNetworkInterfaceAttributeCommand(input));
    expect(wire.calls[0]?.input).toEqual(input);
  });

  it("arrives with a policy document of IAM, whose region is always us-east-1", async () => {
    const wire = wireWith({});
    const input = { RoleName: "web", PolicyName: "deny", PolicyDocument: '{"Statement": [{"Effect": "Deny"}]}\n+ü%' };
    await wire.iam.send(new PutRolePolicyCommand(input));
    expect(wire.calls[0]).toMatchObject({ service: "iam", operation: "PutRolePolicy", region: "us-east-1", input });
  });

  it("arrives with the maps of lists of Systems Manager", async () => {
    const wire = wireWith({ Command: { CommandId: "c-1", RequestedDateTime: new Date("2026-01-02T03:04:05.678Z") } });
    const input = {
      DocumentName: "AWS-RunShellScript",
      InstanceIds: ["i-1"],
      Parameters: { commands: ["ps aux", "ss -tanp"], empty: [] },
      TimeoutSeconds: 60,
    };
    const { Command } = await wire.ssm.send(new SendCommandCommand(input));
    expect(wire.calls[0]?.input).toEqual(input);
    expect(Command).toEqual({ CommandId: "c-1", RequestedDateTime: new Date("2026-01-02T03:04:05.678Z") });
  });
});

describe("an answer", () => {
  it("reaches EC2's client with nested items, dates, numbers and empty lists", async () => {
    const Instances = [
      {
        InstanceId: "i-1",
        LaunchTime: new Date("2026-01-02T03:04:05.000Z"),
        AmiLaunchIndex: 0,
        EbsOptimized: false,
        State: { Code: 16, Name: "running" },
        SecurityGroups: [],
        NetworkInterfaces: [
          { NetworkInterfaceId: "eni-1", Groups: [{ GroupId: "sg-1", GroupName: "web & <db>" }] },
          { NetworkInterfaceId: "eni-2", Groups: [] },
        ],
        Tags: [{ Key: "two\r\nlines", Value: "" }],
      },
    ];
    const wire = wireWith({ Reservations: [{ ReservationId: "r-1", Instances }], NextToken: "more" });
    const answer = await wire.ec2.send(new DescribeInstancesCommand({ InstanceIds: ["i-1"] }));
    expect(answer.Reservations).toEqual([{ ReservationId: "r-1", Instances }]);
    expect(answer.NextToken).toBe("more");
    expect(answer.$metadata.requestId).toBe("11111111-2222-3333-4444-555555555555");
  });

  it("reaches IAM's and STS's clients out of its result element", async () => {
    const Role = {
      Path: "/",
      RoleName: "web",
      RoleId: "AROA1",
      Arn: "arn:aws:iam::111122223333:role/web",
      CreateDate: new Date("2026-01-02T03:04:05.000Z"),
      Tags: [],
    };
    const wire = wireWith(({ operation }) =>
      operation === "GetRole"
        ? { Role }
        : operation === "GetAccountSummary"
          ? { SummaryMap: { Users: 3, Roles: 0 } }
          : { Account: "111122223333", Arn: "arn", UserId: "u" },
    );
    expect((await wire.iam.send(new GetRoleCommand({ RoleName: "web" }))).Role).toEqual(Role);
    expect((await wire.iam.send(new GetAccountSummaryCommand({}))).SummaryMap).toEqual({ Users: 3, Roles: 0 });
    expect((await wire.sts.send(new GetCallerIdentityCommand({}))).Account).toBe("111122223333");
  });

  it("reaches a client over loopback HTTP", async () => {
    const wire = wireWith({ Volumes: [{ VolumeId: "vol-1", Size: 8 }] });
    const server = await listen(wire.handle, { port: 0 });
    const client = new EC2Client({
      region: "eu-west-1",
      maxAttempts: 1,
      endpoint: `http://127.0.0.1:${server.port}`,
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
    });
    const { Volumes } = await client.send(new DescribeVolumesCommand({ Filters: [{ Name: "size", Values: ["8"] }] }));
    client.destroy();
    await server.close();
    expect(Volumes).toEqual([{ VolumeId: "vol-1", Size: 8 }]);
    expect(wire.calls[0]?.input).toEqual({ Filters: [{ Name: "size", Values: ["8"] }] });
  });
});

describe("an error", () => {
  const failing = (code: string, status?: number) =>
    wireWith(() => {
      throw new AwsError(code, "It is <not> there.", status === undefined ? {} : { status });
    });

  it("of EC2 has its code as name, its message and its status", async () => {
    const call = failing("InvalidInstanceID.NotFound").ec2.send(new DescribeInstancesCommand({}));
    await expect(call).rejects.toMatchObject({
      name: "InvalidInstanceID.NotFound",
      message: "It is <not> there.",
      $fault: "client",
      $metadata: { httpStatusCode: 400, requestId: "11111111-2222-3333-4444-555555555555" },
    });
  });

  it("of IAM is the model's class, by the code that IAM sends or by the shape's name", async () => {
    for (const code of ["NoSuchEntity", "NoSuchEntityException"]) {
      const call = failing(code).iam.send(new GetRoleCommand({ RoleName: "web" }));
      await expect(call).rejects.toMatchObject({
        name: "NoSuchEntityException",
        Code: "NoSuchEntity",
        message: "It is <not> there.",
        $metadata: { httpStatusCode: 404 },
      });
    }
  });

  it("of Systems Manager is the model's class", async () => {
    const call = failing("InvalidInstanceId").ssm.send(new DescribeInstanceInformationCommand({}));
    await expect(call).rejects.toMatchObject({ name: "InvalidInstanceId", message: "It is <not> there." });
  });

  it("has the status that the handler gives", async () => {
    const call = failing("RequestLimitExceeded", 503).ec2.send(new DescribeInstancesCommand({}));
    await expect(call).rejects.toMatchObject({
      name: "RequestLimitExceeded",
      $metadata: { httpStatusCode: 503 },
    });
  });

  it("names an operation that is not implemented, with status 501", async () => {
    const wire = wireWith(({ service, operation }) => {
      throw new AwsError("NotImplemented", `${service}:${operation}`);
    });
    await expect(wire.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({
      name: "NotImplemented",
      message: "sts:GetCallerIdentity",
      $metadata: { httpStatusCode: 501 },
    });
  });

  it("says what does not fit when a handler's output is not of the model", async () => {
    const wrongType = wireWith({ Volumes: [{ Size: "8" }] }).ec2.send(new DescribeVolumesCommand({}));
    await expect(wrongType).rejects.toMatchObject({
      name: "InternalFailure",
      message: "the handler's output does not fit AWS's model: DescribeVolumes.Volumes[0].Size cannot be string",
      $metadata: { httpStatusCode: 500 },
    });
    const misspelt = wireWith({ volumes: [] }).ec2.send(new DescribeVolumesCommand({}));
    await expect(misspelt).rejects.toMatchObject({
      message: "the handler's output does not fit AWS's model: DescribeVolumes.volumes is no member of the shape",
    });
  });
});

describe("an input without what the model requires", () => {
  it("is MissingParameter at EC2", async () => {
    const wire = wireWith({});
    const call = wire.ec2.send(new DeleteVolumeCommand({ VolumeId: undefined }));
    await expect(call).rejects.toMatchObject({
      name: "MissingParameter",
      message: "The request must contain the parameter VolumeId",
    });
    expect(wire.calls).toEqual([]);
  });

  it("is ValidationError at IAM and ValidationException at Systems Manager", async () => {
    const wire = wireWith({});
    await expect(wire.iam.send(new GetRoleCommand({ RoleName: undefined }))).rejects.toMatchObject({
      name: "ValidationError",
      message:
        "1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null",
    });
    await expect(wire.ssm.send(new SendCommandCommand({ DocumentName: undefined }))).rejects.toMatchObject({
      name: "ValidationException",
      message:
        "1 validation error detected: Value null at 'documentName' failed to satisfy constraint: Member must not be null",
    });
  });
});

describe("an aborted call", () => {
  it("rejects at once, before and while the range works on it", async () => {
    const wire = wireWith(() => ({}));
    const early = AbortSignal.abort();
    await expect(wire.sts.send(new GetCallerIdentityCommand({}), { abortSignal: early })).rejects.toMatchObject({
      name: "AbortError",
    });
    expect(wire.calls).toEqual([]);

    const controller = new AbortController();
    const handler = inProcessHandler(() => {
      controller.abort();
      return new Promise(() => {});
    });
    const client = new STSClient({
      region: "eu-west-1",
      maxAttempts: 1,
      credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
      requestHandler: handler,
    });
    const late = client.send(new GetCallerIdentityCommand({}), { abortSignal: controller.signal });
    await expect(late).rejects.toMatchObject({ name: "AbortError" });
  });
});
