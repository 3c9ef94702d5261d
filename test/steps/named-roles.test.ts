import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/finding.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { credentialWays, readCredentials } from "../../src/steps/assess/credentials.ts";
import { roleSessions } from "../../src/steps/contain/role-sessions.ts";
import { associationsOf } from "../../src/aws/instance-profiles.ts";
import { swapProfile } from "../contract/swapped-profile.ts";
import { type Bench, onRange, openBench } from "./bench.ts";

const ROLE = "arn:aws:iam::111122223333:role/payroll-worker";
const staged = { scenario: "stolen-credentials" } as const;

/** The finding of the scenario, as the case has it. */
function findingOf({ range }: Bench): Finding {
  const [finding] = range.events().flatMap((event) => readGuardDuty(JSON.stringify(event), { file: "e" }).findings);
  if (!finding) throw new Error("the scenario has a finding");
  return finding;
}

/** A plan with the scenario's finding. */
const planned = async (bench: Bench, finding: Finding = findingOf(bench)) => {
  const { changes, left } = await roleSessions.plan({ ...bench.context, findings: [finding] }, { agent: "never" });
  return { denied: changes.map(({ resource }) => resource), left };
};

const openWays = async (bench: Bench, finding: Finding = findingOf(bench)) => {
  const context = { ...bench.context, findings: [finding] };
  const read = await readCredentials(context, await associationsOf(context.aws.ec2, context.target.instanceId));
  return credentialWays(context, read).survivors.filter(({ certainty }) => certainty !== "unfiltered");
};

function withoutProfile({ place, target }: Bench): void {
  const instance = place.region.instances.get(target.instanceId);
  if (instance) place.world.change(instance, () => (instance.profileAssociation = null));
}

describe("the roles whose sessions are ended", () => {
  it("include the one that a finding names though another profile is attached now", () => {
    const bench = openBench(staged);
    const finding = findingOf(bench);
    swapProfile(bench.range);
    return bench.clock.run(async () => {
      await bench.clock.sleep(20_000);
      expect((await planned(bench, finding)).denied).toEqual(["arn:aws:iam::111122223333:role/harmless", ROLE]);
    });
  });

  it("include it though no profile is attached any more", () =>
    onRange(staged, async (bench) => {
      const finding = findingOf(bench);
      withoutProfile(bench);
      await bench.clock.sleep(20_000);
      expect(await planned(bench, finding)).toEqual({ denied: [ROLE], left: [] });
    }));

  it("include it though the instance has ended", () =>
    onRange(staged, async (bench) => {
      const finding = findingOf(bench);
      const instance = bench.place.region.instances.get(bench.target.instanceId);
      if (!instance) throw new Error("the target is there");
      bench.place.world.change(instance, () => (instance.state = "terminated"));
      withoutProfile(bench);
      await bench.clock.sleep(20_000);
      expect(await planned(bench, finding)).toEqual({ denied: [ROLE], left: [] });
    }));

  it("include the role of the profile that a finding names", () =>
    onRange(staged, async (bench) => {
      const { roleName: _roleName, ...finding } = findingOf(bench);
      expect(_roleName).toBe("payroll-worker");
      withoutProfile(bench);
      await bench.clock.sleep(20_000);
      expect((await planned(bench, finding)).denied).toEqual([ROLE]);
    }));

  it("are taken from a deleted profile's name, and the uncertainty is said", () =>
    onRange(staged, async (bench) => {
      const { roleName: _roleName, accessKeyId: _accessKeyId, ...finding } = findingOf(bench);
      withoutProfile(bench);
      const profileArn = "arn:aws:iam::111122223333:instance-profile/payroll-worker";
      for (const name of bench.place.account.instanceProfiles.keys())
        bench.place.world.remove(bench.place.account.instanceProfiles, name);
      await bench.clock.sleep(20_000);
      expect(await planned(bench, { ...finding, profileArn })).toEqual({
        denied: [ROLE],
        left: [
          {
            resource: "payroll-worker",
            reason: "the instance profile was deleted: the role of the same name is taken for the one that it held",
          },
        ],
      });
      const unknownProfile = "arn:aws:iam::111122223333:instance-profile/nobody-knows";
      expect(await planned(bench, { ...finding, profileArn: unknownProfile })).toEqual({
        denied: [],
        left: [
          {
            resource: "nobody-knows",
            reason: "the instance profile was deleted, and no role has its name: which role it held is not known",
          },
        ],
      });
      const ways = await openWays(bench, { ...finding, profileArn: unknownProfile });
      expect(ways.map(({ code, certainty }) => [code, certainty])).toEqual([["credentials.unknown-role", "possible"]]);
    }));
});

describe("a proof", () => {
  it("calls a named role open that no deny covers, whatever is attached", () =>
    onRange(staged, async (bench) => {
      const finding = findingOf(bench);
      withoutProfile(bench);
      await bench.clock.sleep(20_000);
      const [first] = await openWays(bench, finding);
      expect(first).toMatchObject({
        code: "credentials.not-denied",
        what: "credentials of payroll-worker",
        certainty: "indicated",
        scope: { kind: "credential", principal: ROLE, sessions: "instance" },
      });
    }));

  it("names a user's access key, which no deny on a role reaches", () =>
    onRange(staged, async (bench) => {
      const { roleName: _roleName, ...finding } = findingOf(bench);
      const ways = await openWays(bench, { ...finding, accessKeyId: "AKIAEXAMPLEEXAMPLE00" });
      expect(ways.filter(({ code }) => code === "credentials.access-key")).toMatchObject([
        { what: "access key AKIAEXAMPLEEXAMPLE00", certainty: "indicated" },
      ]);
    }));

  it("names the roles of containers when a finding is about containers", () =>
    onRange(staged, async (bench) => {
      const ways = await openWays(bench, { ...findingOf(bench), resourceType: "EKSCluster" });
      expect(ways.filter(({ code }) => code === "credentials.container")).toHaveLength(1);
      const others = await openWays(bench);
      expect(others.filter(({ code }) => code === "credentials.container")).toHaveLength(0);
    }));
});
