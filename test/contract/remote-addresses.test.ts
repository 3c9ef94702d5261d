import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { contract } from "../../src/testing/contract.ts";

contract(remoteAddresses, { scenario: "c2-beacon" });
