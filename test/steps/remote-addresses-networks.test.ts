import { expect, it } from "vitest";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { drill, OTHER } from "./remote-addresses-drill.ts";

it("leaves the blocks of the instance's VPC, secondary and IPv6, and of peered VPCs, to people", async () => {
  const { clock, range, context, findings } = drill();
  const { world } = range;
  const place = world.place("111122223333", "eu-central-1");
  const { vpcId } = [...place.region.instances.values()]
    .filter(({ id }) => id === context().target.instanceId)
    .flatMap(({ id }) => [...place.region.interfaces.values()].filter((one) => one.attachment?.instanceId === id))[0]!;
  const vpc = place.region.vpcs.get(vpcId)!;
  world.change(vpc, () => Object.assign(vpc, { secondaryCidrs: ["198.18.0.0/16"], ipv6Cidr: "2001:db8:7::/56" }));
  const side = (id: string, cidr: string) => ({
    vpcId: id,
    ownerId: "111122223333",
    region: "eu-central-1",
    cidrs: [cidr],
    ipv6Cidrs: [],
  });
  const peer = (id: string, requester: string, { cidr, status }: { cidr: string; status: "active" | "deleted" }) =>
    world.add(place.region.vpcPeerings, {
      id,
      tags: [],
      status,
      requester: side(requester, "10.99.0.0/16"),
      accepter: side("vpc-0bbbbbbbb", cidr),
    });
  peer("pcx-0aaaaaaa1", vpcId, { cidr: "192.0.2.0/24", status: "active" });
  peer("pcx-0aaaaaaa2", vpcId, { cidr: "203.0.113.0/24", status: "deleted" });
  peer("pcx-0aaaaaaa3", "vpc-0cccccccc", { cidr: "203.0.113.0/24", status: "active" });
  await clock.run(async () => {
    const named = {
      ...findings[0]!,
      remoteAddresses: ["198.18.4.5", "2001:db8:7::9", "192.0.2.8", OTHER].map((address) => ({
        address,
        port: null,
        protocol: null,
      })),
    };
    const { changes, left } = await remoteAddresses.plan(context({ findings: [named] }), {});
    expect(changes.map(({ attribute }) => attribute)).toEqual([OTHER]);
    expect(left).toEqual([
      {
        resource: "198.18.4.5",
        reason: `it lies in 198.18.0.0/16 of the instance's VPC ${vpcId}: never denied automatically`,
      },
      {
        resource: "2001:db8:7::9",
        reason: `it lies in 2001:db8:7::/56 of the instance's VPC ${vpcId}: never denied automatically`,
      },
      {
        resource: "192.0.2.8",
        reason:
          "it lies in 192.0.2.0/24 of VPC vpc-0bbbbbbbb, peered through pcx-0aaaaaaa1: never denied automatically",
      },
    ]);
  });
});
