import { Command, Option } from "commander";
import { caseCommands } from "./program-cases.ts";
import { rehearsalCommands } from "./program-rehearsal.ts";
import { settingCommands } from "./program-settings.ts";
import type { Run } from "./run.ts";
import { cordonVersion } from "./version.ts";

const EXIT_CODES = `
Exit codes: 0 done, or cut off (sealed or true); 2 wrong usage; 3 ran, but containment is partial or a check failed;
4 waits for an approval; 5 rejected; 6 permissions or preflight; 7 journal or evidence does not verify; 130 interrupted.
If several apply, the highest is used.

Begin with \`cordon drill\`: it needs no AWS account.`;

/**
 * The command line: names, options and help. What a command does is loaded when it is called, so that help is instant.
 */
export function program(run: Run): Command {
  const root = new Command("cordon")
    .description("Cuts compromised EC2 instances off, proves it, and can put everything back.")
    .version(cordonVersion)
    .showSuggestionAfterError()
    .showHelpAfterError("(--help shows what it takes)")
    .addHelpText("after", EXIT_CODES)
    .addOption(new Option("--debug", "print where an error happened").hideHelp())
    .exitOverride();
  rehearsalCommands(root, run);
  caseCommands(root, run);
  settingCommands(root, run);
  return root;
}
