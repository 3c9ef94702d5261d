import { describe, expect, it } from "vitest";
import type { ScalingGroupMember } from "../../aws/auto-scaling-groups.ts";
import { scalingWork, type ScalingClaim, type TakenMember } from "./auto-scaling-record.ts";

const NOW = 1_000_000;

const member = (lifecycleState: string, protectedFromScaleIn = false): ScalingGroupMember => ({
  instanceId: "i-1",
  lifecycleState,
  isHealthy: true,
  protectedFromScaleIn,
});

const detach: ScalingClaim = { instanceId: "i-1", mode: "detach" };
const standby: ScalingClaim = { instanceId: "i-1", mode: "standby" };

const taken = (more: Partial<TakenMember> = {}): TakenMember => ({
  ...detach,
  wasProtected: false,
  phase: "taking",
  at: NOW - 120_000,
  room: null,
  ...more,
});

/** The parts of the work that are not empty. */
function parts(seen: {
  readonly members?: readonly ScalingGroupMember[];
  readonly claims?: readonly ScalingClaim[];
  readonly ours?: readonly TakenMember[];
}): readonly string[] {
  const { members = [], claims = [], ours = [] } = seen;
  const work = scalingWork({ group: { members }, claims, record: { members: [...ours], minSize: null }, now: NOW });
  return Object.entries(work).flatMap(([part, list]: [string, readonly unknown[]]) => (list.length > 0 ? [part] : []));
}

describe("a claimed member", () => {
  it("is taken while it is in service, and remembered as its owner had protected it", () => {
    const seen = { group: { members: [member("InService", true)] }, claims: [detach], now: NOW };
    expect(scalingWork({ ...seen, record: { members: [], minSize: null } }).take).toEqual([
      { instanceId: "i-1", mode: "detach", wasProtected: true, phase: "taking", at: NOW, room: null },
    ]);
    const again = scalingWork({ ...seen, record: { members: [taken()], minSize: null } });
    expect(again.take.map(({ wasProtected }) => wasProtected)).toEqual([false]);
  });

  it("is kept once it is out or on standby, and left where somebody else took it out", () => {
    expect(parts({ claims: [detach], ours: [taken()] })).toEqual(["keep"]);
    expect(parts({ claims: [detach], ours: [taken()], members: [member("Detaching")] })).toEqual(["keep"]);
    expect(parts({ claims: [standby], ours: [taken(standby)], members: [member("EnteringStandby")] })).toEqual([
      "keep",
    ]);
    expect(parts({ claims: [detach] })).toEqual([]);
    expect(parts({ claims: [detach], members: [member("Standby")] })).toEqual([]);
  });

  it("is lost when the group ends it, and waited for in a state that is none of these", () => {
    expect(parts({ claims: [detach], members: [member("Terminating:Wait")] })).toEqual(["lost"]);
    expect(parts({ claims: [detach], members: [member("Pending")] })).toEqual(["unready"]);
    expect(parts({ claims: [detach], members: [member("ReplacingRootVolume")] })).toEqual(["unready"]);
  });

  it("is waited for when it was claimed anew on its way back", () => {
    expect(parts({ claims: [detach], ours: [taken({ phase: "returning" })] })).toEqual(["wait"]);
  });
});

describe("a member that nobody claims any more", () => {
  it("is brought back from where its mode put it", () => {
    expect(parts({ ours: [taken()] })).toEqual(["bringBack"]);
    expect(parts({ ours: [taken(standby)], members: [member("Standby")] })).toEqual(["bringBack"]);
    expect(parts({ ours: [taken(standby)] })).toEqual([]);
    expect(parts({ ours: [taken()], members: [member("Standby")] })).toEqual([]);
  });

  it("is waited for while it is on its way", () => {
    for (const state of ["Detaching", "EnteringStandby", "Pending", "Pending:Wait"])
      expect(parts({ ours: [taken()], members: [member(state)] })).toEqual(["wait"]);
  });

  it("is not believed to be in service a moment after it was taken out, and is a minute later", () => {
    expect(parts({ ours: [taken({ at: NOW - 59_999 })], members: [member("InService")] })).toEqual(["wait"]);
    expect(parts({ ours: [taken({ at: NOW - 60_000 })], members: [member("InService")] })).toEqual([]);
  });

  it("gets the scale-in protection back that it had", () => {
    expect(parts({ ours: [taken()], members: [member("InService", true)] })).toEqual(["restoreProtection"]);
    expect(parts({ ours: [taken({ wasProtected: true })], members: [member("InService", true)] })).toEqual([]);
  });

  it("is let go of when the group has ended it", () => {
    expect(parts({ ours: [taken()], members: [member("Terminating")] })).toEqual([]);
  });
});
