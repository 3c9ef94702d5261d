import type { Range } from "../../src/range/range.ts";
import { createStateMachine as buildStateMachine } from "../../src/range/world/build-hand-over.ts";
import { type Clients, required } from "./probe.ts";

const NAME = "conformance-waiting";

export const STATE_MACHINE_IN_RANGE = `arn:aws:states:eu-central-1:111122223333:stateMachine:${NAME}`;

/** Gives the range's account the state machine that other servers make by their calls. */
export function stageStateMachine({ world }: Range): void {
  buildStateMachine(world.place("111122223333", "eu-central-1"), NAME);
}

/** A machine that waits for an hour. */
export async function createStateMachine({ states }: Pick<Clients, "states">): Promise<string> {
  const definition = { StartAt: "Wait", States: { Wait: { Type: "Wait", Seconds: 3600, End: true } } };
  const { stateMachineArn } = await states.createStateMachine({
    name: NAME,
    definition: JSON.stringify(definition),
    roleArn: "arn:aws:iam::000000000000:role/conformance",
  });
  return required(stateMachineArn);
}
