import { consoleOutput } from "../../src/steps/preserve/console-output.ts";
import { contract } from "../../src/testing/contract.ts";

contract(consoleOutput, { scenario: "c2-beacon", brings: [] });
