import { CreateRouteCommand, DeleteRouteCommand } from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** A route to a gateway: its destination is a block of IPv4 or IPv6, or a prefix list's id. */
export interface GatewayRoute {
  readonly destination: string;
  readonly gateway: string;
}

/** Takes a route out of a table; well if it is gone. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DeleteRoute.html */
export async function deleteRoute(ec2: Sender, tableId: string, destination: string): Promise<void> {
  try {
    await ec2.send(new DeleteRouteCommand({ RouteTableId: tableId, ...named(destination) }));
  } catch (error) {
    if (!hasAwsCode(error, "InvalidRoute.NotFound", "InvalidRouteTableID.NotFound")) throw error;
  }
}

/** Puts a route to a gateway into a table. `taken`: one to that destination is there. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateRoute.html */
export async function createRoute(
  ec2: Sender,
  tableId: string,
  { destination, gateway }: GatewayRoute,
): Promise<"created" | "taken"> {
  try {
    await ec2.send(new CreateRouteCommand({ RouteTableId: tableId, GatewayId: gateway, ...named(destination) }));
    return "created";
  } catch (error) {
    if (hasAwsCode(error, "RouteAlreadyExists")) return "taken";
    throw error;
  }
}

function named(destination: string): {
  DestinationCidrBlock?: string;
  DestinationIpv6CidrBlock?: string;
  DestinationPrefixListId?: string;
} {
  if (destination.startsWith("pl-")) return { DestinationPrefixListId: destination };
  return destination.includes(":") ? { DestinationIpv6CidrBlock: destination } : { DestinationCidrBlock: destination };
}
