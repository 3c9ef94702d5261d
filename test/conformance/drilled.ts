import { shippedPlaybooks } from "../../bench/playbooks.ts";
import type { DrillOptions } from "../../src/cli/drill/rehearsal.ts";
import type { Range } from "../../src/range/range.ts";
import type { Variant } from "../../src/range/scenarios/scenario.ts";
import { addRule } from "../../src/range/world/build-network.ts";
import type { Instance } from "../../src/range/world/model.ts";
import type { Place } from "../../src/range/world/world.ts";
import { addEndpoints } from "../contract/isolation-levels.ts";
import { needs } from "../drill/needs/all.ts";
import { playbookOf } from "../drill/needs/compare.ts";
import { bucketVault } from "../drill/needs/memory-in-bucket.ts";
import type { Need } from "../drill/needs/need.ts";

type Drill = Omit<DrillOptions, "seed" | "release">;
type Staged = Pick<Need, "scenario" | "playbook"> &
  Partial<Pick<Need, "variants" | "approve" | "prepare" | "settings" | "vault" | "networkOptions">>;

/** A playbook as it ships, answering whatever the scenario finds: no step is needed for what it does. */
const shipped: readonly (readonly [playbook: string, scenario: string, variants: readonly Variant[]])[] = [
  ["contain-instance", "ssh-intruder", []],
];

/** The drill that each step is needed in; of several steps that are needed in the same one, it is played once. */
const needed: readonly Staged[] = needs.filter((need, at) => needs.findIndex((each) => isSame(each, need)) === at);

function isSame(one: Need, other: Need): boolean {
  return stagingOf(one) === stagingOf(other);
}

function stagingOf({ step: _step, sees: _sees, with: _with, without: _without, why: _why, ...staging }: Need): string {
  return JSON.stringify(staging, (_key, value: unknown) => (typeof value === "function" ? value.name : value));
}

const memory = needed.find(({ playbook }) => JSON.stringify(playbook).includes("preserve.memory-capture"));
const disk = needed.find(({ playbook }) => JSON.stringify(playbook).includes("preserve.disk-image"));
if (memory === undefined || disk === undefined) throw new TypeError("the drills of memory and disks are not found");

/** What steps send only in special places. */
const special: readonly Staged[] = [
  // A disk takes seconds to hash: it is stored once, in a bucket.
  { ...disk, vault: (range, clock) => bucketVault(range, clock, { mode: "governance", days: 30 }) },
  // The answer to the command is lost: what AWS has of it is looked for.
  { ...memory, prepare: (range) => prepared(memory, range).inject({ kind: "lost-answer", operation: "SendCommand" }) },
  // Nothing may be sent to the host: the upload that waits for its parts is abandoned.
  {
    ...memory,
    prepare: (range) =>
      prepared(memory, range).inject({ kind: "access-denied", operation: "SendCommand", times: Infinity }),
  },
  { scenario: "ssh-intruder", playbook: [[{ use: "protect.auto-scaling", with: { mode: "standby" } }]] },
  {
    scenario: "c2-beacon",
    variants: ["nacl-rules-start-at-1"],
    playbook: [[{ use: "contain.network-acl", with: { whenFull: "new-acl" } }]],
  },
  { scenario: "miner-behind-nat", prepare: followMainTable, playbook: [["contain.route-table"]] },
  { scenario: "c2-beacon", prepare: letSomebodyIn, playbook: [["contain.security-group-rules"]] },
  { scenario: "c2-beacon", prepare: makeSpot, playbook: [["contain.stop"]] },
  { scenario: "c2-beacon", variants: ["branch-interface"], playbook: [["contain.security-groups"]] },
  {
    scenario: "c2-beacon",
    prepare: addEndpoints,
    playbook: [
      [{ use: "protect.prepared-groups", with: { levels: ["evidence"] } }],
      [{ use: "contain.security-groups", with: { level: "evidence" } }],
    ],
  },
];

/** Together they make Cordon send whatever its steps can, but for what `operations.ts` lists. */
export const drills: readonly Drill[] = [
  ...shipped.map(([id, scenario, variants]) => ({
    scenario,
    variants,
    playbooks: shippedPlaybooks().flatMap((each) => (each.id === id ? [{ ...each, answers: ["*"] }] : [])),
  })),
  ...[...needed.filter((each) => each !== disk), ...special].map(drillOf),
];

function drillOf({ networkOptions, playbook: named, ...staged }: Staged): Drill {
  const { scenario, variants = [], approve, prepare, settings, vault } = staged;
  const playbook = playbookOf({ playbook: named });
  return {
    scenario,
    variants,
    playbooks: [playbook],
    playbook: playbook.id,
    ...(approve === undefined ? {} : { approve }),
    ...(prepare === undefined ? {} : { prepare }),
    ...(settings === undefined ? {} : { settings }),
    ...(vault === undefined ? {} : { vault }),
    ...(networkOptions === undefined ? {} : { range: { networkOptions } }),
  };
}

function prepared({ prepare }: Staged, range: Range): Range["faults"] {
  prepare?.(range);
  return range.faults;
}

function targetsOf({ world, scenario }: Range): readonly { readonly place: Place; readonly instance: Instance }[] {
  return scenario.targets.flatMap(({ account, region, instanceId }) => {
    const place = world.place(account, region);
    const instance = place.region.instances.get(instanceId);
    return instance ? [{ place, instance }] : [];
  });
}

/** Takes every table off its subnets: they follow the main table of their VPC. */
function followMainTable(range: Range): void {
  for (const { place } of targetsOf(range))
    for (const table of place.region.routeTables.values())
      range.world.change(table, () => {
        table.associations = table.associations.filter(({ subnetId }) => subnetId === null);
      });
}

function letSomebodyIn(range: Range): void {
  for (const { place, instance } of targetsOf(range)) {
    const own = [...place.region.interfaces.values()].find(({ attachment }) => attachment?.instanceId === instance.id);
    for (const id of own?.groupIds ?? []) {
      const group = place.region.securityGroups.get(id);
      const peer = { kind: "ipv4", cidr: "198.51.100.0/24" } as const;
      if (group) addRule(place, group, { egress: false, protocol: "tcp", fromPort: 22, peer });
    }
  }
}

/** A Spot instance of a persistent request can be stopped. */
function makeSpot(range: Range): void {
  for (const { instance } of targetsOf(range))
    range.world.change(instance, () => {
      instance.spotRequest = { id: range.world.newId("sir"), kind: "persistent" };
    });
}
