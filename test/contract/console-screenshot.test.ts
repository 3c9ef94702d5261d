import { consoleScreenshot } from "../../src/steps/preserve/console-screenshot.ts";
import { contract } from "../../src/testing/contract.ts";

contract(consoleScreenshot, { scenario: "c2-beacon", brings: [] });
