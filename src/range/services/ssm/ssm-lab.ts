import { SSMClient } from "@aws-sdk/client-ssm";
import { SimulatedClock } from "../../../core/clock.ts";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createCollectionProfile } from "../../world/build-collection.ts";
import { createUser } from "../../world/build-identity.ts";
import { launchInstance, registerWithSsm, type AgentOptions } from "../../world/build-instances.ts";
import {
  allocateAddress,
  associateAddress,
  createInternetGateway,
  createRouteTable,
  createSubnet,
  createVpc,
  putRoute,
} from "../../world/build-network.ts";
import type { InstanceProfile } from "../../world/identity.ts";
import type { Instance, NetworkInterface } from "../../world/model.ts";
import { seededRandom } from "../../world/random.ts";
import type { SsmManagedInstance } from "../../world/ssm-model.ts";
import { World, type Place } from "../../world/world.ts";

/** For tests of Systems Manager: an instance on the internet with an agent and a profile that lets it work. */
export interface SsmLab {
  readonly clock: SimulatedClock;
  readonly place: Place;
  readonly instance: Instance;
  readonly primary: NetworkInterface;
  readonly profile: InstanceProfile;
  readonly managed: SsmManagedInstance;
  readonly ssm: SSMClient;
}

export function ssmLab(
  options: AgentOptions & {
    readonly platform?: "windows";
    readonly hasProfile?: boolean;
    readonly staleMs?: number;
  } = {},
): SsmLab {
  const { platform, hasProfile = true, staleMs = 0, ...agent } = options;
  const clock = new SimulatedClock(Date.parse("2026-03-01T12:00:00Z"));
  const world = new World({ clock, random: seededRandom(7), consistency: { maximumLagMs: staleMs } });
  const place = world.place("111122223333", "eu-west-1");
  const vpc = createVpc(place, { cidr: "10.0.0.0/16" });
  const subnet = createSubnet(place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
  const table = createRouteTable(place, { vpcId: vpc.id, subnetIds: [subnet.id] });
  putRoute(place, table, "0.0.0.0/0", {
    kind: "internet-gateway",
    id: createInternetGateway(place, { vpcId: vpc.id }).id,
  });
  const profile = createCollectionProfile(place, "managed");
  const { instance, primary } = launchInstance(place, {
    subnetId: subnet.id,
    groupIds: [...place.region.securityGroups.keys()],
    ...(hasProfile ? { profile } : {}),
    ...(platform ? { platform } : {}),
  });
  associateAddress(place, allocateAddress(place, "203.0.113.10"), primary);
  const managed = registerWithSsm(place, instance, agent);
  const all = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };
  const { session } = createUser(place, { name: "admin", inlinePolicies: { all } });
  let requests = 0;
  const { handle } = createWire({ requestId: () => `request-${++requests}`, perform: createFront({ world }) });
  const settings = {
    region: "eu-west-1",
    maxAttempts: 1,
    credentials: session,
    requestHandler: inProcessHandler(handle),
  };
  return { clock, place, instance, primary, profile, managed, ssm: new SSMClient(settings as object) };
}
