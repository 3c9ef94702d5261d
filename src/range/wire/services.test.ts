import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EBSClient } from "@aws-sdk/client-ebs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { describe, expect, it } from "vitest";
import { requiredMembers } from "./schema.ts";
import { services } from "./services.ts";

const region = { region: "eu-west-1" };
const clients: Readonly<Record<string, { readonly config: unknown }>> = {
  autoscaling: new AutoScalingClient(region),
  cloudtrail: new CloudTrailClient(region),
  ebs: new EBSClient(region),
  ec2: new EC2Client(region),
  elasticloadbalancing: new ElasticLoadBalancingV2Client(region),
  events: new EventBridgeClient(region),
  iam: new IAMClient(region),
  logs: new CloudWatchLogsClient(region),
  s3: new S3Client(region),
  ssm: new SSMClient(region),
  states: new SFNClient(region),
  sts: new STSClient(region),
};

interface ClientConfiguration {
  readonly apiVersion: string;
  readonly protocol: { getShapeId(): string; readonly options: object; readonly serviceTarget?: string };
}

function configurationOf(name: string): ClientConfiguration {
  return clients[name]!.config as ClientConfiguration;
}

describe("the catalogue of services", () => {
  it.each(services)("agrees with the SDK's client about protocol and version of $name", (service) => {
    const { apiVersion, protocol } = configurationOf(service.name);
    expect(`aws.protocols#${service.protocol}`).toBe(protocol.getShapeId());
    expect(service.apiVersion).toBe(apiVersion);
  });

  it("agrees with the SDK's clients about the namespaces of XML and the targets of JSON", () => {
    // EC2 answers with a slash at the end, which the SDK's client leaves out.
    expect(services.find(({ name }) => name === "ec2")!.xmlNamespace).toBe("http://ec2.amazonaws.com/doc/2016-11-15/");
    for (const name of ["autoscaling", "elasticloadbalancing", "iam", "sts"]) {
      const { xmlNamespace } = services.find((service) => service.name === name)!;
      expect(configurationOf(name).protocol.options).toMatchObject({ xmlNamespace });
    }
    for (const name of ["events", "ssm", "states"]) {
      const { target } = services.find((service) => service.name === name)!;
      expect(target).toBe(configurationOf(name).protocol.serviceTarget);
    }
  });

  it("has the operations, what they require, and the errors of the models", () => {
    const ec2 = services.find(({ name }) => name === "ec2")!;
    const iam = services.find(({ name }) => name === "iam")!;
    expect(ec2.operations.size).toBeGreaterThan(800);
    expect([...requiredMembers(ec2.operations.get("RunInstances")!.input)]).toEqual(["MaxCount", "MinCount"]);
    expect([...requiredMembers(ec2.operations.get("DescribeInstances")!.input)]).toEqual([]);
    expect(iam.errors.get("NoSuchEntity")).toMatchObject({ name: "NoSuchEntityException", status: 404 });
    expect(iam.errors.get("NoSuchEntityException")).toMatchObject({ code: "NoSuchEntity", status: 404 });
  });
});
