import { type Command, Option } from "commander";
import type { PermissionFlags } from "./commands/permissions.ts";
import { outputFlags, withOutput } from "./flags.ts";
import type { Output } from "./output.ts";
import type { Run } from "./run.ts";

type Given = Readonly<Record<string, unknown>>;

async function printing(run: Run, given: Given, work: (output: Output) => Promise<number>): Promise<void> {
  const { Output } = await import("./output.ts");
  run.finish(await work(new Output(outputFlags(given))));
}

/** What needs no case and no account. */
export function settingCommands(root: Command, run: Run): void {
  withOutput(root.command("triage"))
    .argument("<file>", "findings; - is stdin")
    .description("say what a finding means; asks nothing of AWS")
    .action((file: string, given: Given) =>
      printing(run, given, async (output) => (await import("./commands/triage.ts")).triage(output, file)),
    );
  const playbooks = root.command("playbooks").description("look at playbooks");
  withOutput(playbooks.command("ls"))
    .description("list the playbooks")
    .action((given: Given) =>
      printing(run, given, async (output) => (await import("./commands/playbooks.ts")).listPlaybooks(output)),
    );
  withOutput(playbooks.command("show"))
    .argument("<playbook>", "its id")
    .description("print a playbook's stages and steps")
    .action((id: string, given: Given) =>
      printing(run, given, async (output) => (await import("./commands/playbooks.ts")).showPlaybook(output, id)),
    );
  withOutput(playbooks.command("validate"))
    .argument("<file...>", "playbook files")
    .description("name every problem of a playbook with its line")
    .action((files: string[], given: Given) =>
      printing(run, given, async (output) =>
        (await import("./commands/playbooks.ts")).validatePlaybooks(output, files),
      ),
    );
  withOutput(root.command("permissions"))
    .description("print the permissions that Cordon needs")
    .option("--playbook <id>", "those of one playbook; of all when left out")
    .addOption(
      new Option("--format <format>", "a policy for IAM, or what needs what")
        .choices(["policy", "table"])
        .default("policy"),
    )
    .addOption(
      new Option("--for <account>", "the account of the instance, the one that snapshots are copied to, or all roles")
        .choices(["target", "evidence", "all"])
        .default("target"),
    )
    .action((given: PermissionFlags & Given) =>
      printing(run, given, async (output) => (await import("./commands/permissions.ts")).permissions(output, given)),
    );
  const config = root.command("config").description("look at the configuration");
  withOutput(config.command("validate"))
    .argument("[file]", "cordon.yaml of the present folder, or CORDON_CONFIG, when left out")
    .description("name what is wrong with the configuration, with its line")
    .action((file: string | undefined, given: Given) =>
      printing(run, given, async (output) => (await import("./commands/config.ts")).validateConfig(output, file)),
    );
  withOutput(config.command("show"))
    .description("print the configuration with its defaults")
    .action((given: Given) =>
      printing(run, given, async (output) => (await import("./commands/config.ts")).showConfig(output)),
    );
}
