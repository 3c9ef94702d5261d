import { DescribeFlowLogsCommand, type FlowLog as Described } from "@aws-sdk/client-ec2";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** A flow log of an interface, a subnet or a VPC. */
export interface FlowLog {
  readonly id: string;
  readonly resourceId: string;
  /** `ALL`, `ACCEPT` or `REJECT`. */
  readonly trafficType: string;
  /** `cloud-watch-logs`, `s3` or `kinesis-data-firehose`. */
  readonly destinationType: string;
  /** The destination's ARN, or the log group's name where AWS gives no ARN. */
  readonly destination: string;
  /** Null where it does not go to CloudWatch Logs. */
  readonly logGroup: string | null;
  /** The fields of its records, in order, without their braces. */
  readonly fields: readonly string[];
  /** Seconds over which packets become one record, at most. */
  readonly maxAggregationSeconds: number;
  readonly isActive: boolean;
  /** Why AWS does not deliver its records; null where it does. */
  readonly deliveryFault: string | null;
  /** When it was made, in milliseconds since 1970; null where AWS does not say. */
  readonly createdAt: number | null;
}

/** So many values a filter may have: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
const MOST_VALUES = 200;

/** The flow logs of some interfaces, subnets and VPCs. */
export async function flowLogsOf(ec2: Sender, resourceIds: readonly string[]): Promise<readonly FlowLog[]> {
  const ids = [...new Set(resourceIds)];
  const parts = Array.from({ length: Math.ceil(ids.length / MOST_VALUES) }, (_, part) =>
    ids.slice(part * MOST_VALUES, (part + 1) * MOST_VALUES),
  );
  const found = await Promise.all(parts.map((values) => flowLogsThat(ec2, values)));
  return found.flat().flatMap(flowLogOf);
}

function flowLogsThat(ec2: Sender, values: readonly string[]): Promise<readonly Described[]> {
  return allPages({ what: `flow logs of ${values[0] ?? "nothing"}`, mostPages: 20 }, async (token) => {
    const { FlowLogs, NextToken } = await ec2.send(
      new DescribeFlowLogsCommand({
        Filter: [{ Name: "resource-id", Values: [...values] }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    return { items: FlowLogs, next: NextToken };
  });
}

function flowLogOf(described: Described): readonly FlowLog[] {
  const { FlowLogId: id, ResourceId: resourceId, LogGroupName: logGroup, LogDestination, LogFormat = "" } = described;
  if (id === undefined || resourceId === undefined) return [];
  const { LogDestinationType: destinationType = "cloud-watch-logs", DeliverLogsStatus, FlowLogStatus } = described;
  return [
    {
      id,
      resourceId,
      trafficType: described.TrafficType ?? "ALL",
      destinationType,
      destination: LogDestination ?? logGroup ?? "unknown",
      logGroup: destinationType === "cloud-watch-logs" ? (logGroup ?? null) : null,
      fields: [...LogFormat.matchAll(/\$\{([a-z0-9-]+)\}/g)].map(([, field = ""]) => field),
      maxAggregationSeconds: described.MaxAggregationInterval ?? 600,
      isActive: FlowLogStatus === undefined || FlowLogStatus === "ACTIVE",
      deliveryFault: DeliverLogsStatus === "FAILED" ? (described.DeliverLogsErrorMessage ?? "Unknown error") : null,
      createdAt: described.CreationTime?.getTime() ?? null,
    },
  ];
}
