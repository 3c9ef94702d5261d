import type { AssociateAddressRequest, AssociateAddressResult, DisassociateAddressRequest } from "@aws-sdk/client-ec2";
import type { NetworkInterface } from "../../world/model.ts";
import { interfacesOf } from "../../world/place.ts";
import { bindAddress, unbindAddress } from "../../world/public-addresses.ts";
import { handler, type Context } from "../handler.ts";
import { ec2Error, existing, missingParameter } from "./errors.ts";
import { refuseIfManaged } from "./interfaces.ts";

/**
 * Idempotent, and an address that is in use elsewhere moves unless the caller forbids it:
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AssociateAddress.html
 */
const associate = handler((context, input: AssociateAddressRequest): AssociateAddressResult => {
  const { world, region } = context;
  const address = existing(world, region.elasticAddresses, { kind: "allocation", id: input.AllocationId });
  const target = targetOf(context, input);
  refuseIfManaged(target);
  const privateIp = input.PrivateIpAddress ?? target.privateIps[0] ?? "";
  if (!target.privateIps.includes(privateIp))
    throw ec2Error(
      "InvalidParameterValue",
      `The private IP address ${privateIp} is not assigned to the network interface ${target.id}.`,
    );
  const hasGateway = [...region.internetGateways.values()].some(
    ({ vpcId, egressOnly }) => vpcId === target.vpcId && !egressOnly,
  );
  if (!hasGateway)
    throw ec2Error("Gateway.NotAttached", `Network ${target.vpcId} is not attached to any internet gateway`);
  if (address.associationId !== null) {
    if (address.interfaceId === target.id && address.privateIp === privateIp)
      return { AssociationId: address.associationId };
    if (input.AllowReassociation === false)
      throw ec2Error(
        "Resource.AlreadyAssociated",
        `resource ${address.id} is already associated with associate-id ${address.associationId}`,
      );
  }
  return { AssociationId: bindAddress(context, address, { target, privateIp }) };
});

function targetOf(context: Context, { NetworkInterfaceId, InstanceId }: AssociateAddressRequest): NetworkInterface {
  if (NetworkInterfaceId !== undefined)
    return existing(context.world, context.region.interfaces, { kind: "interface", id: NetworkInterfaceId });
  if (InstanceId === undefined) throw missingParameter("InstanceId or NetworkInterfaceId");
  const instance = existing(context.world, context.region.instances, { kind: "instance", id: InstanceId });
  const [only, ...others] = interfacesOf(context, instance);
  if (!only || others.length > 0)
    throw ec2Error(
      "InvalidInstanceID",
      `There are multiple interfaces attached to instance '${instance.id}'. Please specify an interface ID for the operation instead.`,
    );
  return only;
}

/** Idempotent: an association that is over is no error. https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DisassociateAddress.html */
const disassociate = handler((context, input: DisassociateAddressRequest) => {
  const { AssociationId: id } = input;
  if (id === undefined) throw missingParameter("AssociationId");
  if (!/^eipassoc-[0-9a-f]{8,17}$/.test(id))
    throw ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
  const address = [...context.region.elasticAddresses.values()].find(({ associationId }) => associationId === id);
  if (!address) return {};
  const target = context.region.interfaces.get(address.interfaceId ?? "");
  if (target) refuseIfManaged(target);
  unbindAddress(context, address);
  return {};
});

export const addressHandlers = { AssociateAddress: associate, DisassociateAddress: disassociate };
