import { EC2Client } from "@aws-sdk/client-ec2";
import { IAMClient } from "@aws-sdk/client-iam";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { requiredMembers } from "./schema.ts";
import { services } from "./services.ts";

const region = { region: "eu-west-1" };
const clients: Readonly<Record<string, { readonly config: unknown }>> = {
  ec2: new EC2Client(region),
  iam: new IAMClient(region),
  ssm: new SSMClient(region),
  sts: new STSClient(region),
};

interface ClientConfiguration {
  readonly apiVersion: string;
  readonly protocol: {
    getShapeId(): string;
    readonly options?: { readonly xmlNamespace?: string };
    readonly serviceTarget?: string;
  };
}

describe("the catalogue of services", () => {
  it.each(services)("agrees with the SDK's client about $name", (service) => {
    const { apiVersion, protocol } = clients[service.name]?.config as ClientConfiguration;
    expect(`aws.protocols#${service.protocol}`).toBe(protocol.getShapeId());
    expect(service.apiVersion).toBe(apiVersion);
    if (protocol.options?.xmlNamespace !== undefined && service.protocol !== "awsJson1_1") {
      expect(service.xmlNamespace.replace(/\/$/, "")).toBe(protocol.options.xmlNamespace.replace(/\/$/, ""));
    }
    if (protocol.serviceTarget !== undefined) expect(service.target).toBe(protocol.serviceTarget);
  });

  it("has the operations, what they require, and the errors of the models", () => {
    const [ec2, iam] = ["ec2", "iam"].map((name) => services.find((service) => service.name === name)!);
    expect(ec2!.operations.size).toBeGreaterThan(800);
    expect([...requiredMembers(ec2!.operations.get("RunInstances")!.input)]).toEqual(["MaxCount", "MinCount"]);
    expect([...requiredMembers(ec2!.operations.get("DescribeInstances")!.input)]).toEqual([]);
    expect(iam!.errors.get("NoSuchEntity")).toMatchObject({ name: "NoSuchEntityException", status: 404 });
    expect(iam!.errors.get("NoSuchEntityException")).toMatchObject({ code: "NoSuchEntity", status: 404 });
  });
});
