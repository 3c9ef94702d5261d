import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as cloudtrail from "@aws-sdk/client-cloudtrail";
import * as ebs from "@aws-sdk/client-ebs";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elasticloadbalancing from "@aws-sdk/client-elastic-load-balancing-v2";
import * as eventbridge from "@aws-sdk/client-eventbridge";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import * as sfn from "@aws-sdk/client-sfn";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";
import { NormalizedSchema } from "@smithy/core/schema";
import type { SchemaRef, StaticErrorSchema, StaticOperationSchema } from "@smithy/types";

/** The protocols of AWS's services: https://smithy.io/2.0/aws/protocols/index.html */
export type ProtocolName = "ec2Query" | "awsQuery" | "awsJson1_0" | "awsJson1_1" | "restJson1" | "restXml";

/** An operation of a service, as its model describes it. */
export interface Operation {
  readonly name: string;
  /** Where a REST protocol puts it; null for the others. */
  readonly http: { readonly method: string; readonly path: string; readonly status: number } | null;
  readonly input: NormalizedSchema;
  readonly output: NormalizedSchema;
}

/** An error shape of a service's model. */
export interface ErrorShape {
  readonly name: string;
  /** What the query protocols send in place of the name. */
  readonly code: string;
  readonly status: number;
  readonly schema: NormalizedSchema;
}

/** An AWS service that the range speaks. */
export interface Service {
  readonly name: ServiceName;
  readonly protocol: ProtocolName;
  readonly apiVersion: string;
  readonly xmlNamespace: string;
  /** The service in the credential scope of a signature. */
  readonly signingName: string;
  /** First part of the host names of its endpoints. */
  readonly endpointPrefix: string;
  /** The part before the last dot in the header `x-amz-target`. */
  readonly target: string;
  /** What botocore writes there instead; null where every client writes the same. */
  readonly namespacedTarget: string | null;
  readonly operations: ReadonlyMap<string, Operation>;
  /** By shape name and by the code of the query protocols. */
  readonly errors: ReadonlyMap<string, ErrorShape>;
}

interface Description {
  readonly protocol: ProtocolName;
  readonly apiVersion: string;
  readonly xmlNamespace: string;
  readonly signingName: string;
  readonly endpointPrefix: string;
  readonly target: string;
  readonly namespacedTarget?: string;
  readonly schemas: object;
}

const descriptions = {
  autoscaling: {
    protocol: "awsQuery",
    apiVersion: "2011-01-01",
    xmlNamespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/",
    signingName: "autoscaling",
    endpointPrefix: "autoscaling",
    target: "AutoScaling_2011_01_01",
    schemas: autoscaling,
  },
  cloudtrail: {
    protocol: "awsJson1_1",
    apiVersion: "2013-11-01",
    xmlNamespace: "",
    signingName: "cloudtrail",
    endpointPrefix: "cloudtrail",
    target: "CloudTrail_20131101",
    // The model's own `targetPrefix`, which botocore and the tools built on it send.
    namespacedTarget: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    schemas: cloudtrail,
  },
  ebs: {
    protocol: "restJson1",
    apiVersion: "2019-11-02",
    xmlNamespace: "",
    signingName: "ebs",
    endpointPrefix: "ebs",
    target: "",
    schemas: ebs,
  },
  ec2: {
    protocol: "ec2Query",
    apiVersion: "2016-11-15",
    xmlNamespace: "http://ec2.amazonaws.com/doc/2016-11-15/",
    signingName: "ec2",
    endpointPrefix: "ec2",
    target: "AmazonEC2",
    schemas: ec2,
  },
  elasticloadbalancing: {
    protocol: "awsQuery",
    apiVersion: "2015-12-01",
    xmlNamespace: "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
    signingName: "elasticloadbalancing",
    endpointPrefix: "elasticloadbalancing",
    target: "ElasticLoadBalancing_v10",
    schemas: elasticloadbalancing,
  },
  events: {
    protocol: "awsJson1_1",
    apiVersion: "2015-10-07",
    xmlNamespace: "",
    signingName: "events",
    endpointPrefix: "events",
    target: "AWSEvents",
    schemas: eventbridge,
  },
  iam: {
    protocol: "awsQuery",
    apiVersion: "2010-05-08",
    xmlNamespace: "https://iam.amazonaws.com/doc/2010-05-08/",
    signingName: "iam",
    endpointPrefix: "iam",
    target: "AWSIdentityManagementV20100508",
    schemas: iam,
  },
  logs: {
    protocol: "awsJson1_1",
    apiVersion: "2014-03-28",
    xmlNamespace: "",
    signingName: "logs",
    endpointPrefix: "logs",
    target: "Logs_20140328",
    schemas: logs,
  },
  s3: {
    protocol: "restXml",
    apiVersion: "2006-03-01",
    xmlNamespace: "http://s3.amazonaws.com/doc/2006-03-01/",
    signingName: "s3",
    endpointPrefix: "s3",
    target: "AmazonS3",
    schemas: s3,
  },
  ssm: {
    protocol: "awsJson1_1",
    apiVersion: "2014-11-06",
    xmlNamespace: "http://ssm.amazonaws.com/doc/2014-11-06/",
    signingName: "ssm",
    endpointPrefix: "ssm",
    target: "AmazonSSM",
    schemas: ssm,
  },
  states: {
    protocol: "awsJson1_0",
    apiVersion: "2016-11-23",
    xmlNamespace: "",
    signingName: "states",
    endpointPrefix: "states",
    target: "AWSStepFunctions",
    schemas: sfn,
  },
  sts: {
    protocol: "awsQuery",
    apiVersion: "2011-06-15",
    xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    signingName: "sts",
    endpointPrefix: "sts",
    target: "AWSSecurityTokenServiceV20110615",
    schemas: sts,
  },
} as const satisfies Record<string, Description>;

/** The services of the range, by the names that IAM actions use. */
export type ServiceName = keyof typeof descriptions;

// The first element of a schema of the SDK says what it is: @smithy/types, schema/static-schemas.
const OPERATION = 9;
const ERROR = -3;

/** Every service of the range, from the schemas that the SDK's clients carry at run time. */
export const services: readonly Service[] = Object.entries(descriptions).map(([name, description]) => {
  const { schemas, ...rest } = description;
  return {
    name: name as ServiceName,
    ...rest,
    namespacedTarget: "namespacedTarget" in description ? description.namespacedTarget : null,
    operations: operationsOf(schemas),
    errors: errorsOf(schemas),
  };
});

/** The service's prefix and the operation in a header `x-amz-target`: both stand around the last dot. */
export function readTarget(header: string): { readonly prefix: string; readonly operation: string } | null {
  const dot = header.lastIndexOf(".");
  return dot < 1 ? null : { prefix: header.slice(0, dot), operation: header.slice(dot + 1) };
}

/** Whether clients of the service write this prefix. */
export function isTargetOf({ target, namespacedTarget }: Service, prefix: string): boolean {
  return prefix !== "" && (prefix === target || prefix === namespacedTarget);
}

function operationsOf(schemas: object): ReadonlyMap<string, Operation> {
  const operations = new Map<string, Operation>();
  for (const schema of Object.values(schemas)) {
    if (!Array.isArray(schema) || schema[0] !== OPERATION) continue;
    const [, , name, traits, input, output] = schema as unknown as StaticOperationSchema;
    const http = typeof traits === "object" ? traits.http : undefined;
    const inputSchema = NormalizedSchema.of(resolve(input));
    operations.set(name, {
      name,
      http: http ? { method: http[0], path: withBucket(http[1], inputSchema), status: http[2] } : null,
      input: inputSchema,
      output: NormalizedSchema.of(resolve(output)),
    });
  }
  return operations;
}

/** S3's model leaves the bucket to the host name. The range puts it back into the path, as in requests of path style. */
function withBucket(path: string, input: NormalizedSchema): string {
  if (input.isUnitSchema() || path.includes("{Bucket}")) return path;
  const isLabel = [...input.structIterator()].some(
    ([name, member]) => name === "Bucket" && member.getMergedTraits().httpLabel,
  );
  return isLabel ? `/{Bucket}${path.replace(/^\/(?=\?|$)/, "")}` : path;
}

function errorsOf(schemas: object): ReadonlyMap<string, ErrorShape> {
  const errors = new Map<string, ErrorShape>();
  for (const schema of Object.values(schemas)) {
    if (!Array.isArray(schema) || schema[0] !== ERROR) continue;
    const [, , name] = schema as unknown as StaticErrorSchema;
    const normalized = NormalizedSchema.of(schema as unknown as StaticErrorSchema);
    const { awsQueryError, httpError, error } = normalized.getMergedTraits();
    const [code, queryStatus] = (awsQueryError as readonly [string, number] | undefined) ?? [name, undefined];
    const status = queryStatus ?? (httpError as number | undefined) ?? (error === "server" ? 500 : 400);
    const shape: ErrorShape = { name, code, status, schema: normalized };
    errors.set(name, shape);
    if (!errors.has(code)) errors.set(code, shape);
  }
  return errors;
}

/** A schema may stand behind a function, so that shapes can refer to each other. */
function resolve(schema: SchemaRef | (() => SchemaRef)): SchemaRef {
  return typeof schema === "function" ? schema() : schema;
}
