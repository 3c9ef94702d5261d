import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createFlowLog } from "./build-logging.ts";
import { captureOf } from "./flow-capture.ts";
import type { FlowLog } from "./flow-log-model.ts";
import { deliveredRecords } from "./flow-records.ts";
import type { NetworkAclEntry } from "./model.ts";
import { Lab, OPEN, OUTSIDE, type Machine } from "./test-lab.ts";

/** Later than any delivery takes. */
const LONG_S = 1200;

function logged(lab: Lab, options: Partial<Parameters<typeof createFlowLog>[1]> = {}): FlowLog {
  return createFlowLog(lab.place, {
    resourceId: lab.vpcId,
    destination: { kind: "cloud-watch-logs", logGroupName: "flows" },
    ...options,
  });
}

/** Records of a machine's interface by now, without what stands in each. */
function recordsOf({ lab, network }: Machine, log: FlowLog): readonly string[] {
  return deliveredRecords(lab.place, log, { from: 0, to: Number.MAX_SAFE_INTEGER })
    .filter(({ interfaceId }) => interfaceId === network.id)
    .map(({ line }) => line.replace(`2 111111111111 ${network.id} `, ""));
}

function entry(egress: boolean, action: "allow" | "deny"): NetworkAclEntry {
  return {
    number: 1,
    egress,
    protocol: "-1",
    cidr: "0.0.0.0/0",
    ipv6Cidr: null,
    portRange: null,
    icmp: null,
    action,
  };
}

function setAcls(lab: Lab, incoming: "allow" | "deny", outgoing: "allow" | "deny"): void {
  for (const acl of lab.place.region.networkAcls.values())
    acl.entries = [entry(false, incoming), entry(true, outgoing)];
}

const PING = { protocol: "icmp", icmp: { type: 8, code: 0 } } as const;
const PONG = { protocol: "icmp", icmp: { type: 0, code: 0 } } as const;

/** https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-records-examples.html */
describe("what AWS gives as examples", () => {
  test("SSH that the groups let in is ACCEPT, remote desktop that they do not is REJECT", () => {
    const lab = new Lab();
    const log = logged(lab);
    const machine = lab.instance([lab.group(["in", "tcp", "0.0.0.0/0", 22])]);
    machine.receive(OUTSIDE, { tcp: "syn", near: 22, far: 20_641 });
    machine.send(OUTSIDE, { near: 22, far: 20_641 });
    machine.receive(OUTSIDE, { tcp: "syn", near: 3389, far: 49_761 });
    lab.clock.pass(LONG_S);
    const start = Date.UTC(2026, 0, 1) / 1000;
    expect(recordsOf(machine, log).slice(0, 3)).toEqual([
      `${OUTSIDE} 10.0.1.5 20641 22 6 1 84 ${start} ${start} ACCEPT OK`,
      `10.0.1.5 ${OUTSIDE} 22 20641 6 1 84 ${start} ${start} ACCEPT OK`,
      `${OUTSIDE} 10.0.1.5 49761 3389 6 1 84 ${start} ${start} REJECT OK`,
    ]);
  });

  test("an interval without traffic is NODATA, one that was not captured SKIPDATA", () => {
    const lab = new Lab();
    const log = logged(lab);
    const machine = lab.instance([lab.group(...OPEN)]);
    machine.send(OUTSIDE, { tcp: "syn" });
    lab.clock.pass(120);
    captureOf(lab.place.region, machine.network.id).skippedMinutes.add(lab.clock.now());
    machine.send(OUTSIDE);
    lab.clock.pass(LONG_S);
    const start = Date.UTC(2026, 0, 1) / 1000;
    expect(recordsOf(machine, log).slice(1, 3)).toEqual([
      `- - - - - - - ${start + 60} ${start + 120} - NODATA`,
      `- - - - - - - ${start + 120} ${start + 180} - SKIPDATA`,
    ]);
  });

  test.each([
    ["groups let a ping in, the NACL lets no answer out", "allow", "deny", ["ACCEPT", "REJECT"]],
    ["groups let a ping in, the NACL both ways", "allow", "allow", ["ACCEPT", "ACCEPT"]],
    ["groups let a ping in, the NACL does not", "deny", "allow", ["REJECT", "ACCEPT"]],
  ] as const)("%s", (_, incoming, outgoing, expected) => {
    const lab = new Lab();
    const log = logged(lab);
    const machine = lab.instance([lab.group(["in", "icmp", "0.0.0.0/0", -1], ["out", "icmp", "0.0.0.0/0", -1])]);
    setAcls(lab, incoming, outgoing);
    machine.receive("203.0.113.12", PING);
    machine.send("203.0.113.12", PONG);
    lab.clock.pass(LONG_S);
    expect(recordsOf(machine, log).slice(0, 2).map(actionOf)).toEqual(expected);
  });

  test("groups let no ping in: one REJECT", () => {
    const lab = new Lab();
    const log = logged(lab);
    const machine = lab.instance([lab.group()]);
    machine.receive("203.0.113.12", PING);
    lab.clock.pass(LONG_S);
    expect(
      recordsOf(machine, log)
        .filter((line) => line.endsWith("OK"))
        .map(actionOf),
    ).toEqual(["REJECT"]);
  });

  test("through a NAT gateway: its interface has four records, and only the packet's own fields name both ends", () => {
    const lab = new Lab();
    const fields = ["instance-id", "srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr"];
    const log = logged(lab, { format: fields.map((field) => `\${${field}}`).join(" ") });
    const machine = lab.instance([lab.group(...OPEN)], { subnetId: lab.privateSubnet });
    const gateway = lab.place.region.natGateways.get(lab.natGateway)!;
    machine.send("203.0.113.5", { tcp: "syn" });
    machine.receive("203.0.113.5");
    lab.clock.pass(LONG_S);
    const [own, nat] = [machine.network.privateIps[0]!, gateway.privateIp];
    const lines = deliveredRecords(lab.place, log, { from: 0, to: Number.MAX_SAFE_INTEGER });
    const of = (id: string) => lines.filter((each) => each.interfaceId === id).map(({ line }) => line);
    expect(of(machine.network.id).slice(0, 2)).toEqual([
      `${machine.instance.id} ${own} 203.0.113.5 ${own} 203.0.113.5`,
      `${machine.instance.id} 203.0.113.5 ${own} 203.0.113.5 ${own}`,
    ]);
    expect(of(gateway.interfaceId).slice(0, 4)).toEqual([
      `- ${own} ${nat} ${own} 203.0.113.5`,
      `- ${nat} 203.0.113.5 ${nat} 203.0.113.5`,
      `- 203.0.113.5 ${nat} 203.0.113.5 ${nat}`,
      `- ${nat} ${own} 203.0.113.5 ${own}`,
    ]);
  });
});

test("what no flow log records is not in it: resolver, metadata, time, activation, DHCP, the router's address", () => {
  const lab = new Lab();
  const log = logged(lab);
  const machine = lab.instance([lab.group(...OPEN)]);
  for (const ip of ["10.0.0.2", "169.254.169.254", "169.254.169.123", "169.254.169.250", "10.0.1.1"])
    machine.send(ip, { protocol: "udp", far: 53 });
  machine.send("255.255.255.255", { protocol: "udp", near: 68, far: 67 });
  machine.send(OUTSIDE, { tcp: "syn" });
  lab.clock.pass(LONG_S);
  expect(recordsOf(machine, log).filter((line) => line.endsWith("OK"))).toHaveLength(1);
});

test("answers of a tracked flow are ACCEPT though no rule lets them in, and it goes on being so after the seal", () => {
  const lab = new Lab();
  const log = logged(lab);
  const machine = lab.instance([lab.group(["out", "tcp", "0.0.0.0/0", 443])]);
  machine.connect(OUTSIDE);
  machine.moveTo(lab.group());
  lab.clock.pass(60);
  machine.send(OUTSIDE);
  machine.send(OUTSIDE, { tcp: "syn", near: 41_000 });
  lab.clock.pass(LONG_S);
  const actions = recordsOf(machine, log)
    .filter((line) => line.endsWith("OK"))
    .map(actionOf);
  expect(actions).toEqual(["ACCEPT", "ACCEPT", "ACCEPT", "REJECT"]);
});

test("records come minutes late, those for S3 later, and the same each time", () => {
  const lab = new Lab();
  const [soon, late] = [logged(lab), logged(lab, { destination: { kind: "s3", arn: "arn:aws:s3:::flows" } })];
  const machine = lab.instance([lab.group(...OPEN)]);
  machine.send(OUTSIDE, { tcp: "syn" });
  lab.clock.pass(60 + 235);
  expect(recordsOf(machine, soon)).toEqual([]);
  lab.clock.pass(130);
  expect(recordsOf(machine, soon)[0]).toMatch(/ACCEPT OK$/);
  expect(recordsOf(machine, soon)).toEqual(recordsOf(machine, soon));
  expect(recordsOf(machine, late)).toEqual([]);
  lab.clock.pass(300);
  expect(recordsOf(machine, late)[0]).toMatch(/ACCEPT OK$/);
});

test("without Nitro, ten minutes make one record; on Nitro it is a minute whatever was asked for", () => {
  const lines = (instanceType: string): readonly string[] => {
    const lab = new Lab();
    const log = logged(lab, { maxAggregationSeconds: 600 });
    const machine = lab.instance([lab.group(...OPEN)], { instanceType });
    machine.send(OUTSIDE, { tcp: "syn" });
    lab.clock.pass(90);
    machine.send(OUTSIDE);
    lab.clock.pass(LONG_S);
    return recordsOf(machine, log).filter((line) => line.endsWith("ACCEPT OK"));
  };
  expect(lines("m5.large").map((line) => line.split(" ")[5])).toEqual(["1", "1"]);
  expect(lines("m4.large").map((line) => line.split(" ")[5])).toEqual(["2"]);
});

test("a log of rejected packets has no accepted ones, one that cannot deliver has none, one of a subnet only its own", () => {
  const lab = new Lab();
  const machine = lab.instance([lab.group(["out", "tcp", "0.0.0.0/0", 443])]);
  const logs = [
    logged(lab, { trafficType: "REJECT" }),
    logged(lab, { deliverError: "Access error" }),
    logged(lab, { resourceId: lab.otherSubnet }),
    logged(lab, { resourceId: machine.network.id }),
  ];
  machine.send(OUTSIDE, { tcp: "syn" });
  machine.send(OUTSIDE, { tcp: "syn", far: 80 });
  lab.clock.pass(LONG_S);
  const seen = logs.map((log) =>
    recordsOf(machine, log)
      .filter((line) => line.endsWith("OK"))
      .map(actionOf),
  );
  expect(seen).toEqual([["REJECT"], [], [], ["ACCEPT", "REJECT"]]);
});

test("where nothing is logged, nothing is kept", () => {
  const lab = new Lab();
  lab.instance([lab.group(...OPEN)]).connect(OUTSIDE);
  expect(lab.place.region.captures.size).toBe(0);
});

test("records agree with what was let through, whatever groups and NACLs say and however they change", () => {
  const packet = fc.record({
    isOut: fc.boolean(),
    near: fc.constantFrom(22, 40_000, 40_001),
    far: fc.constantFrom(80, 443),
    protocol: fc.constantFrom("tcp" as const, "udp" as const),
    isFirst: fc.boolean(),
  });
  const change = fc.record({
    groups: fc.constantFrom("open", "web", "sealed"),
    incoming: fc.constantFrom("allow" as const, "deny" as const),
    outgoing: fc.constantFrom("allow" as const, "deny" as const),
  });
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.array(fc.oneof({ weight: 4, arbitrary: packet }, change), { maxLength: 30 }),
      (isPrivate, acts) => {
        const lab = new Lab();
        const log = logged(lab);
        const machine = lab.instance([lab.group(...OPEN)], isPrivate ? { subnetId: lab.privateSubnet } : {});
        const groups = {
          open: lab.group(...OPEN),
          web: lab.group(["out", "tcp", "0.0.0.0/0", 443]),
          sealed: lab.group(),
        };
        const expected = { ACCEPT: 0, REJECT: 0 };
        for (const act of acts) {
          if ("groups" in act) {
            machine.moveTo(groups[act.groups]);
            setAcls(lab, act.incoming, act.outgoing);
            continue;
          }
          const shape = {
            near: act.near,
            far: act.far,
            protocol: act.protocol,
            ...(act.isFirst ? { tcp: "syn" as const } : {}),
          };
          const { delivered, reason } = act.isOut ? machine.send(OUTSIDE, shape) : machine.receive(OUTSIDE, shape);
          if (delivered) expected.ACCEPT += 1;
          else if (!isPrivate && (reason === "security-group" || reason === "network-acl")) expected.REJECT += 1;
          lab.clock.pass(7);
        }
        lab.clock.pass(LONG_S);
        const counted = { ACCEPT: 0, REJECT: 0 };
        for (const line of recordsOf(machine, log)) {
          const action = actionOf(line);
          if (action === "ACCEPT" || action === "REJECT") counted[action] += Number(line.split(" ")[5]);
        }
        // Behind the gateway, its own subnet's NACL may stop what the instance's let go.
        const agrees = isPrivate ? counted.ACCEPT >= expected.ACCEPT : counted;
        expect(agrees).toEqual(isPrivate ? true : expected);
      },
    ),
    { numRuns: 200 },
  );
});

function actionOf(line: string): string | undefined {
  return line.split(" ").at(-2);
}
