import type { Finding } from "../core/finding.ts";
import type { Disposition } from "../core/route.ts";
import { dispositionsOf, type Policy } from "../intake/dispositions.ts";
import { LARGEST_DOCUMENT_BYTES } from "../intake/document.ts";
import { readGuardDuty } from "../intake/guardduty.ts";
import { manualFinding } from "../intake/manual.ts";
import { withoutInstance } from "../runners/intake.ts";
import { assertAccount, type ConnectionFlags, regionOf } from "./connection.ts";
import { type Desk, openSession, type Session } from "./desk.ts";
import { readNamedBytes } from "./environment.ts";
import { codeBeside, explain, wrongUsage } from "./failure.ts";
import type { Order } from "./planning.ts";
import { policyOf, policyOfPlaybook, policyOfStatement } from "./policy.ts";
import { printable } from "./render/story.ts";
import { worstOf } from "./verdicts.ts";

/** What a person asks for: instances, or a file with findings. */
export interface OrderFlags {
  readonly finding?: string;
  readonly remoteAddress: readonly string[];
  readonly playbook?: string;
  /** Of the instances, where it is not that of the credentials. */
  readonly account?: string;
}

/** Orders, and the session to carry them out with. */
export interface Orders {
  readonly session: Session;
  readonly orders: readonly Order[];
  /** Findings that others take over. */
  readonly handOvers: readonly Extract<Disposition, { kind: "handOver" }>[];
  /** Findings about which something must be done, and that do not say to which instance. */
  readonly unplaced: readonly Disposition[];
  /** The exit code for orders of accounts that cannot be reached: they are named on stderr and left out. */
  readonly exitCode: number;
}

/**
 * Reads what a person asks for, and connects where it leads.
 *
 * Findings about which nothing is to be done are named on stderr and left out.
 *
 * @throws CordonError `input_invalid`, `finding_unreadable`, `finding_names_no_instance`, `account_mismatch`,
 * `playbook_not_found`
 */
export async function readOrders(desk: Desk, instanceIds: readonly string[], flags: OrderFlags): Promise<Orders> {
  const { command } = desk;
  if (flags.finding !== undefined && instanceIds.length > 0) {
    throw wrongUsage(command, {
      what: "--finding beside instance ids",
      reason: "the finding names its instances itself",
    });
  }
  assertAccountFlag(command, flags);
  if (flags.finding !== undefined) return ordersOfFile(desk, flags.finding, flags);
  if (instanceIds.length === 0)
    throw wrongUsage(command, {
      what: "The list of instances",
      reason: "it is empty: give instance ids or --finding FILE",
    });
  const session = await openSession(desk);
  const { connection } = session;
  const finding = manualFinding({
    instanceIds,
    remoteAddresses: flags.remoteAddress,
    person: desk.environment.person.id,
    account: "000000000000", // Everything that a person can write wrong is found before AWS is asked.
    region: connection.region ?? "us-east-1",
    now: connection.clock.now(),
    command,
  });
  const region = regionOf(connection, command);
  const account = flags.account ?? (await connection.identity()).account;
  await assertAccount(connection, account);
  const stated = manualFinding({
    instanceIds: finding.instances,
    remoteAddresses: flags.remoteAddress,
    person: desk.environment.person.id,
    account,
    region,
    now: connection.clock.now(),
    command,
  });
  const policy = flags.playbook === undefined ? policyOfStatement(policyAt(desk)) : policyFor(desk, flags);
  return { session, ...sorted(desk, dispositionsOf(stated, {}, policy)), exitCode: 0 };
}

async function ordersOfFile(desk: Desk, file: string, flags: OrderFlags): Promise<Orders> {
  if (flags.remoteAddress.length > 0) {
    throw wrongUsage(desk.command, {
      what: "--remote-address beside --finding",
      reason: "the finding names its addresses itself",
    });
  }
  const bytes = readNamedBytes(file, { command: desk.command, most: LARGEST_DOCUMENT_BYTES });
  const { findings, tags } = readGuardDuty(bytes, { file });
  const policy = policyFor(desk, flags);
  const read = sorted(
    desk,
    findings.flatMap((finding) => dispositionsOf(finding, tags.get(finding) ?? {}, policy)),
  );
  const [first] = [...read.orders, ...read.handOvers, ...findings.map((finding) => ({ finding }))];
  const session = await openSession(desk, connectionFor(desk.flags, first?.finding));
  return { session, ...read, ...(await reachable(desk, session, read)) };
}

/** Leaves out the orders of accounts that cannot be reached, and names them. If nothing else is to be done, the first failure is thrown. */
async function reachable(
  desk: Desk,
  { connection }: Session,
  { orders, handOvers }: Pick<Orders, "orders" | "handOvers">,
): Promise<Pick<Orders, "orders" | "exitCode">> {
  const failures = new Map<string, unknown>();
  const accounts = [...new Set(orders.map(({ finding }) => finding.account))];
  await Promise.all(
    accounts.map((account) =>
      assertAccount(connection, account).catch((error: unknown) => void failures.set(account, error)),
    ),
  );
  desk.signal.throwIfAborted();
  if (accounts.length > 0 && failures.size === accounts.length && handOvers.length === 0)
    throw failures.get(accounts[0] ?? "");
  for (const [account, error] of failures) {
    const instances = orders.flatMap((order) => (order.finding.account === account ? order.instances : []));
    desk.output.complain(
      `${instances.join(", ")}: nothing was done in account ${account}. ${explain(error).lines.join(" ")}`,
    );
  }
  return {
    orders: orders.filter(({ finding }) => !failures.has(finding.account)),
    exitCode: worstOf([...failures.values()].map(codeBeside)),
  };
}

function assertAccountFlag(command: string, { account, finding }: OrderFlags): void {
  if (account === undefined) return;
  if (finding !== undefined)
    throw wrongUsage(command, { what: "--account beside --finding", reason: "the finding names its account itself" });
  if (!/^\d{12}$/.test(account))
    throw wrongUsage(command, { what: `Account ${account}`, reason: "expected twelve digits" });
}

/** A finding says which Region it is about; calls that belong to no case go there too. */
function connectionFor(flags: ConnectionFlags, finding: Finding | undefined): ConnectionFlags {
  return finding ? { ...flags, region: finding.region } : flags;
}

function policyFor(desk: Desk, { playbook }: OrderFlags): Policy {
  return playbook === undefined ? policyAt(desk) : policyOfPlaybook(playbook, desk.playbooks);
}

function policyAt({ environment, playbooks }: Desk): Policy {
  return policyOf(environment.config, playbooks);
}

/**
 * Sorts what is to be done, and names on stderr what is left out.
 *
 * @throws CordonError `finding_names_no_instance` where nothing else can be done; else it waits until that is done
 */
function sorted(desk: Desk, dispositions: readonly Disposition[]): Omit<Orders, "session" | "exitCode"> {
  const orders = dispositions.filter((each) => each.kind === "case");
  const handOvers = dispositions.filter((each) => each.kind === "handOver");
  const unplaced = dispositions.filter((each) => each.kind === "unplaced");
  for (const { kind, finding, judgement, why } of dispositions) {
    if (kind !== "ignore") continue;
    const reason = why === judgement.reason ? why : `${judgement.reason} (${why})`;
    desk.output.narrate(`Nothing to do about ${printable(finding.type)}: ${judgement.verdict}, ${printable(reason)}.`);
  }
  const [first] = unplaced;
  if (first && orders.length === 0 && handOvers.length === 0) throw withoutInstance(first);
  return { orders, handOvers, unplaced };
}
