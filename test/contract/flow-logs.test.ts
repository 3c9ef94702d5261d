import type { Range } from "../../src/range/range.ts";
import { createFlowLog } from "../../src/range/world/build-logging.ts";
import { flowLogs } from "../../src/steps/assess/flow-logs.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { contract } from "../../src/testing/contract.ts";

const before = [securityGroups];

/** The records of the minutes after the seal are there by then. */
const settledMs = 540_000;

contract(flowLogs, {
  scenario: "c2-beacon",
  variants: ["flow-logs"],
  before,
  settledMs,
  also: [
    { scenario: "c2-beacon", variants: ["flow-logs", "branch-interface"], before },
    { scenario: "miner-behind-nat", before },
    { scenario: "miner-behind-nat", variants: ["two-vpcs"], before, prepare: logToBucket },
  ],
});

function logToBucket({ world, scenario }: Range): void {
  const [target] = scenario.targets;
  const place = world.place(target?.account ?? "", target?.region ?? "");
  for (const vpcId of place.region.vpcs.keys())
    createFlowLog(place, { resourceId: vpcId, destination: { kind: "s3", arn: "arn:aws:s3:::flows" } });
}
