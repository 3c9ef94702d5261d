import { describe, expect, it } from "vitest";
import { newProfileAssociation } from "../../src/range/world/build-instances.ts";
import { instanceProfile } from "../../src/steps/contain/instance-profile.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { collectionProfile } from "../../src/steps/preserve/collection-profile.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";
import { COLLECTION_PROFILE, manageTarget, type Managed } from "./managed.ts";

const LENT = "arn:aws:iam::111122223333:instance-profile/CordonCollection";
const ORIGINAL = "arn:aws:iam::111122223333:instance-profile/managed-worker";
const input = { profile: COLLECTION_PROFILE, seconds: 600 };

function onManaged<T>(test: (bench: Bench, managed: Managed) => Promise<T>): Promise<T> {
  return onRange({}, (bench) => test(bench, manageTarget(bench.range)));
}

const profileOf = ({ instance }: Managed): string | null => instance.profileAssociation?.profileArn ?? null;

async function planned(bench: Bench) {
  const [change] = changesOf(collectionProfile, await collectionProfile.plan(bench.context, input));
  return change!;
}

describe("the restricted profile", () => {
  it("takes the place of the present one in one call, for at most its time", () =>
    onManaged(async (bench, managed) => {
      const change = await planned(bench);
      bench.operations();
      const opened = await collectionProfile.run(bench.context, change, null);
      expect(opened).toMatchObject({ kind: "later", afterMs: 600_000, progress: { lent: LENT } });
      expect(bench.operations()).toEqual([
        "DescribeIamInstanceProfileAssociations",
        "ReplaceIamInstanceProfileAssociation",
      ]);
      expect(profileOf(managed)).toBe(LENT);
    }));

  it("goes when it is called again, and the original comes back on release only", () =>
    onManaged(async (bench, managed) => {
      const change = await planned(bench);
      await collectionProfile.run(bench.context, change, null);
      expect(await collectionProfile.verify(bench.context, change, null)).toMatchObject({ kind: "notYet" });
      expect(await collectionProfile.run(bench.context, change, { lent: LENT })).toMatchObject({ kind: "done" });
      expect(profileOf(managed)).toBeNull();
      expect(await collectionProfile.verify(bench.context, change, { takenBack: LENT })).toMatchObject({ kind: "ok" });
      // Nothing is left that the cut could take away, and it restores nothing.
      expect(await instanceProfile.plan(bench.context, {})).toMatchObject({ changes: [] });
      await collectionProfile.revert(bench.context, change, null);
      expect(profileOf(managed)).toBe(ORIGINAL);
    }));

  it("that could not be taken away is the cut's to take, and release ends at the original all the same", () =>
    onManaged(async (bench, managed) => {
      const change = await planned(bench);
      await collectionProfile.run(bench.context, change, null);
      const [cut] = changesOf(instanceProfile, await instanceProfile.plan(bench.context, {}));
      await instanceProfile.run(bench.context, cut!, null);
      expect(profileOf(managed)).toBeNull();
      await instanceProfile.revert(bench.context, cut!, null);
      expect(await collectionProfile.revert(bench.context, change, null)).toMatchObject({ kind: "later" });
      expect(await collectionProfile.revert(bench.context, change, null)).toMatchObject({ kind: "done" });
      expect(profileOf(managed)).toBe(ORIGINAL);
    }));

  it("leaves another one alone that somebody attached meanwhile, and refuses to release over it", () =>
    onManaged(async (bench, managed) => {
      const change = await planned(bench);
      await collectionProfile.run(bench.context, change, null);
      const { place, instance } = managed;
      const other = [...place.account.instanceProfiles.values()].find(({ name }) => name === "payroll-worker")!;
      place.world.change(instance, () => (instance.profileAssociation = newProfileAssociation(place, other)));
      await collectionProfile.run(bench.context, change, { lent: LENT });
      expect(profileOf(managed)).toBe(other.arn);
      await expect(collectionProfile.revert(bench.context, change, null)).rejects.toMatchObject({
        code: "changed_since",
      });
    }));

  it("is not lent where none is configured, or the account has none", () =>
    onManaged(async (bench) => {
      const reasonOf = async (given: object) =>
        (await collectionProfile.plan(bench.context, { seconds: 600, ...given })).left[0]?.reason;
      expect(await reasonOf({})).toMatch(/^no restricted profile is configured/);
      expect(await reasonOf({ profile: "another" })).toMatch(/^the account has no instance profile another/);
    }));

  it("has its sessions ended with those of the original", () =>
    onManaged(async (bench) => {
      const change = await planned(bench);
      await collectionProfile.run(bench.context, change, null);
      await collectionProfile.run(bench.context, change, { lent: LENT });
      const view = { change, state: "verified", outcome: null, verifiedAt: 1 };
      const context = { ...bench.context, outcomes: { "preserve.collection-profile": [view] } };
      const { changes } = await roleSessions.plan(context, { agent: "auto" });
      expect(changes.map(({ resource }) => resource).sort()).toEqual([
        "arn:aws:iam::111122223333:role/CordonCollection",
        "arn:aws:iam::111122223333:role/managed-worker",
      ]);
    }));
});
