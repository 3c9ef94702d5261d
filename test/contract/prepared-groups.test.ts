import { preparedGroups } from "../../src/steps/protect/prepared-groups.ts";
import { contract } from "../../src/testing/contract.ts";

contract(preparedGroups, {
  scenario: "c2-beacon",
  variants: ["no-prepared-groups"],
  leaves: [/^security-group /],
});
