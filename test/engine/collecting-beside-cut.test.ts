import { expect, test } from "vitest";
import { registry } from "../../src/cli/compose.ts";
import type { CaseState } from "../../src/core/case.ts";
import { readPlaybook } from "../../src/playbooks/read.ts";
import { authorize } from "../../src/range/iam/authorize.ts";
import { instanceCredentials } from "../../src/range/world/build-identity.ts";
import { manageTarget } from "../steps/managed.ts";
import { createLaboratory, type Laboratory, openCase } from "./harness.ts";

const MINUTE_MS = 60_000;
const BUCKET = "arn:aws:s3:::example-payroll-exports/2026/01/export.csv";

/** The running system is asked while the instance is cut off: the level leaves the way to Systems Manager. Then it is sealed. */
const playbook = (agent: string) =>
  readPlaybook(
    `
id: collect-beside-cut
title: Question the running system while it is cut off
autonomy: suspected
stages:
  - id: collect
    alongside: true
    on_failure: continue
    steps:
      - { use: preserve.live-response, with: { commands: [processes, sockets] } }
  - id: cut
    on_failure: continue
    steps:
      - { use: contain.security-groups, with: { level: evidence } }
      - contain.instance-profile
      - { use: contain.role-sessions, with: { agent: ${agent} } }
  - id: seal
    needs: [collect, cut]
    on_failure: continue
    steps: [contain.security-groups]
  - id: prove
    steps: [assess.containment]
`,
    { file: "collect-beside-cut.yaml", steps: registry.values() },
  );

interface Cut {
  readonly laboratory: Laboratory;
  readonly state: CaseState;
  /** Whether AWS lets the thief do this now, who has a copy of the instance's credentials. */
  mayThief(action: string): boolean;
  caseNow(): Promise<CaseState>;
}

async function onCut(agent: string, look: (cut: Cut) => Promise<void>): Promise<void> {
  const laboratory = createLaboratory({
    scenario: "c2-beacon",
    seed: 7,
    playbook: playbook(agent),
    settings: () => ({ collectionProfile: null }), // Nothing to lend: the agent works with what the instance has.
  });
  const { clock, range } = laboratory;
  const { place, instance } = manageTarget(range);
  const everything = { Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: "s3:*", Resource: "*" }] };
  place.account.roles
    .get("managed-worker")
    ?.inlinePolicies.set("data", { text: JSON.stringify(everything), document: everything });
  const stolen = instanceCredentials(place, instance.id);
  const mayThief = (action: string): boolean =>
    authorize(range.world, { accessKeyId: stolen?.accessKeyId ?? "", action, resource: BUCKET }).allowed;
  try {
    await clock.run(async () => {
      await clock.sleep(20_000); // The agent has connected.
      expect([mayThief("s3:GetObject"), mayThief("ssm:UpdateInstanceInformation")]).toEqual([true, true]);
      const life = laboratory.live();
      const caseId = await openCase(laboratory, life, playbook(agent));
      await life.runner.work(caseId, { signal: laboratory.signal });
      const caseNow = () => life.runner.load(caseId);
      await clock.sleep(5_000); // A written policy is not in force at once.
      await look({ laboratory, state: structuredClone(await caseNow()), mayThief, caseNow });
    });
  } finally {
    laboratory.close();
  }
}

const answers = ({ artifacts }: CaseState): number => artifacts.filter(({ kind }) => kind === "live-response").length;

test("what the agent is asked beside the cut is answered, and the thief's other calls are refused once the deny is in force", () =>
  onCut("10m", async ({ laboratory, state, mayThief, caseNow }) => {
    expect(answers(state)).toBe(2);
    expect(mayThief("s3:GetObject")).toBe(false);
    expect(mayThief("sts:AssumeRole")).toBe(false);
    expect(mayThief("ssm:UpdateInstanceInformation")).toBe(true); // The agent's own, which nobody can tell from his.
    expect(mayThief("ssm:GetParameter")).toBe(false);
    const [first] = state.assessments;
    expect(first?.contained).toBe("partial");
    // The sentence has room to count the open ways, not to name them all.
    const agents = first?.survivors.filter(({ code }) => code === "credentials.agent");
    expect(agents?.map(({ what, certainty }) => [what, certainty])).toEqual([
      ["calls of the agent of Systems Manager with credentials of managed-worker", "indicated"],
      // The role of the profile that the finding names, though another is attached now.
      ["calls of the agent of Systems Manager with credentials of payroll-worker", "indicated"],
    ]);

    // No process comes back, and the exception ends.
    const calls = laboratory.range.calls.length;
    await laboratory.clock.sleep(10 * MINUTE_MS);
    expect(laboratory.range.calls).toHaveLength(calls);
    expect(mayThief("ssm:UpdateInstanceInformation")).toBe(false);
    expect(mayThief("ssmmessages:OpenControlChannel")).toBe(false);
    expect(mayThief("s3:GetObject")).toBe(false);

    const { runner } = laboratory.live({ isDead: () => true });
    const until = laboratory.clock.now() + 1000;
    await runner.work(state.id, { signal: laboratory.signal, until });
    const latest = (await caseNow()).assessments.at(-1);
    const own = latest?.survivors.filter(({ way }) => way?.endsWith("managed-worker instance"));
    // The agent's exception is over, and no event history has confirmed the deny.
    expect(own?.map(({ code, certainty }) => [code, certainty])).toEqual([["credentials.unconfirmed", "due"]]);
    expect(latest?.survivors.map(({ code }) => code)).not.toContain("credentials.agent");
  }));

test("without the exception the cut takes the agent's credentials too, and says so of nobody", () =>
  onCut("never", async ({ state, mayThief }) => {
    expect(mayThief("ssm:UpdateInstanceInformation")).toBe(false);
    expect(mayThief("s3:GetObject")).toBe(false);
    expect(state.assessments[0]?.survivors.map(({ code }) => code)).not.toContain("credentials.agent");
  }));
