import { connectionTimeouts } from "../../src/steps/contain/connection-timeouts.ts";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { trackedConnections } from "../../src/steps/contain/tracked-connections.ts";
import { contract } from "../../src/testing/contract.ts";

contract(trackedConnections, {
  scenario: "c2-beacon",
  before: [securityGroups, remoteAddresses, connectionTimeouts],
  leaves: [/^network-interface \S+ connectionTracking/],
});
