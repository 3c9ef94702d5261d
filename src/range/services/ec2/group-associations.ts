/** Describes the further VPCs that security groups are associated with. */
import type {
  DescribeSecurityGroupVpcAssociationsRequest,
  DescribeSecurityGroupVpcAssociationsResult,
} from "@aws-sdk/client-ec2";
import { handler, ownerOf } from "../handler.ts";
import { filterBy, paged, type Filters } from "./selection.ts";

interface Association {
  readonly groupId: string;
  readonly groupOwnerId: string;
  readonly vpcId: string;
  readonly vpcOwnerId: string;
  readonly tags: readonly never[];
}

const filters: Filters<Association> = {
  "group-id": ({ groupId }) => groupId,
  "vpc-id": ({ vpcId }) => vpcId,
  "vpc-owner-id": ({ vpcOwnerId }) => vpcOwnerId,
  "group-owner-id": ({ groupOwnerId }) => groupOwnerId,
  state: () => "associated",
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupVpcAssociations.html */
const describe = handler(
  (context, input: DescribeSecurityGroupVpcAssociationsRequest): DescribeSecurityGroupVpcAssociationsResult => {
    const all = context.world.list(context.region.securityGroups).flatMap((group) =>
      group.associatedVpcIds.map((vpcId): Association => ({
        groupId: group.id,
        groupOwnerId: ownerOf(context, group),
        vpcId,
        vpcOwnerId: ownerOf(context, context.region.vpcs.get(vpcId) ?? {}),
        tags: [],
      })),
    );
    const { items, token } = paged(context, filterBy(all, input.Filters, filters), { input });
    return {
      SecurityGroupVpcAssociations: items.map(({ groupId, groupOwnerId, vpcId, vpcOwnerId }) => ({
        GroupId: groupId,
        GroupOwnerId: groupOwnerId,
        VpcId: vpcId,
        VpcOwnerId: vpcOwnerId,
        State: "associated",
      })),
      NextToken: token,
    };
  },
);

export const groupAssociationHandlers = { DescribeSecurityGroupVpcAssociations: describe };
