import type {
  AttachNetworkInterfaceRequest,
  AttachNetworkInterfaceResult,
  CreateNetworkInterfaceRequest,
  CreateNetworkInterfaceResult,
  DescribeTrunkInterfaceAssociationsRequest,
  DescribeTrunkInterfaceAssociationsResult,
  DetachNetworkInterfaceRequest,
} from "@aws-sdk/client-ec2";
import { attachInterface, createInterface, detachInterface } from "../../world/build-interfaces.ts";
import { instanceTypeOf } from "../../world/instance-types.ts";
import { interfacesOf } from "../../world/place.ts";
import { handler } from "../handler.ts";
import { ec2Error, existing, missingParameter } from "./errors.ts";
import { checkGroups, describeInterface, refuseIfManaged } from "./interfaces.ts";
import { filterBy, paged } from "./selection.ts";
import { specifiedTags } from "./tags.ts";

/** Without groups it gets the VPC's default one: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateNetworkInterface.html */
const create = handler((context, input: CreateNetworkInterfaceRequest): CreateNetworkInterfaceResult => {
  const { world, region } = context;
  const subnet = existing(world, region.subnets, { kind: "subnet", id: input.SubnetId });
  const defaultGroup = [...region.securityGroups.values()].find(
    ({ vpcId, name }) => vpcId === subnet.vpcId && name === "default",
  );
  const groupIds = input.Groups ?? (defaultGroup ? [defaultGroup.id] : []);
  checkGroups(context, { groupIds, vpcId: subnet.vpcId });
  const ip = input.PrivateIpAddress;
  if (
    ip !== undefined &&
    [...region.interfaces.values()].some(
      ({ subnetId, privateIps }) => subnetId === subnet.id && privateIps.includes(ip),
    )
  ) {
    throw ec2Error("InvalidIPAddress.InUse", `Address ${ip} is in use.`);
  }
  const made = createInterface(context, {
    subnetId: subnet.id,
    groupIds,
    description: input.Description ?? "",
    tags: specifiedTags(input.TagSpecifications, "network-interface"),
    ...(ip === undefined ? {} : { privateIp: ip }),
  });
  return { NetworkInterface: describeInterface(context, made), ClientToken: input.ClientToken };
});

/** https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_AttachNetworkInterface.html */
const attach = handler((context, input: AttachNetworkInterfaceRequest): AttachNetworkInterfaceResult => {
  const { world, region } = context;
  const target = existing(world, region.interfaces, { kind: "interface", id: input.NetworkInterfaceId });
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceId });
  const { DeviceIndex: deviceIndex, NetworkCardIndex: networkCardIndex = 0 } = input;
  if (deviceIndex === undefined) throw missingParameter("deviceIndex");
  refuseIfManaged(target);
  if (target.attachment) throw ec2Error("InvalidNetworkInterface.InUse", `Interface: [${target.id}] in use.`);
  if (target.availabilityZone !== instance.availabilityZone)
    throw ec2Error(
      "InvalidParameterCombination",
      `You may not attach a network interface to an instance if they are not in the same availability zone`,
    );
  if (instance.state !== "running" && instance.state !== "stopped")
    throw ec2Error("IncorrectState", `Instance '${instance.id}' is not 'running' or 'stopped'.`);
  const attached = interfacesOf(context, instance);
  if (attached.length >= instanceTypeOf(instance.instanceType).maximumInterfaces)
    throw ec2Error(
      "AttachmentLimitExceeded",
      `Interface count ${attached.length + 1} exceeds the limit for ${instance.instanceType}`,
    );
  if (
    attached.some(
      ({ attachment }) => attachment?.deviceIndex === deviceIndex && attachment.networkCardIndex === networkCardIndex,
    )
  ) {
    throw ec2Error(
      "InvalidParameterValue",
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  const { id } = attachInterface(context, target, instance, { deviceIndex, networkCardIndex });
  return { AttachmentId: id, NetworkCardIndex: networkCardIndex };
});

/** The primary interface stays: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/network-interface-attachments.html */
const detach = handler((context, input: DetachNetworkInterfaceRequest) => {
  const target = [...context.region.interfaces.values()].find(
    ({ attachment }) => attachment?.id === input.AttachmentId,
  );
  if (!target?.attachment)
    throw ec2Error("InvalidAttachmentID.NotFound", `The attachment ID '${input.AttachmentId ?? ""}' does not exist`);
  refuseIfManaged(target);
  if (target.attachment.deviceIndex === 0)
    throw ec2Error("OperationNotPermitted", "The network interface at device index 0 cannot be detached.");
  detachInterface(context, target);
  return {};
});

/** Which branch interfaces share a trunk; the trunk is what is attached to the instance. */
const describeTrunks = handler(
  (context, input: DescribeTrunkInterfaceAssociationsRequest): DescribeTrunkInterfaceAssociationsResult => {
    const all = context.world
      .list(context.region.interfaces)
      .flatMap(({ id, trunkInterfaceId, tags }) =>
        trunkInterfaceId === null
          ? []
          : [{ id: `trunk-assoc-${id.slice(4)}`, branch: id, trunk: trunkInterfaceId, tags }],
      );
    const { AssociationIds: ids } = input;
    for (const id of ids ?? [])
      if (!all.some((each) => each.id === id))
        throw ec2Error("InvalidAssociationID.NotFound", `The association ID '${id}' does not exist`);
    const named = ids && ids.length > 0 ? all.filter(({ id }) => ids.includes(id)) : all;
    const { items, token } = paged(context, filterBy(named, input.Filters, { "interface-protocol": () => "VLAN" }), {
      input,
    });
    return {
      InterfaceAssociations: items.map(({ id, branch, trunk }) => ({
        AssociationId: id,
        BranchInterfaceId: branch,
        TrunkInterfaceId: trunk,
        InterfaceProtocol: "VLAN",
      })),
      NextToken: token,
    };
  },
);

export const attachmentHandlers = {
  CreateNetworkInterface: create,
  AttachNetworkInterface: attach,
  DetachNetworkInterface: detach,
  DescribeTrunkInterfaceAssociations: describeTrunks,
};
