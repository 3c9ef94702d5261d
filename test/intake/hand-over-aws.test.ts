import { expect, test } from "vitest";
import { createClients } from "../../src/aws/clients.ts";
import { putFinding, startFindingExecution } from "../../src/aws/hand-over.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { TargetClients } from "../../src/core/step.ts";
import { createFront } from "../../src/range/front.ts";
import { inProcessHandler } from "../../src/range/wire/request-handler.ts";
import { createWire } from "../../src/range/wire/server.ts";
import { createEventBus, createStateMachine } from "../../src/range/world/build-hand-over.ts";
import { createUser } from "../../src/range/world/build-identity.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { World } from "../../src/range/world/world.ts";
import { document } from "./handed-over.ts";

/** An account with a bus and a state machine, and the clients of a user who may do these actions. */
function account(actions: readonly string[]) {
  const clock = new SimulatedClock(Date.parse("2026-03-01T12:00:00Z"));
  const world = new World({ clock, random: seededRandom(7) });
  const place = world.place("111122223333", "eu-west-1");
  const statement = { Effect: "Allow", Action: [...actions], Resource: "*" } as const;
  const { session } = createUser(place, {
    name: "intake",
    inlinePolicies: { all: { Version: "2012-10-17", Statement: [statement] } },
  });
  let requests = 0;
  const { handle } = createWire({ requestId: () => `request-${++requests}`, perform: createFront({ world }) });
  const clients = createClients({
    region: "eu-west-1",
    credentials: session as Parameters<typeof createClients>[0]["credentials"],
    requestHandler: inProcessHandler(handle),
    clock,
    random: seededRandom(8),
  });
  const use = <Result>(work: (aws: TargetClients) => Promise<Result>): Promise<Result> =>
    clock.run(() => work(clients.observed(() => {}, new AbortController().signal)));
  return { clock, place, use };
}

const ALL = ["events:DescribeEventBus", "events:PutEvents", "states:StartExecution"];

test("a finding is put onto its bus with source, type and document", async () => {
  const { place, use } = account(ALL);
  const bus = createEventBus(place, "soc");
  expect(await use(({ events }) => putFinding(events, bus.arn, document))).toMatch(/^event [0-9a-f-]{36}$/);
  expect(bus.events).toMatchObject([{ source: "cordon", detailType: "Cordon Finding Handed Over" }]);
  expect(JSON.parse(bus.events[0]!.detail)).toEqual(document);
});

test("a bus that is not there is an error, although AWS would take the event and lose it", async () => {
  const { use } = account(ALL);
  const arn = "arn:aws:events:eu-west-1:111122223333:event-bus/gone";
  await expect(use(({ events }) => putFinding(events, arn, document))).rejects.toThrow("does not exist");
});

test("who may not look whether the bus is there puts the event all the same, and says so", async () => {
  const { place, use } = account(["events:PutEvents"]);
  const bus = createEventBus(place, "soc");
  expect(await use(({ events }) => putFinding(events, bus.arn, document))).toContain("may not look whether the bus");
  expect(bus.events).toHaveLength(1);
});

test("who may not put events hears it", async () => {
  const { place, use } = account(["events:DescribeEventBus"]);
  const bus = createEventBus(place, "soc");
  await expect(use(({ events }) => putFinding(events, bus.arn, document))).rejects.toThrow(
    "AWS refused events:PutEvents",
  );
});

test("an execution is started once, while it runs and after it has ended", async () => {
  const { place, use } = account(ALL);
  const machine = createStateMachine(place, "soc");
  const start = () => use(({ states }) => startFindingExecution(states, machine.arn, document));
  const arn = `arn:aws:states:eu-west-1:111122223333:execution:soc:cordon-${document.id}`;
  expect(await start()).toBe(`execution ${arn}`);
  expect(await start()).toBe(`execution ${arn}`);
  expect(machine.executions).toHaveLength(1);
  expect(JSON.parse(machine.executions[0]!.input)).toEqual(document);
  machine.executions[0]!.status = "SUCCEEDED";
  expect(await start()).toBe(`execution cordon-${document.id}, which was started before`);
  expect(machine.executions).toHaveLength(1);
});

test("a state machine that is not there is an error", async () => {
  const { use } = account(ALL);
  const arn = "arn:aws:states:eu-west-1:111122223333:stateMachine:gone";
  await expect(use(({ states }) => startFindingExecution(states, arn, document))).rejects.toThrow("Does Not Exist");
});
