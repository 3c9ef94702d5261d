import { codeOf, type Probe } from "../probe.ts";

const CLOUDTRAIL = "https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html";
const LOGS_API = "https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/";
const EBS_API = "https://docs.aws.amazon.com/ebs/latest/APIReference/";

/** What AWS keeps of what happened: the event history, flow logs, the blocks of snapshots. */
export const recordProbes: readonly Probe[] = [
  {
    id: "two-lookup-attributes",
    service: "cloudtrail",
    operation: "LookupEvents",
    documented: "Contains a list of lookup attributes. Currently the list can contain only one item.",
    page: CLOUDTRAIL,
    expected: "InvalidLookupAttributesException",
    ask: ({ cloudtrail }) =>
      codeOf(
        cloudtrail.lookupEvents({
          LookupAttributes: [
            { AttributeKey: "Username", AttributeValue: "ada" },
            { AttributeKey: "EventName", AttributeValue: "RunInstances" },
          ],
        }),
      ),
  },
  {
    id: "a-time-that-ends-before-it-begins",
    service: "cloudtrail",
    operation: "LookupEvents",
    documented:
      "InvalidTimeRangeException: either the timestamp specified is not a valid timestamp, or start is after end.",
    page: CLOUDTRAIL,
    expected: "InvalidTimeRangeException",
    ask: ({ cloudtrail }) =>
      codeOf(cloudtrail.lookupEvents({ StartTime: new Date("2026-02-02"), EndTime: new Date("2026-02-01") })),
  },
  {
    id: "a-token-that-was-made-up",
    service: "cloudtrail",
    operation: "LookupEvents",
    documented:
      "InvalidNextTokenException: a token that is not valid, or a token that was used in a request with other parameters.",
    page: CLOUDTRAIL,
    expected: "InvalidNextTokenException",
    ask: ({ cloudtrail }) => codeOf(cloudtrail.lookupEvents({ NextToken: "made up" })),
  },
  {
    id: "a-log-group-that-is-not-there",
    service: "logs",
    operation: "FilterLogEvents",
    documented: "ResourceNotFoundException: the specified resource does not exist.",
    page: `${LOGS_API}API_FilterLogEvents.html`,
    expected: "ResourceNotFoundException",
    ask: ({ logs }) => codeOf(logs.filterLogEvents({ logGroupName: "/conformance/nowhere" })),
  },
  {
    id: "blocks-of-a-snapshot-that-is-not-there",
    service: "ebs",
    operation: "ListSnapshotBlocks",
    documented: "ResourceNotFoundException: the specified resource does not exist.",
    page: `${EBS_API}API_ListSnapshotBlocks.html`,
    expected: "ResourceNotFoundException",
    ask: ({ ebs }) => codeOf(ebs.listSnapshotBlocks({ SnapshotId: "snap-0123456789abcdef0" })),
  },
];
