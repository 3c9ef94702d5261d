import { describe, expect, test } from "vitest";
import { attachInterface, createInterface, detachInterface } from "../build-interfaces.ts";
import { settleInstances, startInstance, stopInstance } from "../instance-states.ts";
import { Lab, OPEN, OUTSIDE, type Rule } from "../test-lab.ts";
import { DEFAULT_NETWORK_OPTIONS, drawnNetworkOptions, type FlowIdentity } from "./options.ts";

const WEB_OUT: Rule = ["out", "tcp", "0.0.0.0/0", 443];
const DAY_S = 86_400;

describe("what AWS leaves open is the worst unless it is drawn", () => {
  test("rules that were broadened convert nothing, and other groups' open window is another question", () => {
    for (const [options, survives] of [
      [{}, true],
      [{ openWindowConverts: "flows-with-a-packet" }, true],
      [{ broadenedRulesConvert: "flows-with-a-packet" }, false],
    ] as const) {
      const lab = new Lab(options);
      const group = lab.group(WEB_OUT);
      const machine = lab.instance([group]);
      machine.connect(OUTSIDE);
      lab.setRules(group, ...OPEN);
      machine.send(OUTSIDE);
      machine.moveTo(lab.group());
      expect(machine.send(OUTSIDE).delivered).toBe(survives);
    }
  });

  test("silence never ends an ICMP entry", () => {
    for (const [options, survives] of [
      [{}, true],
      [{ icmpTimeoutSeconds: 600 }, false],
    ] as const) {
      const lab = new Lab(options);
      const machine = lab.instance([lab.group(["out", "icmp", "0.0.0.0/0", -1])]);
      machine.send(OUTSIDE, { protocol: "icmp" });
      machine.moveTo(lab.group());
      lab.clock.pass(30 * DAY_S);
      expect(machine.receive(OUTSIDE, { protocol: "icmp" }).delivered).toBe(survives);
    }
  });

  test("a tracked flow goes on both ways with the public address that its interface lost; a new one does not", () => {
    for (const [options, survives] of [
      [{}, true],
      [{ lostAddressEnds: true }, false],
    ] as const) {
      const lab = new Lab(options);
      const machine = lab.instance([lab.group(WEB_OUT)]);
      machine.connect(OUTSIDE);
      machine.network.publicAddress = null;
      expect(machine.send(OUTSIDE).delivered).toBe(survives);
      expect(machine.receive(OUTSIDE).delivered).toBe(survives);
      expect(machine.send(OUTSIDE, { near: 41_000, tcp: "syn" }).reason).toBe("no-public-address");
    }
  });

  test("an untracked flow ends with its public address", () => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(...OPEN)]);
    machine.connect(OUTSIDE);
    machine.network.publicAddress = null;
    expect(machine.send(OUTSIDE).reason).toBe("no-public-address");
  });

  test("an interface that was detached and attached again still has its flows", () => {
    for (const [options, survives] of [
      [{}, true],
      [{ detachingForgets: true }, false],
    ] as const) {
      const lab = new Lab(options);
      const { instance } = lab.instance([lab.group(WEB_OUT)]);
      const second = createInterface(lab.place, {
        subnetId: lab.publicSubnet,
        groupIds: [lab.group(WEB_OUT).id],
        publicIp: "203.0.113.77",
      });
      attachInterface(lab.place, second, instance, { deviceIndex: 1 });
      const end = { kind: "interface", interfaceId: second.id, ip: second.privateIps[0]! } as const;
      const packet = {
        from: end,
        to: { kind: "external", ip: OUTSIDE },
        protocol: "tcp",
        fromPort: 9,
        toPort: 443,
      } as const;
      lab.network.send({ ...packet, tcp: "syn" });
      second.groupIds = [lab.group().id];
      detachInterface(lab.place, second);
      expect(lab.network.send(packet).delivered).toBe(false);
      lab.clock.pass(60);
      attachInterface(lab.place, second, instance, { deviceIndex: 1 });
      expect(lab.network.send(packet).delivered).toBe(survives);
    }
  });

  test("an instance that was stopped and started again still has its flows", () => {
    for (const [options, survives] of [
      [{}, true],
      [{ stoppingForgets: true }, false],
    ] as const) {
      const lab = new Lab(options);
      const machine = lab.instance([lab.group(WEB_OUT)], { subnetId: lab.otherSubnet });
      const address = machine.network.publicAddress;
      machine.connect(OUTSIDE);
      machine.moveTo(lab.group());
      stopInstance(lab.place, machine.instance);
      lab.clock.pass(60);
      settleInstances(lab.place);
      expect(machine.send(OUTSIDE).reason).toBe("not-on-network");
      startInstance(lab.place, machine.instance);
      lab.clock.pass(60);
      settleInstances(lab.place);
      machine.network.publicAddress = address;
      expect(machine.send(OUTSIDE).delivered).toBe(survives);
    }
  });
});

describe("a behaviour that is drawn", () => {
  const flow = (remotePort: number): FlowIdentity => ({
    interfaceId: "eni-1",
    protocol: 6,
    localIp: "10.0.1.10",
    localPort: 40_000,
    remoteIp: OUTSIDE,
    remotePort,
  });

  test("is the same for a flow whenever it is asked, both ways over flows, and differs by seed", () => {
    const draw = (seed: number): readonly unknown[] => {
      const { openWindowConverts } = drawnNetworkOptions(seed);
      if (typeof openWindowConverts !== "function") throw new TypeError("nothing is drawn");
      return Array.from({ length: 64 }, (_, port) => openWindowConverts(flow(port)));
    };
    expect(draw(1)).toEqual(draw(1));
    expect(new Set(draw(1))).toEqual(new Set(["nothing", "flows-with-a-packet"]));
    expect(draw(1)).not.toEqual(draw(2));
  });

  test("is drawn for everything that is open", () => {
    const drawn = drawnNetworkOptions(1);
    expect(Object.keys(drawn).sort()).toEqual(Object.keys(DEFAULT_NETWORK_OPTIONS).sort());
    expect(Object.values(drawn).every((option) => typeof option === "function")).toBe(true);
  });

  test("decides flow by flow", () => {
    const lab = new Lab({
      openWindowConverts: ({ localPort }) => (localPort === 40_001 ? "flows-with-a-packet" : "nothing"),
    });
    const machine = lab.instance([lab.group(WEB_OUT)]);
    for (const near of [40_000, 40_001]) machine.connect(OUTSIDE, { near });
    machine.moveTo(lab.group(...OPEN));
    for (const near of [40_000, 40_001]) machine.send(OUTSIDE, { near });
    machine.moveTo(lab.group());
    expect([40_000, 40_001].map((near) => machine.send(OUTSIDE, { near }).delivered)).toEqual([true, false]);
  });
});
