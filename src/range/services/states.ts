import type { StartExecutionInput, StartExecutionOutput } from "@aws-sdk/client-sfn";
import { AwsError } from "../wire/operation.ts";
import type { Execution } from "../world/hand-over-model.ts";
import { randomText } from "../world/random.ts";
import { handler } from "./handler.ts";

const START_EXECUTION = "https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html";

const NAME_LIVES_MS = 90 * 24 * 3_600_000;

/**
 * The same name and input as an execution that runs is that execution; a name whose execution has another input, or has
 * ended, is refused for 90 days.
 */
const startExecution = handler(({ world, region, account }, input: StartExecutionInput): StartExecutionOutput => {
  const { stateMachineArn = "", input: text = "{}" } = input;
  const name = input.name ?? randomText(world.random, "0123456789abcdef", 32);
  const machine = [...region.stateMachines.values()].find(({ arn }) => arn === stateMachineArn);
  if (!machine) throw refused("StateMachineDoesNotExist", `State Machine Does Not Exist: '${stateMachineArn}'`);
  if (!/^[A-Za-z0-9_-]{1,80}$/.test(name)) throw refused("InvalidName", `Invalid Name: '${name}'`);
  if (!isJson(text))
    throw refused("InvalidExecutionInput", "Invalid State Machine Execution Input: could not be parsed");
  const now = world.now();
  const known = machine.executions.find((each) => each.name === name && now - each.startedAt < NAME_LIVES_MS);
  if (known && (known.status !== "RUNNING" || known.input !== text))
    throw refused("ExecutionAlreadyExists", `Execution Already Exists: '${known.arn}'`);
  if (known) return { executionArn: known.arn, startDate: new Date(known.startedAt) };
  const arn = `arn:aws:states:${region.name}:${account.id}:execution:${machine.id}:${name}`;
  const execution: Execution = { name, arn, input: text, startedAt: now, status: "RUNNING" };
  world.change(machine, () => {
    machine.executions = [...machine.executions, execution];
  });
  return { executionArn: arn, startDate: new Date(now) };
});

function refused(code: string, message: string): AwsError {
  return new AwsError(code, message, { status: 400, documentation: START_EXECUTION });
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const statesHandlers = { StartExecution: startExecution };
