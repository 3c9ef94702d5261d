import { expect, test } from "vitest";
import type { On } from "./store-samples.ts";

/** Prepared groups, as every store keeps them. */
export function prepared(on: On): void {
  test(
    "prepared groups are kept by account, region, VPC and level; a fresh one replaces the old",
    on(async (store) => {
      const put = (vpcId: string, level: "sealed" | "open", groupId: string): Promise<void> =>
        store.putPreparedGroup("111122223333", "eu-west-1", { vpcId, level, groupId });
      await put("vpc-1", "sealed", "sg-1");
      await put("vpc-1", "open", "sg-2");
      await put("vpc-1", "sealed", "sg-3");
      expect(await store.preparedGroups("111122223333", "eu-west-1")).toEqual([
        { vpcId: "vpc-1", level: "open", groupId: "sg-2" },
        { vpcId: "vpc-1", level: "sealed", groupId: "sg-3" },
      ]);
      expect(await store.preparedGroups("111122223333", "us-east-1")).toEqual([]);
    }),
  );
}
