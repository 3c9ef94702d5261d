import type { Left } from "../../core/change.ts";
import type { GroupOf } from "../../core/step.ts";

/** Recorded groups in the instance's VPCs that are not used because somebody changed their rules. */
export function spoiledIn({ spoiled }: GroupOf, interfaces: readonly { readonly vpcId: string }[]): readonly Left[] {
  const vpcIds = interfaces.map(({ vpcId }) => vpcId);
  return spoiled
    .filter(({ vpcId }) => vpcIds.includes(vpcId))
    .map(({ id, fault }) => ({
      resource: id,
      reason: `somebody changed this prepared group (${fault}): it is not used, and another one takes its place`,
    }));
}
