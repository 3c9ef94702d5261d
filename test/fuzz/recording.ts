import { createClients } from "../../src/aws/clients.ts";
import { runDrill } from "../../src/cli/drill/run.ts";
import { setMaxListeners } from "node:events";
import { SimulatedClock } from "../../src/core/clock.ts";
import { CordonError } from "../../src/core/errors.ts";
import type { TargetClients } from "../../src/core/step.ts";
import { createRange, type Range, START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { inProcessHandler, type InProcessHandler } from "../../src/range/wire/request-handler.ts";
import type { WireRequest, WireResponse } from "../../src/range/wire/request.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { evidenceBucket } from "../../src/range/world/s3.ts";
import { s3Vault } from "../../src/vault/s3.ts";
import { shippedPlaybook } from "../engine/harness.ts";
import { type Named, READERS, type Reader } from "./targets/readers.ts";

const BUCKET = "evidence-111122223333";
/** Between them they have what readers ask about: a profile and a role, a scaling group behind a load balancer. */
export const SCENARIOS = ["ssh-intruder", "c2-beacon"] as const;

export type StagedScenario = (typeof SCENARIOS)[number];

const SEED = 3;

export interface Exchange {
  readonly request: WireRequest;
  readonly response: WireResponse;
}

/** An account with everything in it that a reader could ask about, on a clock of its own. */
export interface Stage {
  readonly clock: SimulatedClock;
  readonly range: Range;
  readonly named: Named;
}

export function stage(scenario: StagedScenario): Stage {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario, seed: SEED, clock, latencyMs: 0 });
  const [target] = range.scenario.targets;
  if (target === undefined) throw new TypeError("the scenario has no target");
  const place = range.world.place(target.account, target.region);
  evidenceBucket(range.world, { account: target.account, region: target.region, name: BUCKET });
  const instance = place.region.instances.get(target.instanceId);
  const subnet = place.region.subnets.get(instance?.subnetId ?? "");
  const [group] = place.region.securityGroups.values();
  const [role] = place.account.roles.keys();
  const [profile] = place.account.instanceProfiles.keys();
  const [scalingGroup] = place.region.autoScalingGroups.keys();
  const [targetGroupArn] = place.region.targetGroups.keys();
  return {
    clock,
    range,
    named: {
      instance: target.instanceId,
      instanceType: instance?.instanceType ?? "",
      vpc: subnet?.vpcId ?? "",
      subnet: subnet?.id ?? "",
      group: group?.id ?? "",
      role: role ?? "",
      profile: profile ?? "",
      scalingGroup: scalingGroup ?? "",
      targetGroupArn: targetGroupArn ?? "",
      keyName: "operations",
      imageId: instance?.imageId ?? "",
      responderArn: range.responder.roleArn,
    },
  };
}

/** Clients of the staged account whose requests go where `handler` takes them. */
export function clientsThrough({ clock, range }: Stage, handler: InProcessHandler): TargetClients {
  const { accessKeyId, secretAccessKey, sessionToken } = range.responder;
  const set = createClients({
    region: range.scenario.targets[0]?.region ?? "",
    credentials: { accessKeyId, secretAccessKey, sessionToken },
    requestHandler: handler,
    clock,
    random: seededRandom(5),
  });
  const { signal } = new AbortController();
  setMaxListeners(0, signal); // A description asks for much at once.
  return set.observed(() => {}, signal);
}

/** A bucket as the vault reads and writes it, over S3's own protocol. */
const vault: Reader = async ({ s3, now }) => {
  const kept = s3Vault({
    bucket: BUCKET,
    sender: () => s3,
    clock: { now, monotonic: now, sleep: async () => {}, hold: () => () => {} },
    random: () => 0,
  });
  const key = "cases/1/2/3/4/text";
  await kept.put(key, Buffer.from("evidence"));
  return [await kept.get(key), await kept.list("cases/")];
};

export const ALL_READERS: Readonly<Record<string, Reader>> = { ...READERS, vault };

/** What every reader asks and is answered in an account; a refusal is an answer as well. */
export async function readerExchanges(scenario: StagedScenario): Promise<ReadonlyMap<string, readonly Exchange[]>> {
  const staged = stage(scenario);
  const exchanges = new Map<string, readonly Exchange[]>();
  for (const [name, reader] of Object.entries(ALL_READERS)) {
    const seen: Exchange[] = [];
    const clients = clientsThrough(staged, recorder(staged.range, seen));
    await staged.clock.run(async () => {
      try {
        await reader(clients, staged.named);
      } catch (error) {
        if (!(error instanceof CordonError)) throw error;
      }
    });
    exchanges.set(name, seen);
  }
  return exchanges;
}

/** The requests of a whole drill, with everything that changes the account and puts it back. */
export async function drillRequests(scenario: StagedScenario): Promise<readonly WireRequest[]> {
  const seen: Exchange[] = [];
  await runDrill({
    scenario,
    seed: SEED,
    playbooks: [shippedPlaybook("compromised-instance")],
    release: true,
    prepare: (range) => void Object.assign(range, { requestHandler: () => recorder(range, seen) }),
  });
  return seen.map(({ request }) => request);
}

function recorder({ handle }: Range, seen: Exchange[]): InProcessHandler {
  return inProcessHandler(async (request) => {
    const response = await handle(request);
    seen.push({ request, response });
    return response;
  });
}

/** What an operation is known by in a request, whatever the protocol. */
export function operationIn({ method, path, headers, body, query }: WireRequest): string {
  const action = /(?:^|&)Action=(\w+)/.exec(Buffer.from(body.subarray(0, 4096)).toString("latin1"))?.[1];
  return (
    headers["x-amz-target"] ?? action ?? `${method} ${path.split("/").length} ${Object.keys(query).sort().join(",")}`
  );
}
