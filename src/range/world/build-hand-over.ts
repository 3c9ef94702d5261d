import type { EventBus, StateMachine } from "./hand-over-model.ts";
import type { Place } from "./world.ts";

export function createEventBus({ world, account, region }: Place, name: string): EventBus {
  const arn = `arn:aws:events:${region.name}:${account.id}:event-bus/${name}`;
  return world.add<EventBus>(region.eventBuses, { id: name, tags: [], arn, events: [] });
}

export function createStateMachine({ world, account, region }: Place, name: string): StateMachine {
  const arn = `arn:aws:states:${region.name}:${account.id}:stateMachine:${name}`;
  return world.add<StateMachine>(region.stateMachines, { id: name, tags: [], arn, executions: [] });
}
