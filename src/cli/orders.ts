import { CordonError } from "../core/errors.ts";
import type { Finding } from "../core/finding.ts";
import { readGuardDuty } from "../intake/guardduty.ts";
import { manualFinding } from "../intake/manual.ts";
import { judge } from "../intake/triage.ts";
import { choosePlaybook } from "../playbooks/choose.ts";
import { type ConnectionFlags, regionOf } from "./connection.ts";
import { type Desk, openSession, type Session } from "./desk.ts";
import { readNamedFile } from "./environment.ts";
import { wrongUsage } from "./failure.ts";
import type { Order } from "./planning.ts";
import { printable } from "./render/story.ts";

/** What a person asks for: instances, or a file with findings. */
export interface OrderFlags {
  readonly finding?: string;
  readonly remoteAddress: readonly string[];
  readonly playbook?: string;
}

/** Orders of one account, and the session to carry them out with. */
export interface Orders {
  readonly session: Session;
  readonly orders: readonly Order[];
}

/**
 * Reads what a person asks for, and connects where it leads.
 *
 * Findings about which nothing is to be done are named on stderr and left out.
 *
 * @throws CordonError `input_invalid`, `finding_unreadable`, `account_mismatch`, `playbook_not_found`
 */
export async function readOrders(desk: Desk, instanceIds: readonly string[], flags: OrderFlags): Promise<Orders> {
  const { command } = desk;
  if (flags.finding !== undefined && instanceIds.length > 0) {
    throw wrongUsage(command, {
      what: "--finding beside instance ids",
      reason: "the finding names its instances itself",
    });
  }
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
  const { account } = await connection.identity();
  const stated = manualFinding({
    instanceIds: finding.instances,
    remoteAddresses: flags.remoteAddress,
    person: desk.environment.person.id,
    account,
    region,
    now: connection.clock.now(),
    command,
  });
  return { session, orders: ordersOf(desk, [stated], flags) };
}

async function ordersOfFile(desk: Desk, file: string, flags: OrderFlags): Promise<Orders> {
  if (flags.remoteAddress.length > 0) {
    throw wrongUsage(desk.command, {
      what: "--remote-address beside --finding",
      reason: "the finding names its addresses itself",
    });
  }
  const { findings } = readGuardDuty(readNamedFile(file, { command: desk.command }), { file });
  const orders = ordersOf(desk, findings, flags);
  const first = orders[0]?.finding ?? findings[0];
  const session = await openSession(desk, connectionFor(desk.flags, first));
  const accounts = new Set(orders.map(({ finding }) => finding.account));
  if (orders.length === 0) return { session, orders };
  const { account } = await session.connection.identity();
  for (const expected of accounts)
    if (expected !== account) throw new CordonError("account_mismatch", { expected, observed: account });
  return { session, orders };
}

/** A finding says which Region it is about; calls that belong to no case go there too. */
function connectionFor(flags: ConnectionFlags, finding: Finding | undefined): ConnectionFlags {
  return finding ? { ...flags, region: finding.region } : flags;
}

function ordersOf(desk: Desk, findings: readonly Finding[], flags: OrderFlags): readonly Order[] {
  return findings.flatMap((finding) => {
    const judgement = judge(finding);
    const { verdict, reason } = judgement;
    if (verdict !== "compromised" && verdict !== "suspected") {
      desk.output.narrate(`Nothing to do about ${printable(finding.type)}: ${verdict}, ${printable(reason)}.`);
      return [];
    }
    if (finding.instances.length === 0) {
      desk.output.narrate(`Nothing to do about ${printable(finding.type)}: ${printable(reason)}.`);
      return [];
    }
    return [{ finding, judgement, playbook: playbookFor(desk, finding, flags) }];
  });
}

function playbookFor(
  { playbooks, environment }: Desk,
  finding: Finding,
  { playbook: named }: OrderFlags,
): Order["playbook"] {
  const id = named ?? null;
  const chosen = id === null ? choosePlaybook(playbooks, finding) : null;
  if (chosen) return chosen;
  const wanted = id ?? environment.config.playbook;
  if (wanted === null) throw new CordonError("playbook_not_found", { id: `that answers ${printable(finding.type)}` });
  const found = playbooks.find((playbook) => playbook.id === wanted);
  if (!found) throw new CordonError("playbook_not_found", { id: printable(wanted) });
  return found;
}
