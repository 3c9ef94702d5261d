import { describe, expect, it } from "vitest";
import { addRule } from "../../src/range/world/build-network.ts";
import type { SecurityGroup } from "../../src/range/world/model.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { preparedGroups } from "../../src/steps/protect/prepared-groups.ts";
import { addEndpoints, prepareLevels } from "../contract/isolation-levels.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";

/** The rules of the groups of a level, with the names of groups and lists instead of their ids. */
function rulesOf({ place }: Bench, level: string): readonly string[] {
  return groupsOf(place.region.securityGroups.values(), level)
    .flatMap(({ rules }) => rules)
    .map(({ egress, protocol, fromPort, toPort, peer }) => {
      const id = "id" in peer ? peer.id : peer.cidr;
      const group = place.region.securityGroups.get(id);
      const tag = group?.tags.find(({ key }) => key === "cordon:prepared")?.value;
      const name = tag ?? group?.name ?? place.region.prefixLists.get(id)?.name ?? id;
      return `${egress ? "to" : "from"} ${name} ${protocol} ${fromPort}-${toPort}`;
    })
    .toSorted();
}

function groupsOf(groups: Iterable<SecurityGroup>, level: string): readonly SecurityGroup[] {
  return [...groups].filter(({ tags }) => tags.some(({ key, value }) => key === "cordon:prepared" && value === level));
}

describe("groups on request", () => {
  it("have the rules of their level and no others", async () => {
    await onRange({}, async (bench) => {
      addEndpoints(bench.range);
      const levels = ["evidence", "forensic", "forensic-windows"] as const;
      for (let turn = 0; turn < 2; turn++) {
        const plan = await preparedGroups.plan(bench.context, { levels: [...levels] });
        for (const change of changesOf(preparedGroups, plan)) await preparedGroups.run(bench.context, change, null);
      }
      expect([...levels, "workstation"].map((level) => rulesOf(bench, level))).toEqual([
        ["to com.amazonaws.eu-central-1.s3 tcp 443-443", "to endpoints tcp 443-443"],
        ["from workstation tcp 22-22"],
        ["from workstation tcp 3389-3389"],
        ["to 0.0.0.0/0 -1 null-null"],
      ]);
    });
  });

  it("are left where the VPC has no endpoints of Systems Manager", async () => {
    await onRange({}, async (bench) => {
      const { changes, left } = await preparedGroups.plan(bench.context, { levels: ["evidence"] });
      expect(changes).toEqual([]);
      expect(left.map(({ reason }) => reason)).toEqual([
        "it has no endpoints of Systems Manager: sealing will end collection on the instance",
      ]);
    });
  });
});

describe("a group of a level", () => {
  it.each([
    ["evidence", "evidence"],
    ["forensic", "forensic"],
    ["forensic-access", "forensic"],
  ] as const)("for %s goes on every interface", async (level, used) => {
    await onRange({}, async (bench) => {
      prepareLevels(bench.range);
      const { changes } = await securityGroups.plan(bench.context, { level });
      const [group] = groupsOf(bench.place.region.securityGroups.values(), used);
      expect(changes.map(({ after }) => after)).toEqual([[group!.id], [group!.id]]);
    });
  });

  it("lets remote desktop in where the system is Windows", async () => {
    await onRange({}, async (bench) => {
      prepareLevels(bench.range);
      bench.place.region.instances.get(bench.target.instanceId)!.platform = "windows";
      const { changes } = await securityGroups.plan(bench.context, { level: "forensic" });
      const [group] = groupsOf(bench.place.region.securityGroups.values(), "forensic-windows");
      expect(changes[0]?.after).toEqual([group!.id]);
    });
  });

  it.each(["evidence", "forensic"] as const)(
    "is not used when somebody added a rule to the one for %s",
    async (level) => {
      await onRange({}, async (bench) => {
        prepareLevels(bench.range);
        for (const group of groupsOf(bench.place.region.securityGroups.values(), level))
          addRule(bench.place, group, {
            egress: true,
            protocol: "tcp",
            fromPort: 443,
            peer: { kind: "ipv4", cidr: "198.51.100.9/32" },
          });
        await expect(securityGroups.plan(bench.context, { level })).rejects.toMatchObject({
          code: "prepared_group_missing",
        });
      });
    },
  );
});
