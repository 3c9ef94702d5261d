import { contract } from "../../src/testing/contract.ts";
import type { Range } from "../../src/range/range.ts";
import { allocateAddress } from "../../src/range/world/build-network.ts";
import { bindAddress } from "../../src/range/world/public-addresses.ts";
import { elasticAddresses } from "../../src/steps/contain/elastic-addresses.ts";

const free = /^elastic-address \S+ (associationId|interfaceId|privateIp): "\S+" -> absent$/;
const off = /^network-interface \S+ (publicAddress|furtherPublicAddresses): .* -> (absent|\[\])$/;

contract(elasticAddresses, {
  scenario: "c2-beacon",
  variants: ["service-managed-interface"],
  prepare: giveElasticAddresses,
  brings: [...Array<RegExp>(9).fill(free), off, off, off],
  leaves: [/associationId: "\S+" -> "\S+"$/, /furtherPublicAddresses: \[\{.*\}\] -> \[\{.*\}\]$/],
  also: [{ scenario: "miner-behind-nat", prepare: giveAutomaticBehindElastic }],
});

/** Two on the primary interface, for two of its private addresses, and one on the second interface. */
function giveElasticAddresses({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const place = world.place(account, region);
    const own = [...place.region.interfaces.values()].filter(
      ({ attachment, operator }) => attachment?.instanceId === instanceId && operator === null,
    );
    const [primary] = own;
    if (primary) world.change(primary, () => primary.privateIps.push("10.20.1.200"));
    const wanted = own.flatMap((target) => target.privateIps.map((privateIp) => ({ target, privateIp })));
    for (const [index, each] of wanted.entries())
      bindAddress(place, allocateAddress(place, `192.0.2.${90 + index}`), each);
  }
}

/** AWS gives this instance an automatic address when the elastic one goes, and takes it back when that returns. */
function giveAutomaticBehindElastic({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const place = world.place(account, region);
    for (const target of place.region.interfaces.values()) {
      if (target.attachment?.instanceId !== instanceId) continue;
      const subnet = place.region.subnets.get(target.subnetId);
      if (subnet) world.change(subnet, () => (subnet.mapPublicIpOnLaunch = true));
      bindAddress(place, allocateAddress(place, "192.0.2.95"), { target, privateIp: target.privateIps[0] ?? "" });
    }
  }
}
