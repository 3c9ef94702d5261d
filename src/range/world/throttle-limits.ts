/** A token bucket: how many calls at once, how many per second after that. */
export interface BucketLimit {
  readonly burst: number;
  readonly refillPerSecond: number;
}

/** One call, as far as throttling looks at it. */
export interface ThrottledCall {
  /** Lower case: "ec2", "ssm", "sts". */
  readonly service: string;
  readonly operation: string;
  /** Whether a Describe or Get call carries a filter, ids, or MaxResults. */
  readonly isFiltered: boolean;
}

const limit = (burst: number, refillPerSecond: number): BucketLimit => ({ burst, refillPerSecond });

const UNFILTERED = new Set([
  "DescribeInstances",
  "DescribeInstanceStatus",
  "DescribeNetworkInterfaces",
  "DescribeSecurityGroups",
  "DescribeSnapshots",
  "DescribeVolumes",
]);

/** EC2's APIs with limits of their own. https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html */
const EC2_UNCATEGORISED: Readonly<Record<string, BucketLimit>> = {
  ModifyNetworkInterfaceAttribute: limit(100, 5),
  ModifyInstanceMetadataOptions: limit(100, 5),
  AssociateIamInstanceProfile: limit(100, 5),
  DisassociateIamInstanceProfile: limit(100, 5),
  CreateSnapshot: limit(100, 5),
  CreateSnapshots: limit(100, 5),
  CreateVolume: limit(100, 5),
  ModifySnapshotAttribute: limit(100, 5),
  CreateNetworkInterface: limit(100, 5),
  DeregisterImage: limit(100, 5),
  CreateTags: limit(100, 10),
  DeleteTags: limit(100, 10),
  RunInstances: limit(5, 2),
  StartInstances: limit(5, 2),
  TerminateInstances: limit(100, 5),
  CopyImage: limit(100, 1),
  CreateVpcEndpoint: limit(4, 0.3),
};

/** Buckets that count instances, not calls (same page). */
export const EC2_RESOURCE_LIMITS: Readonly<Record<string, BucketLimit>> = {
  RunInstances: limit(1000, 2),
  TerminateInstances: limit(1000, 20),
  StartInstances: limit(1000, 2),
  StopInstances: limit(1000, 20),
};

/**
 * Other services, where AWS publishes a number. It gives a rate without a burst for most: there the burst is the rate.
 * https://docs.aws.amazon.com/general/latest/gr/ssm.html
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
 * https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-limitations.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
 */
const OTHER_SERVICES: Readonly<Record<string, BucketLimit>> = {
  "ssm:StartAutomationExecution": limit(1, 1),
  "ssm:GetAutomationExecution": limit(3, 3),
  "cloudtrail:LookupEvents": limit(2, 2),
  "guardduty:StartMalwareScan": limit(1, 1),
  "logs:DescribeLogStreams": limit(25, 25),
  "logs:FilterLogEvents": limit(5, 5),
  "logs:GetQueryResults": limit(5, 5),
  "logs:StartQuery": limit(5, 5),
  "sts:*": limit(600, 600),
  "ebs:ListSnapshotBlocks": limit(50, 50),
  "ebs:ListChangedBlocks": limit(50, 50),
  "ebs:GetSnapshotBlock": limit(1000, 1000),
};

/**
 * S3's limits are per prefix of a bucket, and rise with more prefixes. The range counts an account's calls in a Region
 * as if they were all for one prefix, as those of one case are.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
 */
const S3_LIMITS = { reads: limit(5500, 5500), writes: limit(3500, 3500) } as const;

function s3Kind(operation: string): keyof typeof S3_LIMITS {
  return /^(Get|Head|List)/.test(operation) ? "reads" : "writes";
}

/** The bucket of a call; `null` where AWS publishes no limit. */
export function limitOf({ service, operation, isFiltered }: ThrottledCall): BucketLimit | null {
  if (service === "s3") return S3_LIMITS[s3Kind(operation)];
  if (service !== "ec2") return OTHER_SERVICES[`${service}:${operation}`] ?? OTHER_SERVICES[`${service}:*`] ?? null;
  const own = EC2_UNCATEGORISED[operation];
  if (own) return own;
  if (!/^(Describe|Get|List|Search)/.test(operation)) return limit(50, 5); // Mutating and resource-intensive alike.
  return UNFILTERED.has(operation) && !isFiltered ? limit(50, 10) : limit(100, 20);
}

/** Which bucket the call shares: each API its own, unfiltered and filtered calls apart; STS shares one. */
export function bucketOf(call: ThrottledCall): string {
  if (call.service === "sts") return "sts:*";
  if (call.service === "s3") return `s3:${s3Kind(call.operation)}`;
  const isUnfiltered = call.service === "ec2" && UNFILTERED.has(call.operation) && !call.isFiltered;
  return `${call.service}:${call.operation}${isUnfiltered ? ":unfiltered" : ""}`;
}
