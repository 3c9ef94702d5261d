import type { Resource } from "./model.ts";

/** Where the records of a flow log go. */
export type FlowLogDestination =
  { readonly kind: "cloud-watch-logs"; readonly logGroupName: string } | { readonly kind: "s3"; readonly arn: string };

/** A flow log of an interface, a subnet or a VPC. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html */
export interface FlowLog extends Resource {
  /** The interface, subnet or VPC whose traffic it records. */
  readonly resourceId: string;
  readonly trafficType: "ACCEPT" | "REJECT" | "ALL";
  readonly destination: FlowLogDestination;
  /** Fields as `${srcaddr}`, joined by spaces. */
  readonly format: string;
  readonly maxAggregationSeconds: 60 | 600;
  /** What delivery last failed with; null while it succeeds. */
  deliverError: "Access error" | "Rate limited" | "Unknown error" | null;
  readonly createdAt: number;
  /** Since when it has recorded, as an account with a past has it; null: since the range saw traffic. */
  readonly recordsFrom: number | null;
}

/** A log group of CloudWatch Logs. Its id is its name. */
export interface LogGroup extends Resource {
  readonly createdAt: number;
  retentionDays: number | null;
}

/** Packets of one kind that an interface saw in one minute. */
export interface CapturedFlow {
  readonly direction: "ingress" | "egress";
  readonly action: "ACCEPT" | "REJECT";
  readonly source: string;
  readonly destination: string;
  /** The addresses that the packets carried, where the interface is not their end. */
  readonly packetSource: string;
  readonly packetDestination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** IANA number. */
  readonly protocol: number;
  packets: number;
  bytes: number;
  tcpFlags: number;
  /** Milliseconds since 1970. */
  readonly firstAt: number;
  lastAt: number;
}

/** What an interface saw, minute by minute, since a flow log looked at it. */
export interface Capture {
  /** By the minute's beginning, in milliseconds since 1970; within it by flow. */
  readonly minutes: Map<number, Map<string, CapturedFlow>>;
  /** Minutes in which AWS had no room to capture: their records say SKIPDATA. */
  readonly skippedMinutes: Set<number>;
  /** Minutes whose records were never delivered. */
  readonly lostMinutes: Set<number>;
}

/** Packets at regular times, of which records are made when somebody reads them: days of a past take no memory. */
export interface PlantedFlow {
  readonly interfaceId: string;
  /** Milliseconds since 1970: the first packet, and the time after which there is none. */
  readonly from: number;
  readonly to: number;
  readonly everyMs: number;
  readonly flow: Omit<CapturedFlow, "packets" | "bytes" | "tcpFlags" | "firstAt" | "lastAt">;
}

/** How queries of CloudWatch Logs Insights end, and after how long. */
export interface InsightsBehaviour {
  durationMs: number;
  fate: "Complete" | "Failed" | "Timeout";
}

/** A query that was started. Its id is AWS's query id. */
export interface LogQuery extends Readonly<InsightsBehaviour> {
  readonly id: string;
  readonly groupIds: readonly string[];
  /** Milliseconds since 1970, both inclusive. */
  readonly from: number;
  readonly to: number;
  readonly limit: number;
  readonly queryString: string;
  readonly startedAt: number;
  stoppedAt: number | null;
}

/** What a Region keeps of flow logs and log groups. */
export interface LoggingState {
  readonly flowLogs: Map<string, FlowLog>;
  readonly logGroups: Map<string, LogGroup>;
  /** By interface. A history, not configuration. */
  readonly captures: Map<string, Capture>;
  /** What interfaces saw in the past; a history too. */
  readonly plantedFlows: PlantedFlow[];
  readonly queries: Map<string, LogQuery>;
  readonly insights: InsightsBehaviour;
}

/** A Region in which nothing is logged. */
export function emptyLogging(): LoggingState {
  return {
    flowLogs: new Map(),
    logGroups: new Map(),
    captures: new Map(),
    plantedFlows: [],
    queries: new Map(),
    insights: { durationMs: 2_000, fate: "Complete" },
  };
}
