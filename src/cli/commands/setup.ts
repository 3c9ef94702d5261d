import { interfacesOf } from "../../aws/network-interfaces.ts";
import { preparedGroups } from "../../aws/prepared-groups.ts";
import { vpcIds } from "../../aws/vpcs.ts";
import { noVault } from "../../core/artifact.ts";
import { CordonError } from "../../core/errors.ts";
import type { Change } from "../../core/change.ts";
import type { IsolationLevel, StepContext, TargetClients } from "../../core/step.ts";
import { preparedGroups as makeGroups } from "../../steps/protect/prepared-groups.ts";
import { knownGroups } from "../compose.ts";
import { assertAccount, type Connection, regionOf } from "../connection.ts";
import { type Desk, openSession } from "../desk.ts";
import { unguessable } from "../environment.ts";
import { foreignUses } from "../foreign.ts";
import { tableLines } from "../output.ts";
import { rememberConnection } from "../remembered.ts";
import { foreignLines } from "../render/foreign.ts";

export interface SetupFlags {
  readonly vpc: readonly string[];
  /** Levels beside the two that every cut needs. */
  readonly level?: readonly string[];
  /** One of the configuration's, where it is not that of the credentials. */
  readonly account?: string;
  readonly apply: boolean;
}

interface Preparation {
  readonly vpcId: string;
  readonly level: IsolationLevel;
  readonly groupId: string | null;
  /** What is wrong with the group that is there; a fresh one takes its place. */
  readonly fault: string | null;
  readonly state: "there" | "missing" | "made";
}

const ALWAYS: readonly IsolationLevel[] = ["sealed", "open"];

/** What `--level` takes, with the groups that each needs. */
const ON_REQUEST: Readonly<Record<string, readonly IsolationLevel[]>> = {
  evidence: ["evidence"],
  forensic: ["workstation", "forensic", "forensic-windows"],
};

function levelsOf(asked: readonly string[]): readonly IsolationLevel[] {
  const wrong = asked.find((name) => ON_REQUEST[name] === undefined);
  if (wrong !== undefined) {
    const reason = `${wrong} is none; it takes ${Object.keys(ON_REQUEST).join(" and ")}`;
    throw new CordonError("input_invalid", { what: "--level", reason, command: "setup" });
  }
  return [...new Set([...ALWAYS, ...asked.flatMap((name) => ON_REQUEST[name] ?? [])])];
}

/** Shows which prepared groups are there, and with --apply makes those that are not. They go on no interface. */
export async function setup(
  desk: Desk,
  instanceIds: readonly string[],
  { vpc, level = [], account: named, apply }: SetupFlags,
): Promise<number> {
  const levels = levelsOf(level);
  const session = await openSession(desk);
  const connection = named === undefined ? session.connection : session.connection.of(named);
  if (named !== undefined) await assertAccount(session.connection, named);
  const region = regionOf(connection, "setup");
  const { account } = await connection.identity();
  desk.output.narrate(await connection.introduction());
  const aws = connection.direct(region);
  const place = { account, region };
  const vpcs = await vpcsNamed({ aws, ...place }, vpc, instanceIds);
  const [found, foreign] = await Promise.all([
    lookAt(desk, { aws, vpcs, levels, ...place }),
    foreignUses(desk, aws, place),
  ]);
  const results: Preparation[] = [];
  for (const each of found)
    results.push(
      each.groupId === null && apply ? await make(desk, connection, { ...place, aws, missing: each }) : each,
    );
  if (apply) rememberConnection(desk.environment.home, account, connection.flags);
  await desk.output.result(results, () =>
    tableLines(
      ["VPC", "LEVEL", "GROUP", "STATE"],
      results.map(({ vpcId, level, groupId, state, fault }) => [
        vpcId,
        level,
        groupId,
        fault === null ? state : `${state} (${fault})`,
      ]),
    ),
  );
  foreignLines(foreign).forEach((line) => desk.output.narrate(line));
  if (!apply && results.some(({ state }) => state === "missing"))
    desk.output.narrate("Nothing was changed. Add --apply to make what is missing.");
  return 0;
}

async function vpcsNamed(
  { aws, account, region }: Place,
  named: readonly string[],
  instanceIds: readonly string[],
): Promise<readonly string[]> {
  if (named.length === 0 && instanceIds.length === 0) return vpcIds(aws.ec2);
  const [there, interfaces] = await Promise.all([
    named.length === 0 ? Promise.resolve(named) : vpcIds(aws.ec2),
    Promise.all(instanceIds.map((id) => interfacesOf(aws.ec2, id))),
  ]);
  const unknown = named.find((id) => !there.includes(id));
  if (unknown !== undefined) throw new CordonError("vpc_not_found", { vpcId: unknown, account, region });
  const without = instanceIds.find((_, index) => interfaces[index]?.length === 0);
  if (without !== undefined) throw new CordonError("instance_has_no_interfaces", { instanceId: without });
  return [...new Set([...named, ...interfaces.flat().map(({ vpcId }) => vpcId)])];
}

interface Place {
  readonly account: string;
  readonly region: string;
  readonly aws: TargetClients;
}

async function lookAt(
  { store }: Desk,
  {
    account,
    region,
    aws,
    vpcs,
    levels,
  }: Place & { readonly vpcs: readonly string[]; readonly levels: readonly IsolationLevel[] },
): Promise<readonly Preparation[]> {
  const prepared = preparedGroups(aws.ec2, await knownGroups(store, account, region));
  const groupsOf = await Promise.all(levels.map((level) => prepared.groups(level)));
  return vpcs.flatMap((vpcId) =>
    levels.map((level, index): Preparation => {
      const groupOf = groupsOf[index];
      const groupId = groupOf?.(vpcId) ?? null;
      const spoiled = groupOf?.spoiled.find((group) => group.vpcId === vpcId);
      const fault = spoiled ? `${spoiled.id} was changed: ${spoiled.fault}` : null;
      return { vpcId, level, groupId, fault, state: groupId === null ? "missing" : "there" };
    }),
  );
}

/** Makes one group with the step that a case would use, reads it back and records it. */
async function make(
  desk: Desk,
  connection: Connection,
  { account, region, aws, missing }: Place & { readonly missing: Preparation },
): Promise<Preparation> {
  const { vpcId, level } = missing;
  const nonce = Array.from({ length: 32 }, () => Math.floor(unguessable() * 16).toString(16)).join("");
  const after = {
    level,
    name: `cordon-${level}-${nonce.slice(0, 8)}`,
  };
  const change: Change<null, typeof after> = {
    id: `${makeGroups.id}/${vpcId}/${level}`,
    step: makeGroups.id,
    resource: vpcId,
    attribute: level,
    before: null,
    after,
  };
  const context = contextFor(desk, connection, { account, region, aws, nonce });
  const result = await makeGroups.run(context, change, null);
  if (result.kind !== "done") throw new TypeError(`${makeGroups.id} did not end`);
  const giveUpAt = connection.clock.now() + makeGroups.settlesWithinMs;
  for (;;) {
    const seen = await makeGroups.verify(context, change, result.outcome);
    if (seen.kind === "ok") break;
    if (seen.kind === "failed" || connection.clock.now() > giveUpAt) {
      throw new CordonError("prepared_group_not_sealed", {
        resource: `of level ${level} in ${vpcId}`,
        observed: JSON.stringify(seen.observed),
      });
    }
    await connection.clock.sleep(500, desk.signal);
  }
  const { groupId } = result.outcome as { readonly groupId: string };
  await desk.store.putPreparedGroup(account, region, { vpcId, level, groupId });
  return { vpcId, level, groupId, fault: null, state: "made" };
}

function contextFor(
  desk: Desk,
  { clock }: Connection,
  { account, region, aws, nonce }: Place & { readonly nonce: string },
): StepContext {
  return {
    case: { id: "setup", openedAt: clock.now(), incident: "setup" },
    findings: [],
    target: { account, region, instanceId: "setup" },
    aws,
    prepared: preparedGroups(aws.ec2, new Map()),
    outcomes: {},
    survivors: null,
    settings: desk.environment.config,
    now: clock.now(),
    signal: desk.signal,
    attempt: 1,
    lookSince: null,
    nonce,
    vault: noVault("setup keeps no evidence"),
    changesSent: () => [],
  };
}
