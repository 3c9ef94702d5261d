import { expect, it } from "vitest";
import type { Tag } from "../../src/range/world/model.ts";
import { caseTags } from "../../src/steps/preserve/case-tags.ts";
import { changesOf, onRange, type Bench } from "./bench.ts";
import { instanceOf } from "./evidence.ts";

function tagged(bench: Bench, tags: readonly Tag[]): void {
  const instance = instanceOf(bench);
  bench.place.world.change(instance, () => (instance.tags = [...tags]));
}

const theirs = { key: "Team", value: "payroll" };

it("puts the case on the instance, and plans nothing more then", () =>
  onRange({}, async (bench) => {
    tagged(bench, [theirs]);
    const [change] = changesOf(caseTags, await caseTags.plan(bench.context, {}));
    await caseTags.run(bench.context, change!, null);
    expect(instanceOf(bench).tags).toEqual([
      theirs,
      { key: "cordon:case", value: "case-1" },
      { key: "cordon:incident", value: "incident-1" },
      { key: "cordon:status", value: "in-response" },
    ]);
    expect(await caseTags.plan(bench.context, {})).toEqual({ changes: [], left: [] });
  }));

it("gives back the value that it overwrote, and leaves what somebody wrote since", () =>
  onRange({}, async (bench) => {
    tagged(bench, [theirs, { key: "cordon:case", value: "case-0" }]);
    const [change] = changesOf(caseTags, await caseTags.plan(bench.context, {}));
    expect(change?.before).toEqual({ "cordon:case": "case-0" });
    await caseTags.run(bench.context, change!, null);
    const [team, ...ours] = instanceOf(bench).tags;
    const status = { key: "cordon:status", value: "Ada is looking at it" };
    tagged(bench, [team!, ...ours.filter(({ key }) => key !== "cordon:status"), status]);
    await caseTags.revert(bench.context, change!, null);
    expect(instanceOf(bench).tags).toEqual([theirs, status, { key: "cordon:case", value: "case-0" }]);
  }));

it("leaves an instance alone that has as many tags as AWS allows", () =>
  onRange({}, async (bench) => {
    tagged(
      bench,
      Array.from({ length: 48 }, (_, index) => ({ key: `key-${index}`, value: "" })),
    );
    expect(await caseTags.plan(bench.context, {})).toEqual({
      changes: [],
      left: [{ resource: `tags of ${bench.target.instanceId}`, reason: "it has 48 tags, and AWS allows 50" }],
    });
  }));
