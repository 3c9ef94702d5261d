import { securityGroups } from "../../src/steps/contain/security-groups.ts";
import { contract } from "../../src/testing/contract.ts";

contract(securityGroups, { scenario: "c2-beacon", variants: ["two-vpcs"] });
