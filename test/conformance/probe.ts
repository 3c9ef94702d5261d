import type { AutoScaling } from "@aws-sdk/client-auto-scaling";
import type { CloudTrail } from "@aws-sdk/client-cloudtrail";
import type { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import type { EBS } from "@aws-sdk/client-ebs";
import type { EC2 } from "@aws-sdk/client-ec2";
import type { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { EventBridge } from "@aws-sdk/client-eventbridge";
import type { IAM } from "@aws-sdk/client-iam";
import type { S3 } from "@aws-sdk/client-s3";
import type { SFN } from "@aws-sdk/client-sfn";
import type { SSM } from "@aws-sdk/client-ssm";
import type { STS } from "@aws-sdk/client-sts";
import type { Json } from "../../src/core/json.ts";

/** The SDK's clients of one server. */
export interface Clients {
  readonly autoscaling: AutoScaling;
  readonly cloudtrail: CloudTrail;
  readonly ebs: EBS;
  readonly ec2: EC2;
  readonly elbv2: ElasticLoadBalancingV2;
  readonly events: EventBridge;
  readonly iam: IAM;
  readonly logs: CloudWatchLogs;
  readonly s3: S3;
  readonly ssm: SSM;
  readonly states: SFN;
  readonly sts: STS;
}

/** A service by its name in the SDK. */
export type Service = keyof Clients;

/** What the probes find in every server: an instance with two interfaces, a profile with a role, two groups, a state machine. */
export interface Surroundings {
  readonly vpcId: string;
  readonly subnetId: string;
  readonly instanceId: string;
  readonly primaryId: string;
  readonly secondaryId: string;
  /** Has a rule in and a rule out. */
  readonly webGroupId: string;
  /** Has no rules. */
  readonly sealedGroupId: string;
  readonly roleName: string;
  readonly profileName: string;
  readonly profileArn: string;
  /** Waits, so that an execution goes on for as long as the probes take. */
  readonly stateMachineArn: string;
}

/** What a probe works with. */
export interface Asking extends Clients {
  readonly surroundings: Surroundings;
}

/** One question with the answer that AWS documents, asked of every server by the same code. */
export interface Probe {
  /** Names it in the ledger. */
  readonly id: string;
  readonly service: Service;
  /** The operation that it is about. */
  readonly operation: string;
  /** What AWS documents, in one sentence. */
  readonly documented: string;
  /** Where AWS documents it. */
  readonly page: string;
  /** The answer, with names instead of ids, as that makes it. */
  readonly expected: Json;
  ask(asking: Asking): Promise<Json>;
}

/** The Auto Scaling group of the tests, its launch template and its target group. */
export const GROUP = "conformance-members";

export const AUTO_SCALING_API = "https://docs.aws.amazon.com/autoscaling/ec2/APIReference/";
export const ELB_API = "https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/";
export const EC2_API = "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/";
export const EC2_ERRORS = `${EC2_API}errors-overview.html`;
export const IAM_API = "https://docs.aws.amazon.com/IAM/latest/APIReference/";
export const SSM_API = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/";
export const S3_API = "https://docs.aws.amazon.com/AmazonS3/latest/API/";
export const STS_API = "https://docs.aws.amazon.com/STS/latest/APIReference/";

/** AWS's code for what went wrong, `no error`, or the HTTP status of an answer that carries no code. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "no error";
  } catch (error) {
    return errorCode(error);
  }
}

/** How an error is written in the ledger. */
export function errorCode(error: unknown): string {
  const { name, Code, $metadata } = error as {
    readonly name?: string;
    readonly Code?: string;
    readonly $metadata?: { readonly httpStatusCode?: number };
  };
  const code = Code ?? name ?? "Error";
  return ["Error", "SyntaxError", "TypeError", "Unknown", "UnknownError"].includes(code) || /^\d+$/.test(code)
    ? `HTTP ${$metadata?.httpStatusCode ?? "without an answer"}`
    : code;
}

const TRIES = 120;
const PAUSE_MS = 50;

/** Asks until the answer is the one that is waited for; then, or after six seconds, the last answer. */
export async function eventually<T>(ask: () => Promise<T>, isThere: (answer: T) => boolean): Promise<T> {
  let answer = await ask();
  for (let left = TRIES; left > 0 && !isThere(answer); left--) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    answer = await ask();
  }
  return answer;
}

/** @throws TypeError where a server left out what nothing works without. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new TypeError("the server left a member out that AWS always sends");
  return value;
}
