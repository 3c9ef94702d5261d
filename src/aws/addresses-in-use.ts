import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/**
 * Which of some addresses an interface of the account holds in this region, as its own inside a VPC.
 * Asked by address, so that one page answers however large the VPCs are.
 */
export async function addressesInUse(sender: Sender, addresses: readonly string[]): Promise<readonly string[]> {
  const families = [
    { name: "addresses.private-ip-address", values: addresses.filter((address) => !address.includes(":")) },
    { name: "ipv6-addresses.ipv6-address", values: addresses.filter((address) => address.includes(":")) },
  ];
  const found = await Promise.all(families.map(({ name, values }) => holders(sender, name, values)));
  return found.flat();
}

async function holders(sender: Sender, name: string, values: readonly string[]): Promise<readonly string[]> {
  if (values.length === 0) return [];
  const { NetworkInterfaces = [] } = await sender.send(
    new DescribeNetworkInterfacesCommand({ Filters: [{ Name: name, Values: [...values] }], MaxResults: 1000 }),
  );
  return NetworkInterfaces.flatMap(({ PrivateIpAddresses = [], Ipv6Addresses = [] }) => [
    ...PrivateIpAddresses.flatMap(({ PrivateIpAddress }) => PrivateIpAddress ?? []),
    ...Ipv6Addresses.flatMap(({ Ipv6Address }) => Ipv6Address ?? []),
  ]);
}
