import { describe } from "vitest";
import type { Range } from "../../src/range/range.ts";
import { createNetworkAcl } from "../../src/range/world/build-network.ts";
import type { NetworkAclEntry } from "../../src/range/world/model.ts";
import { networkAcl } from "../../src/steps/contain/network-acl.ts";
import type { Staging } from "../../src/testing/contract-options.ts";
import { contract } from "../../src/testing/contract.ts";

const entries = /^network-acl acl-\S+ entries/;
const made = /^network-acl <new> is new$/;
const associations = /^network-acl acl-\S+ associations/;

const simple: Staging = { scenario: "c2-beacon" };
const inTwoVpcs: Staging = { scenario: "c2-beacon", variants: ["two-vpcs"], input: { scope: "vpc" } };
const fromNumberOne = (whenFull: string): Staging => ({
  scenario: "c2-beacon",
  variants: ["nacl-rules-start-at-1"],
  input: { whenFull },
});
const full: Staging = { scenario: "c2-beacon", prepare: fill, input: { whenFull: "remove-least" } };
const everyStaging = [simple, inTwoVpcs, ...["renumber", "remove-least", "new-acl"].map(fromNumberOne), full];

/** Each way to make room has calls of its own that may be lost: each is disturbed in its turn. */
describe.each([
  ["with room", simple, [entries]],
  ["with rules that move up", fromNumberOne("renumber"), [entries]],
  ["with a NACL of our own", fromNumberOne("new-acl"), [made, associations]],
  ["with rules that go for a while", full, [entries]],
])("%s", (_, staging, brings) => {
  contract(networkAcl, { ...staging, brings, leaves: [associations], also: everyStaging });
});

/** Twenty rules each way, of every form: ports, ICMP types, both families. */
export function fill({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets) {
    const place = world.place(account, region);
    for (const acl of place.region.networkAcls.values()) {
      const rest = Array.from({ length: 19 }, (_, index) => ruleNumber(200 + index));
      world.change(acl, () => acl.entries.push(...rest.flatMap((rule) => [rule, { ...rule, egress: true }])));
    }
    createNetworkAcl(place, { vpcId: [...place.region.vpcs.keys()][0] ?? "" });
  }
}

function ruleNumber(number: number): NetworkAclEntry {
  const shape = { number, egress: false, portRange: null, icmp: null } as const;
  if (number % 3 === 0)
    return {
      ...shape,
      protocol: "6",
      portRange: { from: 443, to: 444 },
      cidr: "10.0.0.0/8",
      ipv6Cidr: null,
      action: "allow",
    };
  if (number % 3 === 1)
    return {
      ...shape,
      protocol: "1",
      icmp: { type: 8, code: -1 },
      cidr: "10.0.0.0/8",
      ipv6Cidr: null,
      action: "allow",
    };
  return { ...shape, protocol: "-1", cidr: null, ipv6Cidr: "2001:db8::/32", action: "deny" };
}
