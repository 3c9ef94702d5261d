import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { contract } from "../../src/testing/contract.ts";

contract(instanceProfile, { scenario: "stolen-credentials", leaves: [/association/i] });
