import { AssociateAddressCommand, DescribeAddressesCommand, DisassociateAddressCommand } from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { createInterface, attachInterface } from "../../world/build-interfaces.ts";
import { allocateAddress, createInternetGateway } from "../../world/build-network.ts";
import type { NetworkInterface } from "../../world/model.ts";
import { StorageLab } from "./storage-lab.ts";

function lab() {
  const made = new StorageLab();
  const [primary] = made.place.region.interfaces.values();
  createInternetGateway(made.place, { vpcId: made.instance.vpcId });
  const { ec2, place, clock, instance } = made;
  return { ec2, place, clock, instance, primary: primary! };
}

function target({ id }: NetworkInterface, allocationId: string) {
  return { AllocationId: allocationId, NetworkInterfaceId: id };
}

it("associates an address once, and gives back the one that stood there", async () => {
  const { place, clock, ec2, primary } = lab();
  const [first, second] = ["192.0.2.1", "192.0.2.2"].map((ip) => allocateAddress(place, ip));
  await clock.run(async () => {
    const { AssociationId } = await ec2.send(new AssociateAddressCommand(target(primary, first!.id)));
    expect(await ec2.send(new AssociateAddressCommand(target(primary, first!.id)))).toMatchObject({ AssociationId });
    await ec2.send(new AssociateAddressCommand(target(primary, second!.id)));
    const { Addresses } = await ec2.send(new DescribeAddressesCommand({}));
    expect(Addresses?.map(({ PublicIp, NetworkInterfaceId }) => [PublicIp, NetworkInterfaceId])).toEqual([
      ["192.0.2.1", undefined],
      ["192.0.2.2", primary.id],
    ]);
  });
});

it("moves an address that is in use unless the caller forbids it", async () => {
  const { place, clock, ec2, primary } = lab();
  const other = createInterface(place, { subnetId: primary.subnetId, groupIds: [] });
  const address = allocateAddress(place, "192.0.2.1");
  await clock.run(async () => {
    await ec2.send(new AssociateAddressCommand(target(primary, address.id)));
    const forbidden = new AssociateAddressCommand({ ...target(other, address.id), AllowReassociation: false });
    await expect(ec2.send(forbidden)).rejects.toMatchObject({ name: "Resource.AlreadyAssociated" });
    await ec2.send(new AssociateAddressCommand(target(other, address.id)));
    expect([primary.publicAddress, other.publicAddress?.ip]).toEqual([null, "192.0.2.1"]);
  });
});

it("takes an address off as often as it is asked to", async () => {
  const { place, clock, ec2, primary } = lab();
  const address = allocateAddress(place, "192.0.2.1");
  await clock.run(async () => {
    const { AssociationId } = await ec2.send(new AssociateAddressCommand(target(primary, address.id)));
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    expect([primary.publicAddress, address.associationId]).toEqual([null, null]);
    const unknown = new DisassociateAddressCommand({ AssociationId: "nonsense" });
    await expect(ec2.send(unknown)).rejects.toMatchObject({ name: "InvalidAssociationID.NotFound" });
  });
});

it.each([
  ["one interface", 0, /^203\.0\.113\./],
  ["two interfaces", 1, /^none$/],
])(
  "gives an instance with %s an automatic address in its place, if it gets one at launch",
  async (_, more, expected) => {
    const { place, clock, ec2, instance, primary } = lab();
    place.region.subnets.get(primary.subnetId)!.mapPublicIpOnLaunch = true;
    for (let index = 0; index < more; index++) {
      const added = createInterface(place, { subnetId: primary.subnetId, groupIds: [] });
      attachInterface(place, added, instance, { deviceIndex: 1 });
    }
    const address = allocateAddress(place, "192.0.2.1");
    await clock.run(async () => {
      const { AssociationId } = await ec2.send(new AssociateAddressCommand(target(primary, address.id)));
      await ec2.send(new DisassociateAddressCommand({ AssociationId }));
    });
    expect(primary.publicAddress?.ip ?? "none").toMatch(expected);
  },
);

it("associates nothing in a VPC without an internet gateway", async () => {
  const { place, clock, ec2 } = new StorageLab();
  const [primary] = place.region.interfaces.values();
  const address = allocateAddress(place, "192.0.2.1");
  await clock.run(async () => {
    const call = new AssociateAddressCommand(target(primary!, address.id));
    await expect(ec2.send(call)).rejects.toMatchObject({ name: "Gateway.NotAttached" });
  });
});
