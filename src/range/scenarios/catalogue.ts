import { c2Beacon } from "./c2-beacon.ts";
import type { ScenarioDefinition } from "./scenario.ts";

/** Every scenario that the range can stage. */
export const scenarioDefinitions: readonly ScenarioDefinition[] = [c2Beacon];
