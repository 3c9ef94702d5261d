import type { DescribeSpotInstanceRequestsRequest, DescribeSpotInstanceRequestsResult } from "@aws-sdk/client-ec2";
import type { Tag } from "../../world/model.ts";
import { handler } from "../handler.ts";
import { ec2Error } from "./errors.ts";
import { filterBy, paged, type Filters } from "./selection.ts";

interface SpotRequest {
  readonly id: string;
  readonly tags: readonly Tag[];
  readonly kind: "one-time" | "persistent";
  readonly instanceId: string;
}

const filters: Filters<SpotRequest> = {
  "spot-instance-request-id": ({ id }) => id,
  "instance-id": ({ instanceId }) => instanceId,
  type: ({ kind }) => kind,
  state: () => "active",
};

/** The requests behind the Spot instances that there are. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotInstanceRequests.html */
const describe = handler((context, input: DescribeSpotInstanceRequestsRequest): DescribeSpotInstanceRequestsResult => {
  const requests = context.world
    .list(context.region.instances)
    .flatMap(({ id: instanceId, spotRequest }): SpotRequest[] =>
      spotRequest ? [{ ...spotRequest, tags: [], instanceId }] : [],
    );
  const { SpotInstanceRequestIds: ids = [] } = input;
  for (const wanted of ids)
    if (!requests.some(({ id }) => id === wanted))
      throw ec2Error(
        "InvalidSpotInstanceRequestID.NotFound",
        `The spot instance request ID '${wanted}' does not exist`,
      );
  const named = ids.length === 0 ? requests : requests.filter(({ id }) => ids.includes(id));
  const { items, token } = paged(context, filterBy(named, input.Filters, filters), { input });
  return {
    SpotInstanceRequests: items.map(({ id, kind, instanceId }) => ({
      SpotInstanceRequestId: id,
      Type: kind,
      State: "active",
      InstanceId: instanceId,
    })),
    NextToken: token,
  };
});

export const spotRequestHandlers = { DescribeSpotInstanceRequests: describe };
