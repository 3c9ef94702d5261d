import { forensicWorkstation } from "../../src/steps/investigate/forensic-workstation.ts";
import { contract } from "../../src/testing/contract.ts";
import { prepareWorkstation, withWorkstation } from "./workstations.ts";

contract(forensicWorkstation, {
  scenario: "c2-beacon",
  prepare: prepareWorkstation,
  settings: withWorkstation,
  // AWS lists it for an hour after its end.
  leaves: [/^instance <new> is new$/],
  brings: [/^instance <new> is new$/, /^network-interface <new> is new$/, /^volume <new> is new$/],
  shared: { scenario: "c2-beacon", variants: ["neighbour"], prepare: prepareWorkstation, settings: withWorkstation },
});
