import type { Playbook } from "../../core/playbook.ts";
import type { AnyStep } from "../../core/step.ts";
import { failed, ok } from "../doctor/check.ts";
import { examineEvidence } from "../doctor/evidence.ts";
import { additionsFor, type Finding, onlyChecks } from "../doctor/finding.ts";
import { attempt, examineRole } from "../doctor/identity.ts";
import { type Examined, examinePermissions } from "../doctor/permissions.ts";
import { checkAgent, checkGroups, checkRegion } from "../doctor/places.ts";
import { examineVault } from "../doctor/vault.ts";
import { checkWorkstation } from "../doctor/workstation.ts";
import { assertAccount, connect, type Connection, regionOf } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { tableLines } from "../output.ts";
import { permissionsOf } from "../permissions.ts";
import { stepsUsed } from "./permissions.ts";

export interface DoctorFlags {
  /** `all`, or one; that of the credentials when left out. */
  readonly account?: string;
  readonly playbook?: string;
  /** Whose Systems Manager agent is looked at. */
  readonly instance?: string;
}

/** The exit code when something is missing, as of everything about permissions and preflight. */
const MISSING = 6;

/** Looks at everything that a case will need, before there is one. Changes nothing; a bucket gets an upload that is given up at once. */
export async function doctor(desk: Desk, flags: DoctorFlags): Promise<number> {
  const { checks, additions } = await examine(desk, flags);
  await desk.output.result({ checks, additions }, () => [
    ...tableLines(
      ["STATE", "ACCOUNT", "REGION", "WHAT", "DETAIL"],
      checks.map(({ state, account, region, what, detail }) => [state, account, region, what, detail]),
    ),
    ...checks.flatMap(({ what, account, remedy }) =>
      remedy === null ? [] : [`${account ?? ""} ${what}: ${remedy}`.trim()],
    ),
    ...additions.flatMap(({ role, policy }) => ["", `Add to ${role}:`, ...JSON.stringify(policy, null, 2).split("\n")]),
  ]);
  return checks.some(({ state }) => state === "missing") ? MISSING : 0;
}

async function examine(desk: Desk, flags: DoctorFlags): Promise<Finding> {
  const { environment, command, limits, signal } = desk;
  const used = stepsUsed(environment.home, flags.playbook);
  const { region: _, ...flagsAtHome } = desk.flags; // The Region that is looked at may be one that is not enabled.
  const connection = await connect(flagsAtHome, { command, environment, limits, signal });
  const nowhere = { account: null, region: connection.region };
  const reached = await attempt(() => connection.identity());
  if ("error" in reached) return onlyChecks(failed(nowhere, "endpoint and credentials", reached.error));
  const { account, arn } = reached.value;
  const first = ok({ account, region: connection.region }, "endpoint and credentials", arn);
  const accounts = await accountsOf(connection, environment.config.accounts, { own: account, asked: flags.account });
  const found = await Promise.all([
    ...accounts.map((each) => examineAccount(desk, connection, { account: each, used, flags })),
    examineEvidence(connection, used, environment.config.evidence),
    examineVault(desk),
  ]);
  return {
    checks: [first, ...found.flatMap(({ checks }) => checks)],
    additions: found.flatMap(({ additions }) => additions),
  };
}

async function accountsOf(
  connection: Connection,
  listed: Readonly<Record<string, unknown>>,
  { own, asked }: { readonly own: string; readonly asked: string | undefined },
): Promise<readonly string[]> {
  const members = Object.keys(listed);
  if (asked === "all") return members.length === 0 ? [own] : members;
  if (asked !== undefined && !members.includes(asked)) await assertAccount(connection, asked);
  return [asked ?? own];
}

interface Examination {
  readonly account: string;
  readonly used: readonly AnyStep[];
  readonly flags: DoctorFlags;
}

async function examineAccount(desk: Desk, base: Connection, { account, used, flags }: Examination): Promise<Finding> {
  const { environment, command } = desk;
  const connection = base.of(account);
  const regions = desk.flags.region
    ? [desk.flags.region]
    : (environment.config.accounts[account]?.regions ?? [regionOf(base, command)]);
  const role = await examineRole(connection, account);
  if (role.arn === null) return onlyChecks(...role.checks);
  const enabled = await Promise.all(
    regions.map(async (region) => ({ region, check: await checkRegion(connection, { account, region }, region) })),
  );
  const open = enabled.filter(({ check }) => check.state !== "missing").map(({ region }) => region);
  const [home] = open;
  const examined: Examined =
    home === undefined
      ? { checks: [], statements: [] }
      : await examinePermissions(
          { account, region: null },
          { account, arn: role.arn, roleArn: connection.roleArn, aws: connection.direct(home) },
          permissionsOf(used).map(({ action }) => action),
        );
  const groups = await Promise.all(open.map((region) => checkGroups(desk, connection, { account, region })));
  const wishes = { workstation: environment.config.workstation, playbook: playbookNamed(desk, flags.playbook) };
  const benches = await Promise.all(
    open.map((region) => checkWorkstation(desk, connection, { account, region }, wishes)),
  );
  const { instance } = flags;
  const agents =
    instance === undefined
      ? []
      : await Promise.all(open.map((region) => checkAgent(connection, { account, region }, instance)));
  return {
    checks: [
      ...role.checks,
      ...enabled.map(({ check }) => check),
      ...examined.checks,
      ...groups.flat(),
      ...benches.flat(),
      ...agents,
    ],
    additions: additionsFor(account, connection.roleArn ?? role.arn, examined.statements),
  };
}

function playbookNamed({ playbooks }: Desk, id: string | undefined): Playbook | null {
  return playbooks.find((playbook) => playbook.id === id) ?? null;
}
