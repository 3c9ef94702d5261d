import { expect, test } from "vitest";
import { foreignUses } from "../../src/cli/foreign.ts";
import { foreignLines } from "../../src/cli/render/foreign.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { onRange } from "../steps/bench.ts";

test("an interface with a prepared group and no open case is named, whether it was recorded or only tagged", () =>
  onRange({}, async ({ context, interfaces, place, prepared, target, clock }) => {
    const store = openSqlite(":memory:", { hold: () => clock.hold() });
    expect(await foreignUses({ store }, context.aws, target)).toEqual([]);
    const [first, second] = interfaces();
    const sealed = prepared("sealed", first!.vpcId)!;
    place.world.change(first!, () => (first!.groupIds = [sealed.id]));
    const tagged = [{ resource: first!.id, instance: target.instanceId, groupId: sealed.id, level: "sealed" }];
    expect(await foreignUses({ store }, context.aws, target)).toEqual(tagged);
    expect(foreignLines(tagged)).toEqual([
      `Foreign: ${first!.id} of ${target.instanceId} has Cordon's group ${sealed.id} (sealed) and belongs to no open case.`,
    ]);

    const [groupId = ""] = second!.groupIds;
    await store.putPreparedGroup(target.account, target.region, { vpcId: first!.vpcId, level: "open", groupId });
    expect(await foreignUses({ store }, context.aws, target)).toContainEqual({
      resource: second!.id,
      instance: target.instanceId,
      groupId,
      level: "open",
    });
    store.close();
  }));
