import type { Range } from "../../src/range/range.ts";
import { caseTags } from "../../src/steps/preserve/case-tags.ts";
import { contract } from "../../src/testing/contract.ts";
import { targetOf } from "./storage.ts";

/** A tag of the same key is there already: somebody's, or an earlier case's. */
function withTagOfEarlierCase(range: Range): void {
  const { place, instance } = targetOf(range);
  place.world.change(instance, () => instance.tags.push({ key: "cordon:case", value: "an earlier one" }));
}

contract(caseTags, {
  scenario: "c2-beacon",
  prepare: withTagOfEarlierCase,
  brings: [/^instance i-[0-9a-f]+ tags/],
  also: [{ scenario: "c2-beacon" }],
});
