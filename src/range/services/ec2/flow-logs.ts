import type { DescribeFlowLogsRequest, DescribeFlowLogsResult, FlowLog as SdkFlowLog } from "@aws-sdk/client-ec2";
import type { FlowLog } from "../../world/flow-log-model.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error } from "./errors.ts";
import { filterBy, paged, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const filters: Filters<FlowLog> = {
  "deliver-log-status": ({ deliverError }) => (deliverError === null ? "SUCCESS" : "FAILED"),
  "log-destination-type": ({ destination }) => destination.kind,
  "flow-log-id": ({ id }) => id,
  "log-group-name": ({ destination }) => (destination.kind === "s3" ? null : destination.logGroupName),
  "resource-id": ({ resourceId }) => resourceId,
  "traffic-type": ({ trafficType }) => trafficType,
};

function describeFlowLog({ account, region }: Context, log: FlowLog): SdkFlowLog {
  const { destination } = log;
  const group = destination.kind === "s3" ? null : destination.logGroupName;
  return {
    FlowLogId: log.id,
    FlowLogStatus: "ACTIVE",
    ResourceId: log.resourceId,
    TrafficType: log.trafficType,
    LogDestinationType: destination.kind,
    LogDestination:
      destination.kind === "s3" ? destination.arn : `arn:aws:logs:${region.name}:${account.id}:log-group:${group}`,
    LogGroupName: group ?? undefined,
    LogFormat: log.format,
    MaxAggregationInterval: log.maxAggregationSeconds,
    DeliverLogsStatus: log.deliverError === null ? "SUCCESS" : "FAILED",
    DeliverLogsErrorMessage: log.deliverError ?? undefined,
    CreationTime: new Date(log.createdAt),
    Tags: fromTags(log.tags),
  };
}

/** Ids that name nothing are an error. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeFlowLogs.html */
const describe = handler((context, input: DescribeFlowLogsRequest): DescribeFlowLogsResult => {
  const shown = context.world.list(context.region.flowLogs);
  const ids = input.FlowLogIds ?? [];
  const missing = ids.find((wanted) => !shown.some(({ id }) => id === wanted));
  if (missing !== undefined)
    throw ec2Error("InvalidFlowLogId.NotFound", `These flow log ids in the input list are not found: ${missing}`);
  const named = ids.length === 0 ? shown : shown.filter(({ id }) => ids.includes(id));
  const { items, token } = paged(context, filterBy(named, input.Filter, filters), {
    input: { MaxResults: input.MaxResults, NextToken: input.NextToken },
    range: [1, 1000],
  });
  return { FlowLogs: items.map((log) => describeFlowLog(context, log)), NextToken: token };
});

export const flowLogHandlers = { DescribeFlowLogs: describe };
