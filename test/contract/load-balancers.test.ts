import type { Range } from "../../src/range/range.ts";
import { addHealthyTarget, createTargetGroup } from "../../src/range/world/build-scaling.ts";
import { loadBalancers } from "../../src/steps/protect/load-balancers.ts";
import { contract } from "../../src/testing/contract.ts";

/** A group that asks only EC2 about health, and a second target group that knows the instance by its address, twice. */
function prepare({ world, scenario }: Range): void {
  const [target] = scenario.targets;
  if (!target) throw new TypeError("the scenario has no target");
  const place = world.place(target.account, target.region);
  for (const group of place.region.autoScalingGroups.values()) group.healthCheckType = "EC2";
  const vpcId = place.region.instances.get(target.instanceId)?.vpcId ?? "";
  const byAddress = createTargetGroup(place, { name: "metrics", vpcId, port: 9100, targetType: "ip" });
  const own = [...place.region.interfaces.values()].find(
    ({ attachment }) => attachment?.instanceId === target.instanceId,
  );
  const id = own?.privateIps[0] ?? "";
  addHealthyTarget(place, byAddress, { id, availabilityZone: "eu-central-1a" });
  addHealthyTarget(place, byAddress, { id, port: 9101 });
}

contract(loadBalancers, {
  scenario: "ssh-intruder",
  prepare,
  brings: [
    /^target-group \S+\/storefront\/\S+ targets\.i-\S+:8080: .* -> absent$/,
    /^target-group \S+\/metrics\/\S+ targets\..*9100: .* -> absent$/,
    /^target-group \S+\/metrics\/\S+ targets\..*9101: .* -> absent$/,
  ],
});
