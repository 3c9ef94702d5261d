import type { Range } from "../../src/range/range.ts";
import { metadataService } from "../../src/steps/contain/metadata-service.ts";
import { contract } from "../../src/testing/contract.ts";

contract(metadataService, {
  scenario: "stolen-credentials",
  prepare: chooseUncommonOptions,
  brings: [/^instance \S+ metadataOptions\.httpEndpoint: "enabled" -> "disabled"$/],
});

/** None of them as AWS's defaults have it: a revert that writes defaults would be seen. */
function chooseUncommonOptions({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const instance = world.place(account, region).region.instances.get(instanceId);
    if (!instance) continue;
    world.change(instance, ({ metadataOptions }) =>
      Object.assign(metadataOptions, {
        httpTokens: "optional",
        httpPutResponseHopLimit: 3,
        httpProtocolIpv6: "enabled",
        instanceMetadataTags: "enabled",
      }),
    );
  }
}
