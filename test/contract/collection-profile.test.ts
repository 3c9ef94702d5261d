import { collectionProfile } from "../../src/steps/preserve/collection-profile.ts";
import { contract } from "../../src/testing/contract.ts";
import { COLLECTION_PROFILE, manageTarget } from "../steps/managed.ts";

contract(collectionProfile, {
  scenario: "c2-beacon",
  input: { profile: COLLECTION_PROFILE, seconds: 60 },
  prepare: (range) => void manageTarget(range),
  leaves: [/association/i],
  also: [
    {
      scenario: "c2-beacon",
      input: { profile: COLLECTION_PROFILE, seconds: 60 },
      prepare(range) {
        const { place, instance } = manageTarget(range);
        place.world.change(instance, () => (instance.profileAssociation = null));
      },
    },
  ],
});
