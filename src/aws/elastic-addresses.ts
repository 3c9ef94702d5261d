import {
  AssociateAddressCommand,
  DescribeAddressesCommand,
  DisassociateAddressCommand,
  type Address,
  type Filter,
} from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** Which private address of which interface an elastic address stands for. */
export interface AddressAssociation {
  readonly associationId: string;
  readonly interfaceId: string;
  readonly privateAddress: string;
}

export interface ElasticAddress {
  readonly allocationId: string;
  readonly publicAddress: string;
  /** The service that made it and alone may move it; null where the account owns it. */
  readonly managedBy: string | null;
  /** Null while it is associated with nothing. */
  readonly association: AddressAssociation | null;
}

/** The elastic addresses of all interfaces of an instance. The call does not page. */
export function elasticAddressesOf(ec2: Sender, instanceId: string): Promise<readonly ElasticAddress[]> {
  return find(ec2, [{ Name: "instance-id", Values: [instanceId] }]);
}

/** The elastic addresses of one interface. */
export function elasticAddressesOn(ec2: Sender, interfaceId: string): Promise<readonly ElasticAddress[]> {
  return find(ec2, [{ Name: "network-interface-id", Values: [interfaceId] }]);
}

/** One elastic address; null when the account has given it up. */
export async function findElasticAddress(ec2: Sender, allocationId: string): Promise<ElasticAddress | null> {
  const found = await find(ec2, [{ Name: "allocation-id", Values: [allocationId] }]);
  return found.find((address) => address.allocationId === allocationId) ?? null;
}

/** Takes an address off its interface; well if it is off already. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateAddress.html */
export async function disassociateAddress(ec2: Sender, associationId: string): Promise<void> {
  try {
    await ec2.send(new DisassociateAddressCommand({ AssociationId: associationId }));
  } catch (error) {
    if (!hasAwsCode(error, "InvalidAssociationID.NotFound")) throw error;
  }
}

/** Associates an address that is free. `taken`: it stands for something else by now, and is left there. */
export async function associateAddress(
  ec2: Sender,
  allocationId: string,
  place: Pick<AddressAssociation, "interfaceId" | "privateAddress">,
): Promise<"associated" | "taken"> {
  try {
    await ec2.send(
      new AssociateAddressCommand({
        AllocationId: allocationId,
        NetworkInterfaceId: place.interfaceId,
        PrivateIpAddress: place.privateAddress,
        AllowReassociation: false,
      }),
    );
    return "associated";
  } catch (error) {
    if (hasAwsCode(error, "Resource.AlreadyAssociated")) return "taken";
    throw error;
  }
}

async function find(ec2: Sender, Filters: Filter[]): Promise<readonly ElasticAddress[]> {
  const { Addresses = [] } = await ec2.send(new DescribeAddressesCommand({ Filters }));
  return Addresses.map(read);
}

function read(address: Address): ElasticAddress {
  const { AllocationId, PublicIp, AssociationId, NetworkInterfaceId, PrivateIpAddress, ServiceManaged } = address;
  if (AllocationId === undefined || PublicIp === undefined)
    throw new CordonError("answer_incomplete", {
      what: "AWS described an elastic address without an allocation id or an address",
    });
  const isFree = AssociationId === undefined || NetworkInterfaceId === undefined || PrivateIpAddress === undefined;
  return {
    allocationId: AllocationId,
    publicAddress: PublicIp,
    managedBy: ServiceManaged ?? null,
    association: isFree
      ? null
      : { associationId: AssociationId, interfaceId: NetworkInterfaceId, privateAddress: PrivateIpAddress },
  };
}
