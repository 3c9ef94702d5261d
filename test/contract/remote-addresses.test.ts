import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { contract } from "../../src/testing/contract.ts";

contract(remoteAddresses, { scenario: "c2-beacon", also: [{ scenario: "c2-beacon", variants: ["nacl-rules-start-at-1"] }] });
