/** Describes gateways other than internet and NAT gateways: egress-only, VPN and carrier gateways. */
import type {
  DescribeCarrierGatewaysRequest,
  DescribeCarrierGatewaysResult,
  DescribeEgressOnlyInternetGatewaysRequest,
  DescribeEgressOnlyInternetGatewaysResult,
  DescribeVpnGatewaysRequest,
  DescribeVpnGatewaysResult,
} from "@aws-sdk/client-ec2";
import type { CarrierGateway, VpnGateway } from "../../world/gateway-model.ts";
import type { InternetGateway } from "../../world/model.ts";
import { handler } from "../handler.ts";
import { notFound } from "./errors.ts";
import { filterBy, select, type Filters } from "./selection.ts";
import { fromTags } from "./tags.ts";

/** The operation filters by tags only: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeEgressOnlyInternetGateways.html */
const describeEgressOnly = handler(
  (context, input: DescribeEgressOnlyInternetGatewaysRequest): DescribeEgressOnlyInternetGatewaysResult => {
    const { items, token } = select(context, input, {
      kind: "egressOnlyGateway",
      table: context.region.internetGateways,
      ids: input.EgressOnlyInternetGatewayIds,
      filters: {},
      where: ({ egressOnly }: InternetGateway) => egressOnly,
      range: [5, 255],
    });
    return {
      EgressOnlyInternetGateways: items.map(({ id, vpcId, tags }) => ({
        EgressOnlyInternetGatewayId: id,
        Attachments: vpcId === null ? [] : [{ VpcId: vpcId, State: "attached" }],
        Tags: fromTags(tags),
      })),
      NextToken: token,
    };
  },
);

const vpnFilters: Filters<VpnGateway> = {
  "vpn-gateway-id": ({ id }) => id,
  "attachment.vpc-id": ({ vpcId }) => vpcId,
  "attachment.state": ({ vpcId }) => (vpcId === null ? null : "attached"),
  "amazon-side-asn": ({ amazonSideAsn }) => amazonSideAsn,
  state: ({ state }) => state,
  type: () => "ipsec.1",
};

/** This operation does not page: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeVpnGateways.html */
const describeVpn = handler((context, input: DescribeVpnGatewaysRequest): DescribeVpnGatewaysResult => {
  const all = context.world.list(context.region.vpnGateways);
  const { VpnGatewayIds: ids = [] } = input;
  for (const id of ids) if (!all.some((gateway) => gateway.id === id)) throw notFound("vpnGateway", id);
  const named = all.filter(({ id }) => ids.length === 0 || ids.includes(id));
  return {
    VpnGateways: filterBy(named, input.Filters, vpnFilters).map((gateway) => ({
      VpnGatewayId: gateway.id,
      State: gateway.state,
      Type: "ipsec.1",
      AmazonSideAsn: gateway.amazonSideAsn,
      VpcAttachments: gateway.vpcId === null ? [] : [{ VpcId: gateway.vpcId, State: "attached" }],
      Tags: fromTags(gateway.tags),
    })),
  };
});

const carrierFilters: Filters<CarrierGateway> = {
  "carrier-gateway-id": ({ id }) => id,
  "vpc-id": ({ vpcId }) => vpcId,
  state: ({ state }) => state,
};

const describeCarrier = handler((context, input: DescribeCarrierGatewaysRequest): DescribeCarrierGatewaysResult => {
  const { items, token } = select(context, input, {
    kind: "carrierGateway",
    table: context.region.carrierGateways,
    ids: input.CarrierGatewayIds,
    filters: carrierFilters,
  });
  return {
    CarrierGateways: items.map(({ id, vpcId, state, tags }) => ({
      CarrierGatewayId: id,
      VpcId: vpcId,
      State: state,
      OwnerId: context.account.id,
      Tags: fromTags(tags),
    })),
    NextToken: token,
  };
});

export const gatewayHandlers = {
  DescribeEgressOnlyInternetGateways: describeEgressOnly,
  DescribeVpnGateways: describeVpn,
  DescribeCarrierGateways: describeCarrier,
};
