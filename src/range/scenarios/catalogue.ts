import { attackSequence } from "./attack-sequence.ts";
import { c2Beacon } from "./c2-beacon.ts";
import { credentialRelay } from "./credential-relay.ts";
import { dnsTunnel } from "./dns-tunnel.ts";
import { evidenceSaboteur } from "./evidence-saboteur.ts";
import { falseAlarm } from "./false-alarm.ts";
import { manualStart } from "./manual-start.ts";
import { minerBehindNat } from "./miner-behind-nat.ts";
import { noisyAccount } from "./noisy-account.ts";
import type { ScenarioDefinition } from "./scenario.ts";
import { secondAddress } from "./second-address.ts";
import { sshIntruder } from "./ssh-intruder.ts";
import { stolenCredentials } from "./stolen-credentials.ts";
import { webShell } from "./web-shell.ts";

/** Every scenario that the range can stage. */
export const scenarioDefinitions: readonly ScenarioDefinition[] = [
  c2Beacon,
  minerBehindNat,
  stolenCredentials,
  manualStart,
  secondAddress,
  sshIntruder,
  dnsTunnel,
  attackSequence,
  evidenceSaboteur,
  credentialRelay,
  webShell,
  noisyAccount,
  falseAlarm,
];
