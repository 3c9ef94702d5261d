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
}

/** What a Region keeps of flow logs and log groups. */
export interface LoggingState {
  readonly flowLogs: Map<string, FlowLog>;
  readonly logGroups: Map<string, LogGroup>;
  /** By interface. A history, not configuration. */
  readonly captures: Map<string, Capture>;
}

/** A Region in which nothing is logged. */
export function emptyLogging(): LoggingState {
  return { flowLogs: new Map(), logGroups: new Map(), captures: new Map() };
}
