import type { Range } from "../../src/range/range.ts";
import { instanceMetadata } from "../../src/steps/preserve/instance-metadata.ts";
import { contract } from "../../src/testing/contract.ts";
import { targetOf } from "./storage.ts";

/** Most workloads have a key pair. */
function withKeyPair(range: Range): void {
  const { place, instance } = targetOf(range);
  place.world.change(instance, () => (instance.keyName = "operations"));
}

contract(instanceMetadata, {
  scenario: "c2-beacon",
  prepare: withKeyPair,
  brings: [],
  also: [{ scenario: "ssh-intruder" }], // A member of a scaling group behind a load balancer.
});
