/** A token bucket: this many calls at once, and then so many in a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

const rate = (burst: number, perSecond: number): Rate => ({ burst, perSecond });

/**
 * EC2's buckets, one for each API of an account and Region, as far as Cordon calls it. An account may have been given more:
 * then calls are slower than they could be, and never refused.
 * https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const ec2: Readonly<Record<string, Rate>> = {
  ModifyNetworkInterfaceAttribute: rate(100, 5),
  ModifyInstanceMetadataOptions: rate(100, 5),
  AssociateIamInstanceProfile: rate(100, 5),
  DisassociateIamInstanceProfile: rate(100, 5),
  CreateSnapshot: rate(100, 5),
  CreateSnapshots: rate(100, 5),
  CreateVolume: rate(100, 5),
  ModifySnapshotAttribute: rate(100, 5),
  CreateTags: rate(100, 10),
  DeleteTags: rate(100, 10),
  CopyImage: rate(100, 1),
  RunInstances: rate(5, 2),
  StartInstances: rate(5, 2),
  TerminateInstances: rate(100, 5),
};

/** Same page: reads that carry a filter, ids or MaxResults, as all of Cordon's do; and everything that changes something. */
const ec2Reads = rate(100, 20);
const ec2Writes = rate(50, 5);

/**
 * Where other services publish a rate.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
 * https://docs.aws.amazon.com/guardduty/latest/ug/malware-protection-limitations.html
 * https://docs.aws.amazon.com/ebs/latest/userguide/ebs-resource-quotas.html
 */
const others: Readonly<Record<string, Rate>> = {
  "cloudtrail:LookupEvents": rate(2, 2),
  "guardduty:StartMalwareScan": rate(1, 1),
  "logs:DescribeLogStreams": rate(25, 25),
  "logs:FilterLogEvents": rate(5, 5),
  "ebs:ListSnapshotBlocks": rate(50, 50),
  "ebs:GetSnapshotBlock": rate(1000, 1000),
};

/** What an API without a published rate is held to once it has answered with throttling. */
export const SUPPOSED_RATE = rate(50, 10);

/** The bucket of an API; null where AWS publishes none. */
export function publishedRate(service: string, operation: string): Rate | null {
  if (service !== "ec2") return others[`${service}:${operation}`] ?? null;
  return ec2[operation] ?? (/^(Describe|Get)/.test(operation) ? ec2Reads : ec2Writes);
}
