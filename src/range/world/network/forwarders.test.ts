import { describe, expect, test } from "vitest";
import { createInspectionEndpoint } from "../build-gateways.ts";
import { createRouteTable, createSubnet, putRoute } from "../build-network.ts";
import { addHealthyTarget, createTargetGroup } from "../build-scaling.ts";
import { deregisterTarget } from "../target-health.ts";
import { Lab, OPEN, OUTSIDE, type Machine } from "../test-lab.ts";
import type { NetworkOptions } from "./options.ts";

const ip = ({ network }: Machine): string => network.privateIps[0]!;

describe("appliances", () => {
  /** A machine whose packets to 10.8.0.0/16 and the internet go to an appliance in another subnet. */
  const behindAppliance = () => {
    const lab = new Lab();
    const subnet = createSubnet(lab.place, { vpcId: lab.vpcId, cidr: "10.0.7.0/24" });
    const table = createRouteTable(lab.place, { vpcId: lab.vpcId, subnetIds: [subnet.id] });
    const near = lab.instance([lab.group(...OPEN)], { subnetId: subnet.id, publicIp: "203.0.113.71" });
    const appliance = lab.instance([lab.group(...OPEN)]);
    for (const destination of ["0.0.0.0/0", "10.8.0.0/16"])
      putRoute(lab.place, table, destination, { kind: "network-interface", id: appliance.network.id });
    return { lab, near, appliance };
  };

  test("take nothing for others while their source/destination check is on", () => {
    const { near } = behindAppliance();
    expect(near.send("10.8.0.5", { tcp: "syn" })).toMatchObject({
      delivered: false,
      reason: "source-destination-check",
    });
  });

  test("with the check off they are reached at every address", () => {
    const { near, appliance } = behindAppliance();
    appliance.network.sourceDestCheck = false;
    expect(near.send("10.8.0.5", { tcp: "syn" }).delivered).toBe(true);
    expect(near.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    appliance.network.groupIds = [appliance.lab.group().id];
    expect(near.send("10.8.0.6", { tcp: "syn" })).toMatchObject({
      reason: "security-group",
      by: appliance.network.id,
    });
  });

  test("that forward send on by their own subnet's route, and only while they are up", () => {
    const { lab, near, appliance } = behindAppliance();
    appliance.network.sourceDestCheck = false;
    lab.network.forwardThrough(appliance.network.id);
    expect(near.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    expect(near.send("10.8.0.5", { tcp: "syn" }).delivered).toBe(true); // The default route of the appliance's subnet.
    lab.publicTable.routes = [];
    expect(near.send(OUTSIDE, { near: 41_000, tcp: "syn" }).reason).toBe("no-route");
    appliance.instance.state = "stopped";
    expect(near.send(OUTSIDE, { near: 41_000, tcp: "syn" })).toMatchObject({
      reason: "not-on-network",
      by: appliance.instance.id,
    });
  });

  test("that lead to themselves carry nothing for ever", () => {
    const { lab, near, appliance } = behindAppliance();
    appliance.network.sourceDestCheck = false;
    lab.network.forwardThrough(appliance.network.id);
    putRoute(lab.place, lab.publicTable, "10.8.0.0/16", { kind: "network-interface", id: appliance.network.id });
    expect(near.send("10.8.0.5", { tcp: "syn" }).reason).toBe("no-route");
  });
});

describe("Gateway Load Balancer endpoints", () => {
  const inspected = (options: Partial<NetworkOptions> = {}) => {
    const lab = new Lab(options);
    const subnet = createSubnet(lab.place, { vpcId: lab.vpcId, cidr: "10.0.7.0/24" });
    const table = createRouteTable(lab.place, { vpcId: lab.vpcId, subnetIds: [subnet.id] });
    const endpoint = createInspectionEndpoint(lab.place, { vpcId: lab.vpcId, subnetId: lab.otherSubnet });
    putRoute(lab.place, table, "0.0.0.0/0", { kind: "vpc-endpoint", id: endpoint.id });
    const near = lab.instance([lab.group(...OPEN)], { subnetId: subnet.id, publicIp: "203.0.113.71" });
    return { lab, near };
  };

  test("give packets back, which leave by the routes of the endpoint's subnet", () => {
    const { lab, near } = inspected();
    expect(near.send(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    expect(near.receive(OUTSIDE).delivered).toBe(true);
    lab.publicTable.routes = [];
    expect(near.send(OUTSIDE).reason).toBe("no-route");
  });

  test("are tracked whatever the rules say, unless the world is told otherwise", () => {
    expect(inspected().near.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: true });
    const told = inspected({ tracksGatewayLoadBalancers: false });
    expect(told.near.send(OUTSIDE, { tcp: "syn" })).toMatchObject({ delivered: true, tracked: false });
  });

  test("bring nothing in that the network ACL of their subnet denies", () => {
    const { lab, near } = inspected();
    const [acl] = [...lab.place.region.networkAcls.values()];
    const own = {
      ...structuredClone(acl!),
      id: "acl-own",
      associations: [{ id: "a", subnetId: near.network.subnetId }],
    };
    acl!.associations = acl!.associations.filter(({ subnetId }) => subnetId !== near.network.subnetId);
    lab.place.region.networkAcls.set(own.id, own);
    expect(near.receive(OUTSIDE, { tcp: "syn" }).delivered).toBe(true);
    acl!.entries = acl!.entries.filter(({ egress }) => egress);
    expect(near.receive("198.51.100.9", { tcp: "syn" })).toMatchObject({ reason: "network-acl", by: acl!.id });
  });
});

describe("Network Load Balancers", () => {
  /** A connection by way of a load balancer, and the target group that it was balanced to. */
  const balanced = (terminatesConnections: boolean) => {
    const lab = new Lab();
    const machine = lab.instance([lab.group(["in", "tcp", "0.0.0.0/0", 80])]);
    const group = createTargetGroup(lab.place, { name: "web", vpcId: lab.vpcId, port: 80, protocol: "TCP" });
    group.terminatesConnections = terminatesConnections;
    addHealthyTarget(lab.place, group, { id: machine.instance.id });
    const packet = (far: number, tcp: "syn" | "data") =>
      lab.network.send({
        from: { kind: "external", ip: OUTSIDE },
        to: { kind: "interface", interfaceId: machine.network.id, ip: ip(machine) },
        protocol: "tcp",
        fromPort: far,
        toPort: 80,
        tcp,
        via: "network-load-balancer",
        targetGroupArn: group.id,
      });
    return { lab, group, machine, packet };
  };

  test.each([
    [false, true],
    [true, false],
  ])("with connection termination %s, a connection outlives the deregistration delay: %s", (terminates, outlives) => {
    const { lab, group, machine, packet } = balanced(terminates);
    expect(packet(50_000, "syn")).toMatchObject({ delivered: true, tracked: true });
    deregisterTarget(lab.place, group, `${machine.instance.id}:80`);
    expect(packet(50_001, "syn").reason).toBe("load-balancer");
    lab.clock.pass(299);
    expect(packet(50_000, "data").delivered).toBe(true);
    lab.clock.pass(2);
    expect(packet(50_000, "data").delivered).toBe(outlives);
  });

  test("carry nothing for a target group that is gone", () => {
    const { lab, group, packet } = balanced(false);
    lab.place.region.targetGroups.delete(group.id);
    expect(packet(50_000, "data").reason).toBe("load-balancer");
  });
});
