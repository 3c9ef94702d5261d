import { z } from "zod";
import {
  associateAddress,
  disassociateAddress,
  elasticAddressesOf,
  elasticAddressesOn,
  findElasticAddress,
  type ElasticAddress,
} from "../../aws/elastic-addresses.ts";
import { findInterface, interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import type { ChangeDraft, Left } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat } from "../../core/step.ts";

const place = z.strictObject({ publicAddress: z.string(), interfaceId: z.string(), privateAddress: z.string() });

type Place = z.infer<typeof place>;

/**
 * Takes every elastic address off every interface of the instance: what came in through it ends, whatever AWS tracks.
 *
 * An address stands for one private address of one interface. The release gives each back to the same one.
 *
 * An address that AWS assigned by itself cannot be taken off so: it is left, and the plan names what ends it. AWS may give
 * one to an instance with a single interface when its elastic address goes, so this is no cut by itself: seal it as well.
 */
export const elasticAddresses = defineStep({
  id: "contain.elastic-addresses",
  title: "Take the elastic addresses off",
  reversible: "equivalently",
  notRestored:
    "The same address is associated with the same private address again; AWS gives the association a new id.",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeAddresses", "ec2:DescribeNetworkInterfaces"],
      run: ["ec2:DescribeAddresses", "ec2:DisassociateAddress"],
      verify: ["ec2:DescribeAddresses"],
      revert: ["ec2:AssociateAddress", "ec2:DescribeAddresses", "ec2:DescribeNetworkInterfaces"],
    },
  },
  input: z.strictObject({}),
  change: { before: place, after: z.null() },

  async plan({ aws, target }) {
    const [interfaces, addresses] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      elasticAddressesOf(aws.ec2, target.instanceId),
    ]);
    if (interfaces.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId: target.instanceId });
    const ownerOf = ({ managedBy, association }: ElasticAddress): string | null =>
      managedBy ?? interfaces.find(({ id }) => id === association?.interfaceId)?.managedBy ?? null;
    return {
      changes: addresses.filter((address) => ownerOf(address) === null).flatMap(draft),
      left: [
        ...addresses.flatMap((address): Left[] => {
          const owner = ownerOf(address);
          return owner === null
            ? []
            : [{ resource: address.allocationId, reason: `managed by ${owner}: only its owner may change it` }];
        }),
        ...automatic(interfaces, addresses),
      ],
    };
  },

  async run({ aws }, { resource, before }) {
    const address = await findElasticAddress(aws.ec2, resource);
    const association = address?.association ?? null;
    if (association === null) return done(); // An earlier attempt took it off, or the account gave it up.
    if (!isAt(address, before)) throw moved(resource, before, address);
    await disassociateAddress(aws.ec2, association.associationId);
    return done();
  },

  async verify({ aws }, { resource, before }) {
    const address = await findElasticAddress(aws.ec2, resource);
    const observed = inWords(address);
    const isOff = address?.association?.interfaceId !== before.interfaceId;
    return expectThat(`elastic address ${before.publicAddress}`, isOff, { expected: "free", observed });
  },

  async revert({ aws }, { resource, before }) {
    const [address, present, on] = await Promise.all([
      findElasticAddress(aws.ec2, resource),
      findInterface(aws.ec2, before.interfaceId),
      elasticAddressesOn(aws.ec2, before.interfaceId),
    ]);
    if (address === null || present === null) return done(); // Given up, or its interface is gone: nothing to go back to.
    if (isAt(address, before)) return done(); // Never ran, or reverted already.
    if (address.association !== null) throw moved(resource, before, address);
    const successor = on.find(({ association }) => association?.privateAddress === before.privateAddress);
    if (successor !== undefined) {
      const where = `${before.privateAddress} of ${before.interfaceId}`;
      throw new Refusal("changed_since", {
        resource: where,
        expected: "no elastic address",
        observed: successor.publicAddress,
      });
    }
    const came = await associateAddress(aws.ec2, resource, before);
    if (came === "taken") throw moved(resource, before, address);
    return done();
  },
});

function draft({ allocationId, publicAddress, association }: ElasticAddress): readonly ChangeDraft<Place, null>[] {
  if (association === null) return [];
  const { interfaceId, privateAddress } = association;
  return [
    {
      resource: allocationId,
      attribute: "association",
      before: { publicAddress, interfaceId, privateAddress },
      after: null,
      ofTarget: true,
    },
  ];
}

/** Public addresses that no elastic address explains. */
function automatic(interfaces: readonly NetworkInterface[], addresses: readonly ElasticAddress[]): readonly Left[] {
  const elastic = new Set(addresses.map(({ publicAddress }) => publicAddress));
  return interfaces.flatMap(({ id, publicAddresses }) =>
    publicAddresses
      .filter((address) => !elastic.has(address))
      .map((address) => ({
        resource: id,
        reason: `${address} was assigned by AWS and cannot be taken off: contain.stop gives it back for good, contain.security-groups and contain.internet-routes cut what comes through it`,
      })),
  );
}

function isAt(address: ElasticAddress | null, { interfaceId, privateAddress }: Place): boolean {
  const association = address?.association ?? null;
  return association?.interfaceId === interfaceId && association.privateAddress === privateAddress;
}

function moved(resource: string, before: Place, address: ElasticAddress | null): Refusal {
  const expected = `${before.privateAddress} of ${before.interfaceId}, or nothing`;
  return new Refusal("changed_since", { resource, expected, observed: inWords(address) });
}

function inWords(address: ElasticAddress | null): string {
  if (address === null) return "given up";
  if (address.association === null) return "free";
  return `${address.association.privateAddress} of ${address.association.interfaceId}`;
}
