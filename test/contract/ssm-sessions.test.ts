import type { Range } from "../../src/range/range.ts";
import { startSsmSession } from "../../src/range/world/build-instances.ts";
import { ssmSessions } from "../../src/steps/contain/ssm-sessions.ts";
import { contract } from "../../src/testing/contract.ts";
import { manageTarget } from "../steps/managed.ts";

const ended = /^ssm-session \S+ state: "Connected" -> "Terminated"$/;

contract(ssmSessions, {
  scenario: "stolen-credentials",
  prepare(range) {
    manageTarget(range, { withoutEndpoints: true });
    openSessions(range);
  },
  leaves: [ended],
  brings: [ended, ended],
});

/** No scenario has an intruder who comes through Systems Manager. */
function openSessions({ world, scenario }: Range): void {
  for (const { account, region, instanceId } of scenario.targets) {
    const owner = `arn:aws:iam::${account}:user/contractor`;
    for (let opened = 0; opened < 2; opened++) startSsmSession(world.place(account, region), { instanceId, owner });
  }
}
