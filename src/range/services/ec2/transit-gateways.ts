/** Describes what is attached to transit gateways. */
import type {
  DescribeTransitGatewayAttachmentsRequest,
  DescribeTransitGatewayAttachmentsResult,
  DescribeTransitGatewayVpcAttachmentsRequest,
  DescribeTransitGatewayVpcAttachmentsResult,
} from "@aws-sdk/client-ec2";
import type { TransitGatewayAttachment } from "../../world/gateway-model.ts";
import { handler } from "../handler.ts";
import { select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

const vpcFilters: Filters<TransitGatewayAttachment> = {
  "transit-gateway-attachment-id": ({ id }) => id,
  "transit-gateway-id": ({ transitGatewayId }) => transitGatewayId,
  "vpc-id": ({ resourceId }) => resourceId,
  state: ({ state }) => state,
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTransitGatewayVpcAttachments.html */
const describeVpcAttachments = handler(
  (context, input: DescribeTransitGatewayVpcAttachmentsRequest): DescribeTransitGatewayVpcAttachmentsResult => {
    const { items, token } = select(context, input, {
      kind: "transitGatewayAttachment",
      table: context.region.transitGatewayAttachments,
      ids: input.TransitGatewayAttachmentIds,
      filters: vpcFilters,
      where: ({ resourceType }) => resourceType === "vpc",
    });
    return {
      TransitGatewayVpcAttachments: items.map((attachment) => ({
        TransitGatewayAttachmentId: attachment.id,
        TransitGatewayId: attachment.transitGatewayId,
        VpcId: attachment.resourceId,
        VpcOwnerId: attachment.resourceOwnerId,
        State: attachment.state,
        SubnetIds: attachment.subnetIds,
        CreationTime: new Date(attachment.createdAt),
        Options: {
          DnsSupport: "enable",
          SecurityGroupReferencingSupport: "disable",
          Ipv6Support: attachment.cidrs.some((cidr) => cidr.includes(":")) ? "enable" : "disable",
          ApplianceModeSupport: attachment.applianceModeSupport,
        },
        Tags: fromTags(attachment.tags),
      })),
      NextToken: token,
    };
  },
);

const attachmentFilters: Filters<TransitGatewayAttachment> = {
  "transit-gateway-attachment-id": ({ id }) => id,
  "transit-gateway-id": ({ transitGatewayId }) => transitGatewayId,
  "transit-gateway-owner-id": ({ transitGatewayOwnerId }) => transitGatewayOwnerId,
  "resource-id": ({ resourceId }) => resourceId,
  "resource-owner-id": ({ resourceOwnerId }) => resourceOwnerId,
  "resource-type": ({ resourceType }) => resourceType,
  state: ({ state }) => state,
};

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTransitGatewayAttachments.html */
const describeAttachments = handler(
  (context, input: DescribeTransitGatewayAttachmentsRequest): DescribeTransitGatewayAttachmentsResult => {
    const { items, token } = select(context, input, {
      kind: "transitGatewayAttachment",
      table: context.region.transitGatewayAttachments,
      ids: input.TransitGatewayAttachmentIds,
      filters: attachmentFilters,
    });
    return {
      TransitGatewayAttachments: items.map((attachment) => ({
        TransitGatewayAttachmentId: attachment.id,
        TransitGatewayId: attachment.transitGatewayId,
        TransitGatewayOwnerId: attachment.transitGatewayOwnerId,
        ResourceOwnerId: attachment.resourceOwnerId,
        ResourceType: attachment.resourceType,
        ResourceId: attachment.resourceId,
        State: attachment.state,
        CreationTime: new Date(attachment.createdAt),
        Tags: fromTags(attachment.tags),
      })),
      NextToken: token,
    };
  },
);

export const transitGatewayHandlers = {
  DescribeTransitGatewayVpcAttachments: describeVpcAttachments,
  DescribeTransitGatewayAttachments: describeAttachments,
};
