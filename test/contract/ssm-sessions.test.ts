import type { Range } from "../../src/range/range.ts";
import { addSession } from "../../src/range/world/build-instances.ts";
import { ssmSessions } from "../../src/steps/contain/ssm-sessions.ts";
import { contract } from "../../src/testing/contract.ts";

contract(ssmSessions, { scenario: "stolen-credentials", prepare: openSessions, leaves: [/^ssm-session \S+ state: "Connected" -> "Terminat/] });

/** No scenario has an intruder who comes through Systems Manager. */
function openSessions(range: Range): void {
  void range;
}
