import type {
  DescribeVpcEndpointsRequest,
  DescribeVpcEndpointsResult,
  VpcEndpoint as SdkEndpoint,
} from "@aws-sdk/client-ec2";
import type { VpcEndpoint } from "../../world/endpoints.ts";
import { handler, type Context } from "../handler.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const filters: Filters<VpcEndpoint> = {
  "vpc-endpoint-id": ({ id }) => id,
  "vpc-id": ({ vpcId }) => vpcId,
  "service-name": ({ serviceName }) => serviceName,
  "vpc-endpoint-type": ({ kind }) => kind,
  "vpc-endpoint-state": () => "available",
};

function describeEndpoint({ account, region }: Context, endpoint: VpcEndpoint): SdkEndpoint {
  return {
    VpcEndpointId: endpoint.id,
    VpcEndpointType: endpoint.kind,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    State: "available" as "Available", // The model writes it with a capital, the API does not.
    PolicyDocument: endpoint.policy,
    RouteTableIds: endpoint.routeTableIds,
    SubnetIds: endpoint.subnetIds,
    NetworkInterfaceIds: endpoint.interfaceIds,
    Groups: endpoint.groupIds.map((groupId) => ({
      GroupId: groupId,
      GroupName: region.securityGroups.get(groupId)?.name,
    })),
    CreationTimestamp: new Date(endpoint.createdAt),
    OwnerId: account.id,
    Tags: fromTags(endpoint.tags),
  };
}

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpcEndpoints.html */
const describe = handler((context, input: DescribeVpcEndpointsRequest): DescribeVpcEndpointsResult => {
  const { items, token } = select(context, input, {
    kind: "endpoint",
    table: context.region.vpcEndpoints,
    ids: input.VpcEndpointIds,
    filters,
    range: [1, 1000],
  });
  return { VpcEndpoints: items.map((endpoint) => describeEndpoint(context, endpoint)), NextToken: token };
});

export const endpointHandlers = { DescribeVpcEndpoints: describe };
