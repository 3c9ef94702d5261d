import { describe, expect, test } from "vitest";
import { createFlowLog } from "../build-logging.ts";
import { Lab, OPEN, OUTSIDE, type Machine, type Rule } from "../test-lab.ts";
import type { Flow } from "./flow.ts";

const WEB_OUT: Rule = ["out", "tcp", "0.0.0.0/0", 443];
const DAY_MS = 86_400_000;

function flowOf({ network }: Machine): Flow {
  return {
    inside: { kind: "interface", interfaceId: network.id, ip: network.privateIps[0]! },
    outside: { kind: "external", ip: OUTSIDE },
    protocol: "tcp",
    insidePort: 40_000,
    outsidePort: 443,
  };
}

const bothWays = (lab: Lab, machine: Machine): readonly boolean[] => {
  const { outward, inward } = lab.network.wouldPass(flowOf(machine));
  return [outward.delivered, inward.delivered];
};

describe("flows that began in the past", () => {
  const planted = (options: { readonly idleMs: number; readonly type?: string; readonly tracked?: boolean }) => {
    const lab = new Lab();
    const machine = lab.instance([lab.group()], options.type === undefined ? {} : { instanceType: options.type });
    const lastPacketAt = lab.clock.now() - options.idleMs;
    lab.network.plant(flowOf(machine), {
      startedBy: "inside",
      beganAt: lastPacketAt - 2 * DAY_MS,
      lastPacketAt,
      ...(options.tracked === undefined ? {} : { tracked: options.tracked }),
    });
    return bothWays(lab, machine);
  };

  test("pass both ways for as long as their idle timer runs, through groups without rules", () => {
    expect(planted({ idleMs: 4.9 * DAY_MS })).toEqual([true, true]);
    expect(planted({ idleMs: 5 * DAY_MS })).toEqual([false, false]);
    expect(planted({ idleMs: 349_000, type: "m8i.large" })).toEqual([true, true]);
    expect(planted({ idleMs: 350_000, type: "m8i.large" })).toEqual([false, false]);
  });

  test("that were untracked have nothing that carries them", () => {
    expect(planted({ idleMs: 1_000, tracked: false })).toEqual([false, false]);
  });

  test("take their NAT gateway's mapping with them, which ages faster", () => {
    for (const [idleMs, passes] of [
      [349_000, true],
      [350_000, false],
    ] as const) {
      const lab = new Lab();
      const machine = lab.instance([lab.group()], { subnetId: lab.privateSubnet });
      const lastPacketAt = lab.clock.now() - idleMs;
      lab.network.plant(flowOf(machine), { startedBy: "inside", beganAt: lastPacketAt - DAY_MS, lastPacketAt });
      expect(bothWays(lab, machine)).toEqual([passes, passes]);
    }
  });

  test("between two machines stand at both ends", () => {
    const lab = new Lab();
    const [near, far] = [lab.instance([lab.group()]), lab.instance([lab.group()])];
    const flow: Flow = {
      ...flowOf(near),
      outside: { kind: "interface", interfaceId: far.network.id, ip: far.network.privateIps[0]! },
    };
    expect(lab.network.wouldPass(flow).inward.delivered).toBe(false);
    const at = lab.clock.now() - DAY_MS;
    lab.network.plant(flow, { startedBy: "outside", beganAt: at, lastPacketAt: at });
    expect(lab.network.wouldPass(flow)).toMatchObject({ outward: { delivered: true }, inward: { delivered: true } });
  });

  test("cannot have their last packet before their beginning, or tomorrow", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group()]);
    const now = lab.clock.now();
    for (const [beganAt, lastPacketAt] of [
      [now, now - 1],
      [now, now + 1],
    ] as const)
      expect(() => lab.network.plant(flowOf(machine), { startedBy: "inside", beganAt, lastPacketAt })).toThrow(
        "after its beginning and before now",
      );
  });
});

describe("asking what would pass", () => {
  test("keeps no flow alive", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(WEB_OUT)], { instanceType: "m8i.large" });
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group());
    lab.clock.pass(349);
    expect(bothWays(lab, machine)).toEqual([true, true]);
    lab.clock.pass(1);
    expect(bothWays(lab, machine)).toEqual([false, false]);
  });

  test("opens no flow, converts none, ends none, and makes no mapping", () => {
    const lab = new Lab({ openWindowConverts: "flows-with-a-packet" });
    const machine = lab.instance([lab.group(WEB_OUT)]);
    machine.connect(OUTSIDE);
    machine.moveTo(lab.group(...OPEN));
    expect(bothWays(lab, machine)).toEqual([true, true]);
    machine.moveTo(lab.group());
    expect(bothWays(lab, machine)).toEqual([true, true]);

    const { inside, outside } = flowOf(machine);
    lab.network.probe({ from: inside, to: outside, protocol: "tcp", fromPort: 40_000, toPort: 443, tcp: "reset" });
    expect(bothWays(lab, machine)).toEqual([true, true]);

    const behind = lab.instance([lab.group(WEB_OUT)], { subnetId: lab.privateSubnet });
    const flow = flowOf(behind);
    const first = {
      from: flow.inside,
      to: outside,
      protocol: "tcp",
      fromPort: 40_000,
      toPort: 443,
      tcp: "syn",
    } as const;
    expect(lab.network.probe(first).delivered).toBe(true);
    expect(lab.network.trackedFlows(behind.network.id)).toEqual([]);
    expect(behind.receive(OUTSIDE).reason).toBe("no-nat-mapping");
  });

  test("leaves no record in flow logs", () => {
    const lab = new Lab();
    createFlowLog(lab.place, {
      resourceId: lab.vpcId,
      destination: { kind: "cloud-watch-logs", logGroupName: "flows" },
      maxAggregationSeconds: 60,
    });
    const machine = lab.instance([lab.group(WEB_OUT)]);
    lab.network.wouldPass(flowOf(machine));
    expect(lab.place.region.captures.size).toBe(0);
    machine.connect(OUTSIDE);
    expect(lab.place.region.captures.size).toBe(1);
  });
});
