import type { Range } from "../../src/range/range.ts";
import type { KeyPair } from "../../src/range/world/model.ts";
import { keyPair } from "../../src/steps/contain/key-pair.ts";
import { contract } from "../../src/testing/contract.ts";

const gone = /^key-pair key-\S+ is gone$/;

contract(keyPair, { scenario: "c2-beacon", prepare: storeKeyPairs, brings: [gone], leaves: [gone] });

/** The instance's own key pair, and another that nobody here uses. */
function storeKeyPairs({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const place = world.place(account, region);
    for (const name of ["payroll", "unrelated"]) {
      const pair: KeyPair = { id: world.newId("key"), tags: [], name, fingerprint: "ab:cd", createdAt: world.now() };
      world.add(place.region.keyPairs, pair);
    }
    const instance = place.region.instances.get(instanceId);
    if (instance) world.change(instance, () => (instance.keyName = "payroll"));
  }
}
