import type { Playbook } from "../../core/playbook.ts";
import type { AnyStep, TargetClients } from "../../core/step.ts";
import { type Check, failed, missing, ok } from "../doctor/check.ts";
import { type Examined, examinePermissions } from "../doctor/permissions.ts";
import { checkAgent, checkGroups, checkRegion, checkVault } from "../doctor/places.ts";
import { checkWorkstation } from "../doctor/workstation.ts";
import { assertAccount, connect, type Connection, regionOf } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { tableLines } from "../output.ts";
import { permissionsOf, type Statement } from "../permissions.ts";
import { stepsUsed } from "./permissions.ts";

export interface DoctorFlags {
  /** `all`, or one; that of the credentials when left out. */
  readonly account?: string;
  readonly playbook?: string;
  /** Whose Systems Manager agent is looked at. */
  readonly instance?: string;
}

/** What a role lacks, as a policy that adds it. */
interface Addition {
  readonly account: string;
  readonly role: string;
  readonly policy: { readonly Version: "2012-10-17"; readonly Statement: readonly Statement[] };
}

interface Finding {
  readonly checks: readonly Check[];
  readonly additions: readonly Addition[];
}

/** The exit code when something is missing, as of everything about permissions and preflight. */
const MISSING = 6;

/** Looks at everything that a case will need, before there is one. Changes nothing. */
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
  if ("error" in reached)
    return { checks: [failed(nowhere, "endpoint and credentials", reached.error)], additions: [] };
  const { account, arn } = reached.value;
  const first = ok({ account, region: connection.region }, "endpoint and credentials", arn);
  const accounts = await accountsOf(connection, environment.config.accounts, { own: account, asked: flags.account });
  const found = await Promise.all([
    ...accounts.map((each) => examineAccount(desk, connection, { account: each, used, flags })),
    examineEvidence(connection, used, environment.config.evidence?.account ?? null),
    checkVault(desk).then((check) => ({ checks: [check], additions: [] })),
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
  if (role.arn === null) return { checks: role.checks, additions: [] };
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
          actionsOf(used, "target"),
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

/** The account that snapshots are copied to, where a playbook copies and an account is configured. */
async function examineEvidence(base: Connection, used: readonly AnyStep[], account: string | null): Promise<Finding> {
  const actions = actionsOf(used, "evidence");
  const { evidence } = base;
  if (actions.length === 0) return { checks: [], additions: [] };
  if (evidence === null || account === null) {
    const place = { account: null, region: null };
    const check = missing(place, "evidence account", {
      detail: "the playbooks copy snapshots, and no account for them is configured",
      remedy: "Name it under `evidence` of cordon.yaml, or leave the copies out.",
    });
    return { checks: [check], additions: [] };
  }
  const role = await examineRole(evidence, account);
  if (role.arn === null) return { checks: role.checks, additions: [] };
  const aws: TargetClients = evidence.direct(base.region ?? "us-east-1");
  const principal = { account, arn: role.arn, roleArn: evidence.roleArn, aws };
  const { checks, statements } = await examinePermissions({ account, region: null }, principal, actions);
  return {
    checks: [...role.checks, ...checks],
    additions: additionsFor(account, principal.roleArn ?? role.arn, statements),
  };
}

/** Whether the identity that is to work in an account can be taken on, and is one of that account. */
async function examineRole(
  connection: Connection,
  account: string,
): Promise<{ readonly checks: readonly Check[]; readonly arn: string | null }> {
  const place = { account, region: null };
  const what = connection.roleArn === null ? "identity" : `role ${connection.roleArn}`;
  const identity = await attempt(() => connection.identity());
  if ("error" in identity) {
    const remedy =
      "The role must trust the credentials and ask for the external id of the configuration, and the credentials need sts:AssumeRole on it: docs/accounts.md has both policies.";
    return { checks: [failed(place, what, identity.error, remedy)], arn: null };
  }
  const { account: observed, arn } = identity.value;
  if (observed === account) return { checks: [ok(place, what, arn)], arn };
  const remedy = "Name a role of this account, or leave --role-arn out.";
  return { checks: [missing(place, what, { detail: `it belongs to account ${observed}`, remedy })], arn: null };
}

function actionsOf(used: readonly AnyStep[], account: "target" | "evidence"): readonly string[] {
  return permissionsOf(used, account).map(({ action }) => action);
}

function additionsFor(account: string, role: string, statements: readonly Statement[]): readonly Addition[] {
  if (statements.length === 0) return [];
  return [{ account, role, policy: { Version: "2012-10-17", Statement: statements } }];
}

async function attempt<Value>(
  act: () => Promise<Value>,
): Promise<{ readonly value: Value } | { readonly error: unknown }> {
  try {
    return { value: await act() };
  } catch (error) {
    return { error };
  }
}
