/** Describes traffic mirror sessions and where they send the copies. */
import type {
  DescribeTrafficMirrorSessionsRequest,
  DescribeTrafficMirrorSessionsResult,
  DescribeTrafficMirrorTargetsRequest,
  DescribeTrafficMirrorTargetsResult,
} from "@aws-sdk/client-ec2";
import type { TrafficMirrorSession, TrafficMirrorTarget } from "../../world/gateway-model.ts";
import { handler, optional } from "../handler.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

/** Bytes of a jumbo frame: all of a packet that the session has no length for. */
const WHOLE_PACKET = 8500;

const sessionFilters: Filters<TrafficMirrorSession> = {
  "traffic-mirror-session-id": ({ id }) => id,
  "network-interface-id": ({ interfaceId }) => interfaceId,
  "traffic-mirror-target-id": ({ targetId }) => targetId,
  "traffic-mirror-filter-id": ({ filterId }) => filterId,
  "session-number": ({ sessionNumber }) => sessionNumber,
  "virtual-network-id": ({ virtualNetworkId }) => virtualNetworkId,
  description: ({ description }) => description,
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTrafficMirrorSessions.html */
const describeSessions = handler(
  (context, input: DescribeTrafficMirrorSessionsRequest): DescribeTrafficMirrorSessionsResult => {
    const { items, token } = select(context, input, {
      kind: "trafficMirrorSession",
      table: context.region.trafficMirrorSessions,
      ids: input.TrafficMirrorSessionIds,
      filters: sessionFilters,
    });
    return {
      TrafficMirrorSessions: items.map((session) => ({
        TrafficMirrorSessionId: session.id,
        TrafficMirrorTargetId: session.targetId,
        TrafficMirrorFilterId: session.filterId,
        NetworkInterfaceId: session.interfaceId,
        OwnerId: context.account.id,
        PacketLength: WHOLE_PACKET,
        SessionNumber: session.sessionNumber,
        VirtualNetworkId: session.virtualNetworkId,
        Description: session.description,
        Tags: fromTags(session.tags),
      })),
      NextToken: token,
    };
  },
);

const targetFilters: Filters<TrafficMirrorTarget> = {
  "traffic-mirror-target-id": ({ id }) => id,
  "network-interface-id": ({ interfaceId }) => interfaceId,
  "network-load-balancer-arn": ({ loadBalancerArn }) => loadBalancerArn,
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTrafficMirrorTargets.html */
const describeTargets = handler(
  (context, input: DescribeTrafficMirrorTargetsRequest): DescribeTrafficMirrorTargetsResult => {
    const { items, token } = select(context, input, {
      kind: "trafficMirrorTarget",
      table: context.region.trafficMirrorTargets,
      ids: input.TrafficMirrorTargetIds,
      filters: targetFilters,
    });
    return {
      TrafficMirrorTargets: items.map((target) => ({
        TrafficMirrorTargetId: target.id,
        NetworkInterfaceId: optional(target.interfaceId),
        NetworkLoadBalancerArn: optional(target.loadBalancerArn),
        Type: target.interfaceId === null ? "network-load-balancer" : "network-interface",
        OwnerId: context.account.id,
        Tags: fromTags(target.tags),
      })),
      NextToken: token,
    };
  },
);

export const trafficMirrorHandlers = {
  DescribeTrafficMirrorSessions: describeSessions,
  DescribeTrafficMirrorTargets: describeTargets,
};
