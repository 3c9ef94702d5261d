import * as autoscaling from "@aws-sdk/client-auto-scaling";
import * as cloudtrail from "@aws-sdk/client-cloudtrail";
import * as ebs from "@aws-sdk/client-ebs";
import * as logs from "@aws-sdk/client-cloudwatch-logs";
import * as ec2 from "@aws-sdk/client-ec2";
import * as elb from "@aws-sdk/client-elastic-load-balancing-v2";
import * as eventbridge from "@aws-sdk/client-eventbridge";
import * as iam from "@aws-sdk/client-iam";
import * as s3 from "@aws-sdk/client-s3";
import * as sfn from "@aws-sdk/client-sfn";
import * as ssm from "@aws-sdk/client-ssm";
import * as sts from "@aws-sdk/client-sts";
import type { NormalizedSchema } from "@smithy/core/schema";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inProcessHandler } from "./request-handler.ts";
import { requiredMembers } from "./schema.ts";
import { createWire } from "./server.ts";
import { services, type Operation, type ServiceName } from "./services.ts";

const operations: readonly (readonly [ServiceName, readonly string[]])[] = [
  [
    "ec2",
    [
      "RunInstances",
      "DescribeInstances",
      "DescribeSecurityGroups",
      "DescribeNetworkInterfaces",
      "DescribeVolumes",
      "CreateSnapshots",
      "ModifyNetworkInterfaceAttribute",
      "ModifyInstanceAttribute",
      "AuthorizeSecurityGroupIngress",
      "CreateNetworkAclEntry",
      "CreateLaunchTemplate",
      "CreateFleet",
      "GetConsoleOutput",
    ],
  ],
  ["iam", ["PutRolePolicy", "CreateRole", "GetAccountSummary", "SimulatePrincipalPolicy", "GetMFADevice"]],
  ["autoscaling", ["DescribeAutoScalingGroups", "DetachInstances", "UpdateAutoScalingGroup"]],
  ["elasticloadbalancing", ["DescribeTargetHealth", "RegisterTargets", "DescribeLoadBalancers"]],
  ["sts", ["AssumeRole", "GetCallerIdentity"]],
  ["cloudtrail", ["LookupEvents", "GetTrailStatus"]],
  ["logs", ["DescribeLogStreams", "FilterLogEvents", "GetQueryResults", "StartQuery", "StopQuery"]],
  ["events", ["PutRule", "DescribeEventBus"]],
  ["states", ["StartExecution", "DescribeExecution"]],
  [
    "ssm",
    ["SendCommand", "GetCommandInvocation", "DescribeInstanceInformation", "PutInventory", "StartAutomationExecution"],
  ],
];

/** White space alone with a line break in it is dropped by the SDK's XML parser. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ minLength: 1, maxLength: 3 }),
      fc.constantFrom("&", "<", "]]>", "\r\n", "é", "😀", " ", "+", "%41"),
    ),
    {
      maxLength: 4,
    },
  )
  .map((parts) => parts.join(""))
  .filter((value) => value.trim() !== "" || !/[\r\n]/.test(value));

const scalars: readonly (readonly [(schema: NormalizedSchema) => boolean, fc.Arbitrary<unknown>])[] = [
  [(schema) => schema.isStringSchema(), text],
  [(schema) => schema.isBooleanSchema(), fc.boolean()],
  [
    (schema) => schema.isNumericSchema(),
    fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true })).map((value) => value + 0), // No -0.
  ],
  [
    (schema) => schema.isTimestampSchema(),
    fc.date({ min: new Date("1970-01-01T00:00:00Z"), max: new Date("2100-01-01T00:00:00Z"), noInvalidDate: true }),
  ],
  [(schema) => schema.isBlobSchema(), fc.uint8Array({ minLength: 1, maxLength: 9 })],
];

const MAXIMUM_GENERATED_DEPTH = 5;

/** Any value of a schema. Structures and lists below the top are not empty, because forms cannot carry those. */
function valueOf(schema: NormalizedSchema, depth = 0): fc.Arbitrary<unknown> {
  for (const [fits, arbitrary] of scalars) if (fits(schema)) return arbitrary;
  if (schema.isListSchema())
    return fc.array(valueOf(schema.getValueSchema(), depth + 1), { minLength: 1, maxLength: 3 });
  if (schema.isMapSchema()) {
    const key = fc.constantFrom("a", "b c", "d.e", "&");
    return fc.dictionary(key, valueOf(schema.getValueSchema(), depth + 1), { minKeys: 1, noNullPrototype: true });
  }
  return structureOf(schema, depth);
}

function structureOf(schema: NormalizedSchema, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (schema.isUnitSchema()) return fc.constant({});
  const members = [...schema.structIterator()];
  const required = requiredMembers(schema);
  const isFixed = ([name, member]: (typeof members)[number]): boolean =>
    required.has(name) || member.isIdempotencyToken(); // The client invents a token where there is none.
  const fixed = members.filter(isFixed);
  const free = members.filter((member) => !isFixed(member) && (depth < MAXIMUM_GENERATED_DEPTH || isLeaf(member[1])));
  const some = schema.isUnionSchema()
    ? fc.subarray(free, { minLength: 1, maxLength: 1 })
    : fc.subarray(free, {
        minLength: Math.min(free.length, fixed.length === 0 ? 1 : 0),
        maxLength: Math.min(free.length, 6),
      });
  return some.chain((chosen) =>
    fc.record(Object.fromEntries([...fixed, ...chosen].map(([name, member]) => [name, valueOf(member, depth + 1)])), {
      noNullPrototype: true,
    }),
  );
}

function isLeaf(schema: NormalizedSchema): boolean {
  return scalars.some(([fits]) => fits(schema));
}

/** Removes what stayed empty because the generated depth has an end. */
function prune(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(prune).filter((item) => !isEmpty(item));
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, member]) => [name, prune(member)] as const)
      .filter(([, member]) => !isEmpty(member)),
  );
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return false;
  return Object.keys(value).length === 0;
}

type Send = (name: string, input: unknown) => Promise<Record<string, unknown>>;

function clientOf(service: ServiceName, handler: ReturnType<typeof inProcessHandler>): Send {
  const configuration = {
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: { accessKeyId: "AKIAEXAMPLE", secretAccessKey: "secret" },
    requestHandler: handler,
  };
  const [module, client] = {
    autoscaling: () => [autoscaling, new autoscaling.AutoScalingClient(configuration)] as const,
    cloudtrail: () => [cloudtrail, new cloudtrail.CloudTrailClient(configuration)] as const,
    elasticloadbalancing: () => [elb, new elb.ElasticLoadBalancingV2Client(configuration)] as const,
    events: () => [eventbridge, new eventbridge.EventBridgeClient(configuration)] as const,
    ebs: () => [ebs, new ebs.EBSClient(configuration)] as const,
    ec2: () => [ec2, new ec2.EC2Client(configuration)] as const,
    iam: () => [iam, new iam.IAMClient(configuration)] as const,
    logs: () => [logs, new logs.CloudWatchLogsClient(configuration)] as const,
    s3: () => [s3, new s3.S3Client(configuration)] as const,
    ssm: () => [ssm, new ssm.SSMClient(configuration)] as const,
    states: () => [sfn, new sfn.SFNClient(configuration)] as const,
    sts: () => [sts, new sts.STSClient(configuration)] as const,
  }[service]();
  return (name, input) => {
    const Command = (module as unknown as Record<string, new (input: unknown) => never>)[`${name}Command`];
    return (client as unknown as { send(command: unknown): Promise<Record<string, unknown>> }).send(
      new Command!(input),
    );
  };
}

function operationOf(service: ServiceName, name: string): Operation {
  return services.find((one) => one.name === service)!.operations.get(name)!;
}

describe.each(operations)("%s", (service, names) => {
  it.each(names)("%s takes any input and gives any output of the model through the SDK unchanged", async (name) => {
    const operation = operationOf(service, name);
    let received: unknown;
    let answer: Record<string, unknown> = {};
    const { handle } = createWire({
      requestId: () => "request-1",
      perform: async ({ input }) => {
        received = input;
        return answer;
      },
    });
    const send = clientOf(service, inProcessHandler(handle));
    await fc.assert(
      fc.asyncProperty(structureOf(operation.input, 0), structureOf(operation.output, 0), async (input, output) => {
        answer = prune(output) as Record<string, unknown>;
        const sent = prune(input) as Record<string, unknown>;
        const { $metadata, ...got } = await send(name, sent);
        expect(received).toEqual(sent);
        expect(got).toEqual(answer);
        expect($metadata).toMatchObject({ httpStatusCode: 200, requestId: "request-1" });
      }),
      { numRuns: 30, seed: 20260101 },
    );
  });
});
