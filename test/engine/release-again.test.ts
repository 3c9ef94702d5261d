import { expect, test } from "vitest";
import { askRelease, createLaboratory, openCase, shippedPlaybook } from "./harness.ts";

const playbook = shippedPlaybook("compromised-instance");

test("a release that was refused because somebody changed a resource goes through once it was put back", async () => {
  const laboratory = createLaboratory({ scenario: "c2-beacon", seed: 7, playbook });
  const { clock, range, signal } = laboratory;
  await clock.run(async () => {
    const life = laboratory.live();
    const caseId = await openCase(laboratory, life, playbook);
    const { target } = await life.runner.work(caseId, { signal });
    const { region } = range.world.place(target.account, target.region);
    const nic = [...region.interfaces.values()].find(({ attachment }) => attachment?.instanceId === target.instanceId)!;
    const sealed = [...nic.groupIds];
    const foreign = [...region.securityGroups.values()].find(
      ({ id, vpcId }) => vpcId === nic.vpcId && !sealed.includes(id),
    )!;
    range.world.change(nic, () => (nic.groupIds = [foreign.id]));

    await askRelease(life, caseId);
    const inPart = await life.runner.work(caseId, { signal });
    const seal = `contain.security-groups/${nic.id}/groups`;
    expect(inPart.release?.ended).toBe("releasedInPart");
    expect(inPart.changes.get(seal)?.state).toBe("revertRefused");
    expect(nic.groupIds).toEqual([foreign.id]);

    range.world.change(nic, () => (nic.groupIds = sealed));
    await askRelease(life, caseId);
    const released = await life.runner.work(caseId, { signal });
    expect(released.release?.ended).toBe("released");
    expect(released.changes.get(seal)).toMatchObject({ state: "reverted", failure: null });
    expect(nic.groupIds).toEqual(released.changes.get(seal)?.change.before);
  });
  laboratory.close();
});
