import { EC2Client } from "@aws-sdk/client-ec2";
import { SimulatedClock } from "../../../core/clock.ts";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import { launchInstance, type LaunchOptions } from "../../world/build-instances.ts";
import { createSubnet, createVpc } from "../../world/build-network.ts";
import type { Session } from "../../world/identity.ts";
import type { Instance } from "../../world/model.ts";
import { seededRandom } from "../../world/random.ts";
import { Throttle } from "../../world/throttle.ts";
import { World, type Place } from "../../world/world.ts";

const EVERYTHING = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] };

/** When the lab's time begins. */
export const START = Date.parse("2026-03-01T12:00:00Z");

/** For tests of storage: an account with one instance, its administrator's client, and further accounts on demand. */
export class StorageLab {
  readonly clock = new SimulatedClock(START);
  readonly world = new World({ clock: this.clock, random: seededRandom(7) });
  readonly place: Place;
  readonly instance: Instance;
  readonly ec2: EC2Client;
  #requests = 0;

  constructor(options: Partial<LaunchOptions> = {}) {
    this.place = this.world.place("111122223333", "eu-west-1");
    const vpc = createVpc(this.place, { cidr: "10.0.0.0/16" });
    const subnet = createSubnet(this.place, { vpcId: vpc.id, cidr: "10.0.1.0/24" });
    const groupIds = [...this.place.region.securityGroups.keys()];
    const launchedAt = START - 86_400_000;
    this.instance = launchInstance(this.place, { subnetId: subnet.id, groupIds, launchedAt, ...options }).instance;
    this.ec2 = this.client("111122223333", "eu-west-1");
  }

  /** A client of an administrator of this account. */
  client(accountId: string, region: string): EC2Client {
    const place = this.world.place(accountId, region);
    const name = `admin-${++this.#requests}`;
    return this.clientOf(createUser(place, { name, inlinePolicies: { all: EVERYTHING } }).session, region);
  }

  /** A client of an administrator who has AWS's limits to himself. */
  throttledClient(accountId: string, region: string): EC2Client {
    const place = this.world.place(accountId, region);
    const name = `admin-${++this.#requests}`;
    const { session } = createUser(place, { name, inlinePolicies: { all: EVERYTHING } });
    return this.clientOf(session, region, new Throttle());
  }

  /** A client of somebody else's, with his own permissions. */
  clientOf(session: Session, region: string, throttle?: Throttle): EC2Client {
    const { handle } = createWire({
      requestId: () => `request-${++this.#requests}`,
      perform: createFront({ world: this.world, ...(throttle === undefined ? {} : { throttle }) }),
    });
    const settings = { region, maxAttempts: 1, credentials: session, requestHandler: inProcessHandler(handle) };
    return new EC2Client(settings as object);
  }

  /** The volume at a device of the instance. */
  volumeAt(deviceName: string): string {
    const device = this.instance.blockDevices.find((each) => each.deviceName === deviceName);
    return device?.volumeId ?? `no volume at ${deviceName}`;
  }
}
