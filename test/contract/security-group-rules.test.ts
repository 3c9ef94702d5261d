import type { Range } from "../../src/range/range.ts";
import { addRule, createPrefixList } from "../../src/range/world/build-network.ts";
import { securityGroupRules } from "../../src/steps/contain/security-group-rules.ts";
import { contract } from "../../src/testing/contract.ts";

const rules = /^security-group sg-\S+ rules/;

contract(securityGroupRules, {
  scenario: "c2-beacon",
  prepare: keepOneRule,
  brings: [rules, rules],
  leaves: [rules],
  shared: { scenario: "c2-beacon", variants: ["neighbour"], prepare: shareGroup },
  also: [{ scenario: "c2-beacon", prepare: addRules }, { scenario: "miner-behind-nat" }],
});

/** One rule per group: a group that is emptied is then told in the same words whatever ids its rules got. */
function keepOneRule({ world, scenario }: Range): void {
  for (const { account, region } of scenario.targets)
    for (const group of world.place(account, region).region.securityGroups.values())
      if (group.name === "payments-egress") world.change(group, () => (group.rules = group.rules.slice(0, 1)));
}

/** The neighbour has the same group as the target. */
function shareGroup({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const { interfaces } = world.place(account, region).region;
    const own = [...interfaces.values()].find(({ attachment }) => attachment?.instanceId === instanceId);
    for (const each of interfaces.values())
      if (own && each.attachment && each.attachment.instanceId !== instanceId)
        world.change(each, () => (each.groupIds = [...own.groupIds]));
  }
}

/** Rules of every form: each peer, ports, ICMP types, descriptions, tags. */
function addRules({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const place = world.place(account, region);
    const own = [...place.region.interfaces.values()].find(({ attachment }) => attachment?.instanceId === instanceId);
    const group = place.region.securityGroups.get(own?.groupIds[0] ?? "");
    if (!group) continue;
    const list = createPrefixList(place, { name: "offices", cidrs: ["198.51.100.0/24"] });
    const tags = [{ key: "Owner", value: "payroll" }];
    const ipv6 = { kind: "ipv6", cidr: "2001:db8::/32" } as const;
    addRule(place, group, { egress: false, protocol: "tcp", fromPort: 22, toPort: 25, peer: ipv6, tags });
    addRule(place, group, {
      egress: true,
      protocol: "-1",
      peer: { kind: "prefix-list", id: list.id },
      description: "x",
    });
    addRule(place, group, {
      egress: false,
      protocol: "udp",
      fromPort: 53,
      peer: { kind: "group", id: group.id, ownerId: account },
    });
    addRule(place, group, { egress: false, protocol: "50", peer: { kind: "ipv4", cidr: "10.9.0.0/16" } });
  }
}
