import type {
  DescribeVpcPeeringConnectionsRequest,
  DescribeVpcPeeringConnectionsResult,
  VpcPeeringConnectionVpcInfo,
} from "@aws-sdk/client-ec2";
import type { PeeredVpc, VpcPeering } from "../../world/model.ts";
import { handler } from "../handler.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const peeringFilters: Filters<VpcPeering> = {
  "vpc-peering-connection-id": ({ id }) => id,
  "status-code": ({ status }) => status,
  "requester-vpc-info.vpc-id": ({ requester }) => requester.vpcId,
  "accepter-vpc-info.vpc-id": ({ accepter }) => accepter.vpcId,
};

/** Both sides' blocks are shown only while the connection is active, as AWS shows them. */
const describePeerings = handler(
  (context, input: DescribeVpcPeeringConnectionsRequest): DescribeVpcPeeringConnectionsResult => {
    const { items, token } = select(context, input, {
      kind: "vpcPeering",
      table: context.region.vpcPeerings,
      ids: input.VpcPeeringConnectionIds,
      filters: peeringFilters,
    });
    return {
      VpcPeeringConnections: items.map(({ id, status, requester, accepter, tags }) => ({
        VpcPeeringConnectionId: id,
        Status: { Code: status, Message: status === "active" ? "Active" : status },
        RequesterVpcInfo: infoOf(requester, status),
        AccepterVpcInfo: infoOf(accepter, status),
        Tags: fromTags(tags),
      })),
      NextToken: token,
    };
  },
);

function infoOf(
  { vpcId, ownerId, region, cidrs, ipv6Cidrs }: PeeredVpc,
  status: VpcPeering["status"],
): VpcPeeringConnectionVpcInfo {
  const place = { VpcId: vpcId, OwnerId: ownerId, Region: region };
  if (status !== "active") return place;
  return {
    ...place,
    CidrBlock: cidrs[0],
    CidrBlockSet: cidrs.map((CidrBlock) => ({ CidrBlock })),
    Ipv6CidrBlockSet: ipv6Cidrs.map((Ipv6CidrBlock) => ({ Ipv6CidrBlock })),
  };
}

export const peeringHandlers = { DescribeVpcPeeringConnections: describePeerings };
