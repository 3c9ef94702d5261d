import type { Command } from "commander";
import type { DecisionFlags } from "./commands/decide.ts";
import type { DoctorFlags } from "./commands/doctor.ts";
import type { ReleaseFlags } from "./commands/release.ts";
import type { RespondFlags } from "./commands/respond.ts";
import type { SetupFlags } from "./commands/setup.ts";
import type { WatchFlags } from "./commands/watch.ts";
import type { Desk } from "./desk.ts";
import { collect, connectionFlags, outputFlags, withConnection } from "./flags.ts";
import type { OrderFlags } from "./orders.ts";
import type { Run } from "./run.ts";

type Given = Readonly<Record<string, unknown>>;

/** Opens the store for a command, and takes its exit code. */
async function desk(
  run: Run,
  { name, given }: { readonly name: string; readonly given: Given },
  work: (desk: Desk) => Promise<number>,
): Promise<void> {
  const [{ atDesk }, { Output }] = await Promise.all([import("./desk.ts"), import("./output.ts")]);
  const output = new Output(outputFlags(given));
  run.finish(await atDesk({ command: name, flags: connectionFlags(given), output, signal: run.signal }, work));
}

function withOrders(command: Command): Command {
  return withConnection(command)
    .argument("[instance...]", "instance ids")
    .option("--finding <file>", "a GuardDuty finding, as EventBridge sends it or GetFindings returns it; - is stdin")
    .option(
      "--remote-address <address>",
      "an attacker's address, such as 198.51.100.7:443/tcp; may stand several times",
      collect,
      [],
    )
    .option("--playbook <id>", "instead of the one that answers the finding")
    .option("--account <id>", "the account of the instances, where it is one of `accounts` of the configuration");
}

/** Everything about cases. */
export function caseCommands(root: Command, run: Run): void {
  withOrders(root.command("plan"))
    .description("show what would be changed; changes nothing")
    .action((ids: string[], given: OrderFlags & Given) =>
      desk(run, { name: "plan", given }, async (at) => (await import("./commands/respond.ts")).plan(at, ids, given)),
    );
  withOrders(root.command("respond"))
    .description("show what would be changed, and with --apply change it")
    .option("--apply", "act", false)
    .option("--yes", "act without asking on the terminal", false)
    .option("--wait", "stay until people have decided", false)
    .option("--prove", "stay until the instance is proved contained, or nothing more is due", false)
    .action((ids: string[], given: RespondFlags & Given) =>
      desk(run, { name: "respond", given }, async (at) =>
        (await import("./commands/respond.ts")).respond(at, ids, given),
      ),
    );
  withConnection(root.command("resume"))
    .argument("[case]", "a case or an instance; all open cases when left out")
    .description("carry on what an earlier process did not finish")
    .action((name: string | undefined, given: Given) =>
      desk(run, { name: "resume", given }, async (at) => (await import("./commands/resume.ts")).resume(at, name)),
    );
  withConnection(root.command("watch"))
    .description("keep at all open cases until they are over: proofs, deadlines, later stages")
    .option("--once", "bring each as far as it goes now, and end", false)
    .action((given: WatchFlags & Given) =>
      desk(run, { name: "watch", given }, async (at) => (await import("./commands/watch.ts")).watch(at, given)),
    );
  withConnection(root.command("release"))
    .argument("<id...>", "cases or instances")
    .description("put back what was changed")
    .option("--yes", "without asking on the terminal", false)
    .option("--reason <text>", "for the journal")
    .option(
      "--accept <change>",
      "take the present state of a change as the new truth; may stand several times",
      collect,
      [],
    )
    .action((names: string[], given: ReleaseFlags & Given) =>
      desk(run, { name: "release", given }, async (at) =>
        (await import("./commands/release.ts")).release(at, names, given),
      ),
    );
  for (const decision of ["approve", "reject"] as const) {
    withConnection(root.command(decision))
      .argument("<case>", "a case or an instance")
      .description(decision === "approve" ? "agree to a stage that waits" : "refuse a stage that waits")
      .option("--stage <stage>", "which stage; the one that waits when left out")
      .option("--hash <hash>", "the hash of what you read; on a terminal it is shown and asked when left out")
      .option("--reason <text>", "for the journal")
      .action((name: string, given: Omit<DecisionFlags, "decision"> & Given) =>
        desk(run, { name: decision, given }, async (at) =>
          (await import("./commands/decide.ts")).decide(at, name, { ...given, decision }),
        ),
      );
  }
  lookingCommands(root, run);
}

function lookingCommands(root: Command, run: Run): void {
  const cases = root.command("cases").description("look at cases");
  withConnection(cases.command("ls"))
    .description("list the cases, newest first")
    .option("--open", "only those that are not over", false)
    .action((given: { readonly open: boolean } & Given) =>
      desk(run, { name: "cases ls", given }, async (at) => (await import("./commands/cases.ts")).listCases(at, given)),
    );
  withConnection(cases.command("show"))
    .argument("<id>", "a case or an instance")
    .description("what happened, how it stands, what it was before")
    .action((name: string, given: Given) =>
      desk(run, { name: "cases show", given }, async (at) => (await import("./commands/cases.ts")).showCases(at, name)),
    );
  withConnection(cases.command("watch"))
    .argument("<id>", "a case or an instance")
    .description("follow a case until it is settled")
    .action((name: string, given: Given) =>
      desk(run, { name: "cases watch", given }, async (at) =>
        (await import("./commands/cases.ts")).watchCase(at, name),
      ),
    );
  withConnection(root.command("workstation"))
    .argument("<id>", "an incident, a case or an instance")
    .description("how examiners reach the forensic workstation of an incident, and which disks it has")
    .action((name: string, given: Given) =>
      desk(run, { name: "workstation", given }, async (at) =>
        (await import("./commands/workstation.ts")).showWorkstations(at, name),
      ),
    );
  evidenceCommands(root, run);
  doctorCommand(root, run);
  withConnection(root.command("setup"))
    .argument("[instance...]", "instances whose VPCs are prepared")
    .description("make the sealed and the open group of each VPC ahead of time")
    .option(
      "--vpc <id>",
      "a VPC to prepare; may stand several times; all of the Region when nothing is named",
      collect,
      [],
    )
    .option(
      "--level <name>",
      "evidence or forensic: the groups of this isolation level as well; may stand several times",
      collect,
      [],
    )
    .option("--account <id>", "one of `accounts` of the configuration")
    .option("--apply", "make them", false)
    .action((ids: string[], given: SetupFlags & Given) =>
      desk(run, { name: "setup", given }, async (at) => (await import("./commands/setup.ts")).setup(at, ids, given)),
    );
}

function doctorCommand(root: Command, run: Run): void {
  withConnection(root.command("doctor"))
    .description("look whether everything is there that a case will need; changes nothing")
    .option(
      "--account <id>",
      "one of `accounts` of the configuration, or all of them; that of the credentials when left out",
    )
    .option("--playbook <id>", "what one playbook needs; all when left out")
    .option("--instance <id>", "an instance whose Systems Manager agent is looked at")
    .action((given: DoctorFlags & Given) =>
      desk(run, { name: "doctor", given }, async (at) => (await import("./commands/doctor.ts")).doctor(at, given)),
    );
}

function evidenceCommands(root: Command, run: Run): void {
  const evidence = root.command("evidence").description("look at what was saved");
  withConnection(evidence.command("ls"))
    .argument("[id]", "a case or an instance; all when left out")
    .description("list what was saved, with its hashes and where it lies")
    .action((name: string | undefined, given: Given) =>
      desk(run, { name: "evidence ls", given }, async (at) =>
        (await import("./commands/evidence.ts")).listEvidence(at, name),
      ),
    );
  withConnection(evidence.command("verify"))
    .argument("[id]", "a case or an instance; all when left out")
    .description("hold journals and evidence against each other")
    .action((name: string | undefined, given: Given) =>
      desk(run, { name: "evidence verify", given }, async (at) =>
        (await import("./commands/evidence.ts")).verifyAll(at, name),
      ),
    );
  withConnection(evidence.command("export"))
    .argument("<id>", "a case, or an instance: its latest case")
    .description("write evidence, journal, custody log and timeline into a new folder, as a BagIt bag")
    .option("--to <folder>", "the new folder; CASE-bag when left out")
    .action((name: string, given: { readonly to?: string } & Given) =>
      desk(run, { name: "evidence export", given }, async (at) =>
        (await import("./commands/evidence.ts")).exportEvidence(at, name, given),
      ),
    );
}
