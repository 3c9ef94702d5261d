import { type Command, InvalidArgumentError, Option } from "commander";
import type { ConnectionFlags } from "./connection.ts";
import type { Format, OutputFlags } from "./output.ts";

/** Adds what every command takes. */
export function withOutput(command: Command): Command {
  return command
    .addOption(
      new Option("-o, --output <format>", "how the result is printed")
        .choices(["table", "json", "jsonl", "yaml"])
        .default("table"),
    )
    .option("-q, --quiet", "say nothing on stderr but errors", false)
    .option("--debug", "print where an error happened");
}

/** Adds what every command takes that calls AWS. */
export function withConnection(command: Command): Command {
  return withOutput(command)
    .option("--profile <name>", "profile of the AWS configuration")
    .option("--region <region>", "AWS Region")
    .option("--role-arn <arn>", "role to assume in the account of the instance")
    .option("--external-id <id>", "external id that the role's trust policy asks for")
    .option("--endpoint-url <url>", "any AWS endpoint, such as that of a range");
}

/** For options that may stand several times. */
export function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** For options that are whole numbers. */
export function wholeNumber({
  least,
  most,
}: {
  readonly least: number;
  readonly most: number;
}): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${most}`);
    return value;
  };
}

/** For options that are factors. */
export function factor(text: string): number {
  const value = Number(text);
  if (!(value > 0 && value <= 100_000)) throw new InvalidArgumentError("expected a number above 0, such as 10");
  return value;
}

type Given = Readonly<Record<string, unknown>>;

export function outputFlags(given: Given): OutputFlags {
  return { output: given["output"] as Format, quiet: given["quiet"] === true };
}

export function connectionFlags(given: Given): ConnectionFlags {
  const names = ["profile", "region", "roleArn", "externalId", "endpointUrl"] as const;
  return Object.fromEntries(names.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]]])));
}
