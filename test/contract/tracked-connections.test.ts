import type { Range } from "../../src/range/range.ts";
import { connectionTimeouts } from "../../src/steps/contain/connection-timeouts.ts";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { trackedConnections } from "../../src/steps/contain/tracked-connections.ts";
import { contract } from "../../src/testing/contract.ts";

contract(trackedConnections, {
  scenario: "c2-beacon",
  before: [securityGroups, remoteAddresses, connectionTimeouts],
  brings: [],
  also: [
    {
      scenario: "c2-beacon",
      variants: ["branch-interface"],
      before: [securityGroups, remoteAddresses, connectionTimeouts],
    },
    { scenario: "c2-beacon", before: [securityGroups, remoteAddresses], prepare: makeOld },
  ],
});

/** Types before Nitro have no idle timers; the step looks the type up where no timer is set. */
function makeOld({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const instance = world.place(account, region).region.instances.get(instanceId);
    if (instance) world.change(instance, () => (instance.instanceType = "t2.micro"));
  }
}
