import type { Range } from "../../src/range/range.ts";
import type { Instance } from "../../src/range/world/model.ts";
import { stop } from "../../src/steps/contain/stop.ts";
import { contract } from "../../src/testing/contract.ts";

const stopped = /^instance \S+ state: "running" -> "stopped"$/;
const addressGone = /^network-interface \S+ publicAddress: .* -> absent$/;

contract(stop, {
  scenario: "miner-behind-nat",
  prepare: protect,
  input: { liftProtection: "any" },
  brings: [stopped],
  leaves: [addressGone],
  also: [{ scenario: "c2-beacon" }, { scenario: "c2-beacon", prepare: makeSpot, input: { skipOsShutdown: true } }],
});

function protect(range: Range): void {
  change(range, (instance) => (instance.disableApiStop = true));
}

/** A Spot instance of a persistent request can be stopped. */
function makeSpot(range: Range): void {
  change(range, (instance) => (instance.spotRequest = { id: range.world.newId("sir"), kind: "persistent" }));
}

function change({ world, scenario }: Range, edit: (instance: Instance) => void): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const instance = world.place(account, region).region.instances.get(instanceId);
    if (instance) world.change(instance, edit);
  }
}
