import { ssmSessions } from "../../src/steps/contain/ssm-sessions.ts";
import { contract } from "../../src/testing/contract.ts";

contract(ssmSessions, { scenario: "stolen-credentials", leaves: [/^ssm-session /] });
