import { describe, expect, it } from "vitest";
import type { GroupRule } from "./described.ts";
import type { HistoryEvent } from "./recorded-change.ts";
import { groupsEver, type InterfaceFacts, rulesHistoryOf, sealEventAt } from "./rules-history.ts";

const START = Date.parse("2026-01-10T00:00:00Z");
const minute = (count: number): number => START + count * 60_000;

const ssh: GroupRule = { direction: "ingress", protocol: "tcp", fromPort: 22, toPort: 22, peer: "192.0.2.0/24" };
const out: GroupRule = { direction: "egress", protocol: "-1", fromPort: null, toPort: null, peer: "0.0.0.0/0" };
const web: GroupRule = { direction: "ingress", protocol: "tcp", fromPort: 443, toPort: 443, peer: "0.0.0.0/0" };

const facts: InterfaceFacts = {
  id: "eni-1",
  instanceId: "i-1",
  isPrimary: true,
  startedAt: START,
  groupsNow: ["sg-sealed"],
  seal: { before: ["sg-web"], after: ["sg-sealed"] },
};

let count = 0;
function event(at: number, eventName: string, request: unknown, answer: unknown = {}, more: object = {}): HistoryEvent {
  count += 1;
  const row = { eventName, requestParameters: request, responseElements: answer, ...more };
  return { id: `event-${count}`, at, document: JSON.stringify(row) };
}

const launch = event(
  START,
  "RunInstances",
  {},
  {
    instancesSet: {
      items: [
        {
          instanceId: "i-1",
          networkInterfaceSet: {
            items: [{ networkInterfaceId: "eni-1", groupSet: { items: [{ groupId: "sg-web" }] } }],
          },
        },
      ],
    },
  },
);
const swap = (at: number, groupId: string, more: object = {}): HistoryEvent =>
  event(
    at,
    "ModifyNetworkInterfaceAttribute",
    { networkInterfaceId: "eni-1", groupSet: { items: [{ groupId }] } },
    {},
    more,
  );
const seal = swap(minute(60), "sg-sealed");
const permissions = (cidrIp: string, port: number): unknown => ({
  items: [{ ipProtocol: "tcp", fromPort: port, toPort: port, groups: {}, ipRanges: { items: [{ cidrIp }] } }],
});
const authorize = (at: number, groupId = "sg-web"): HistoryEvent =>
  event(at, "AuthorizeSecurityGroupIngress", { groupId, ipPermissions: permissions("0.0.0.0/0", 443) });
const revoke = (at: number, groupId = "sg-web"): HistoryEvent =>
  event(at, "RevokeSecurityGroupIngress", { groupId, ipPermissions: permissions("0.0.0.0/0", 443) });

function historyOf(
  events: readonly HistoryEvent[],
  webRules: readonly GroupRule[] | null = [ssh, out],
  more: Partial<InterfaceFacts> = {},
) {
  const rules = (list: readonly GroupRule[]) => list.map((rule) => ({ id: null, rule }));
  const now = new Map([
    ["sg-sealed", rules([])],
    ["sg-web", webRules === null ? null : rules(webRules)],
    ["sg-wide", rules([web])],
  ]);
  return rulesHistoryOf(events, { ...facts, ...more }, now);
}

describe("the rules of the whole time", () => {
  it("are the present ones if nothing changed but the seal", () => {
    expect(historyOf([launch, seal])).toEqual({ from: START, ever: [ssh, out], always: [ssh, out], gaps: [] });
  });

  it("have a rule that was added and removed before the seal, and it was not always there", () => {
    const { ever, always } = historyOf([launch, authorize(minute(10)), revoke(minute(20)), seal]);
    expect(ever).toContainEqual(web);
    expect(always).toEqual([ssh, out]);
  });

  it("have a rule that was added and removed within one second", () => {
    const { ever, always } = historyOf([launch, authorize(minute(10)), revoke(minute(10)), seal]);
    expect(ever).toContainEqual(web);
    expect(always).not.toContainEqual(web);
  });

  it("leave out a rule that a group had only while the interface did not have the group", () => {
    const { ever } = historyOf([launch, seal, authorize(minute(70))], [ssh, out, web]);
    expect(ever).toEqual([ssh, out]);
  });

  it("have the rules of a group that was swapped in and out after the seal", () => {
    const { ever, always } = historyOf([launch, seal, swap(minute(70), "sg-wide"), swap(minute(70), "sg-sealed")]);
    expect(ever).toContainEqual(web);
    expect(always).toEqual([]);
  });

  it("are not changed by a call that AWS refused", () => {
    const refused = swap(minute(70), "sg-wide", { errorCode: "Client.UnauthorizedOperation" });
    expect(historyOf([launch, seal, refused]).ever).toEqual([ssh, out]);
  });

  it("follow a rule by its id when it is changed", () => {
    const rule = { securityGroupRuleId: "sgr-1", ipProtocol: "tcp", fromPort: 443, toPort: 443, cidrIpv4: "0.0.0.0/0" };
    const added = event(
      minute(5),
      "AuthorizeSecurityGroupIngress",
      { groupId: "sg-web" },
      { securityGroupRuleSet: { items: [rule] } },
    );
    const SecurityGroupRule = { IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIpv4: "192.0.2.0/24" };
    const changed = event(minute(6), "ModifySecurityGroupRules", {
      ModifySecurityGroupRulesRequest: {
        GroupId: "sg-web",
        SecurityGroupRule: { SecurityGroupRuleId: "sgr-1", SecurityGroupRule, tag: 1 },
      },
    });
    const { ever, always } = historyOf([launch, added, changed, seal]);
    expect(ever).toContainEqual(web);
    expect(always).toEqual([out]);
  });

  it.each([
    ["no launch", [seal], [ssh, out], "no event shows which groups eni-1 had at first"],
    ["no seal", [launch], [ssh, out], "the recorded changes of eni-1 do not lead to the groups that it has"],
    [
      "other groups before the seal than it found",
      [launch, swap(minute(9), "sg-wide"), seal],
      [ssh, out],
      "the recorded changes of eni-1 do not lead to the groups that the seal found",
    ],
    [
      "a rule that was added and is gone",
      [launch, authorize(minute(9)), seal],
      [ssh, out],
      "a rule (ingress tcp 443 443 0.0.0.0/0) was added and is gone, and no event removes it in sg-web",
    ],
    ["a group that is gone", [launch, seal], null, "AWS does not show the rules of sg-web"],
    [
      "a row that is not JSON",
      [launch, seal, { id: "broken", at: minute(9), document: "{" }],
      [ssh, out],
      "an event cannot be read (an event that is not JSON)",
    ],
    [
      "a row that does not show its rules",
      [launch, seal, event(minute(9), "RevokeSecurityGroupEgress", { groupId: "sg-web" })],
      [ssh, out],
      "an event cannot be read (RevokeSecurityGroupEgress)",
    ],
    [
      "a removal by an id that no event explains",
      [
        launch,
        seal,
        event(minute(9), "RevokeSecurityGroupIngress", {
          groupId: "sg-web",
          securityGroupRuleIds: { items: [{ securityGroupRuleId: "sgr-9" }] },
        }),
      ],
      [ssh, out],
      "no event shows what rule sgr-9 of sg-web was before 2026-01-10T00:09:00.000Z",
    ],
  ])("are unknown with %s", (_, events, webRules, gap) => {
    const { ever, always, gaps } = historyOf(events, webRules);
    expect({ ever, always, gaps }).toEqual({ ever: null, always: [], gaps: [gap] });
  });

  it("are known in spite of an unreadable row of another group", () => {
    const elsewhere = event(minute(9), "RevokeSecurityGroupEgress", { groupId: "sg-other" });
    expect(historyOf([launch, seal, elsewhere]).gaps).toEqual([]);
  });
});

describe("the groups and the seal among the events", () => {
  it("are every group that was swapped in, through the interface or its instance", () => {
    const byInstance = event(minute(5), "ModifyInstanceAttribute", {
      instanceId: "i-1",
      groupSet: { items: [{ groupId: "sg-x" }] },
    });
    expect(groupsEver([launch, byInstance, seal], facts)).toEqual(["sg-web", "sg-x", "sg-sealed"]);
    expect(groupsEver([launch, byInstance, seal], { ...facts, isPrimary: false })).toEqual(["sg-web", "sg-sealed"]);
  });

  it("have the time of the last seal, or none", () => {
    expect(sealEventAt([launch, seal], facts)).toBe(minute(60));
    expect(sealEventAt([launch], facts)).toBeNull();
  });

  it("takes all ports for the same, whether AWS shows -1 or leaves them out", () => {
    const added = event(START - 1000, "AuthorizeSecurityGroupEgress", {
      groupId: "sg-web",
      ipPermissions: { items: [{ ipProtocol: "-1", ipRanges: { items: [{ cidrIp: "0.0.0.0/0" }] } }] },
    });
    const shown: GroupRule = { ...out, fromPort: -1, toPort: -1 };
    expect(historyOf([added, launch, seal], [ssh, shown])).toMatchObject({ gaps: [] });
  });
});
