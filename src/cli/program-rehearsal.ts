import type { Command } from "commander";
import type { RangeServeFlags } from "./commands/range-serve.ts";
import { collect, factor, outputFlags, wholeNumber, withOutput } from "./flags.ts";
import type { Run } from "./run.ts";

type Given = Readonly<Record<string, unknown>>;

const seed = wholeNumber({ least: 0, most: 2 ** 32 - 1 });

interface DrillGiven extends Given {
  readonly scenario: string;
  readonly seed: number;
  readonly variant: readonly string[];
  readonly playbook?: string;
  readonly approve: readonly string[];
  readonly ask: boolean;
  readonly release: boolean;
  readonly speed?: number;
}

/** Rehearsals: nothing in AWS is touched. */
export function rehearsalCommands(root: Command, run: Run): void {
  withOutput(root.command("drill"))
    .description("rehearse a response to a staged attack; needs no AWS account")
    .option("--scenario <name>", "which attack", "c2-beacon")
    .option("--seed <number>", "the same seed gives the same drill, byte for byte", seed, 1)
    .option("--variant <name>", "makes it harder; may stand several times", collect, [])
    .option("--playbook <id>", "what is done about it, instead of what the finding's type is answered with")
    .option(
      "--approve <stage>",
      "stages that the rehearsed approver approves, instead of those that the scenario suggests",
      collect,
      [],
    )
    .option("--no-ask", "the rehearsed approver approves nothing")
    .option("--release", "release at the end, and compare the account with what it was", false)
    .option("--speed <factor>", "simulated seconds per real one; time jumps when left out", factor)
    .action(async (given: DrillGiven) => {
      const [{ drill }, { loadPlaybooks }, { homePath }] = await Promise.all([
        import("./commands/drill.ts"),
        import("./shipped.ts"),
        import("./environment.ts"),
      ]);
      const { approve, ask } = given;
      const flags = {
        ...outputFlags(given),
        scenario: given.scenario,
        seed: given.seed,
        variants: given.variant,
        playbook: given.playbook ?? null,
        release: given.release,
        approve: !ask ? [] : approve.length > 0 ? approve : null,
        speed: given.speed ?? null,
      };
      const isColoured = process.stdout.isTTY && (process.env["NO_COLOR"] ?? "") === "";
      const streams = {
        out: (text: string) => void process.stdout.write(text),
        narrate: (text: string) => void process.stderr.write(text),
        isColoured,
      };
      run.finish(
        await drill(
          flags,
          loadPlaybooks(homePath()).map(({ playbook }) => playbook),
          streams,
        ),
      );
    });
  rangeCommands(root, run);
}

function rangeCommands(root: Command, run: Run): void {
  const range = root.command("range").description("an AWS account in memory, to rehearse against");
  withOutput(range.command("serve"))
    .description("serve a staged attack on this machine until interrupted")
    .option("--scenario <name>", "which attack", "c2-beacon")
    .option("--port <number>", "on 127.0.0.1; 0 takes a free one", wholeNumber({ least: 0, most: 65_535 }), 4566)
    .option("--seed <number>", "the same seed gives the same account", seed, 1)
    .option("--variant <name>", "makes it harder; may stand several times", collect, [])
    .option("--speed <factor>", "range seconds per real one", factor, 1)
    .option("--event <file>", "where the finding is written; - prints it")
    .action(async (given: RangeServeFlags & Given) => {
      const [{ serveRange }, { Output }] = await Promise.all([
        import("./commands/range-serve.ts"),
        import("./output.ts"),
      ]);
      run.finish(await serveRange(new Output(outputFlags(given)), given, run.signal));
    });
}
