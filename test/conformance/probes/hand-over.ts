import { codeOf, required, type Asking, type Probe } from "../probe.ts";

const EVENTS_API = "https://docs.aws.amazon.com/eventbridge/latest/APIReference/";
const STATES_API = "https://docs.aws.amazon.com/step-functions/latest/apireference/";

const entry = { Source: "cordon.conformance", DetailType: "Case opened", Detail: '{"case":"c-1"}' } as const;

/** How each entry was answered: with an id, or with a code. */
async function put(
  { events }: Asking,
  ...entries: readonly (Partial<typeof entry> & { readonly EventBusName?: string })[]
) {
  const { FailedEntryCount, Entries } = await events.putEvents({ Entries: [...entries] });
  return {
    failed: FailedEntryCount ?? null,
    entries: (Entries ?? []).map(
      ({ EventId, ErrorCode }) => ErrorCode ?? (EventId === undefined ? "nothing" : "an id"),
    ),
  };
}

const start = ({ states, surroundings }: Asking, name: string, input: string) =>
  states.startExecution({ stateMachineArn: surroundings.stateMachineArn, name, input });

/** Where findings are handed over to. */
export const handOverProbes: readonly Probe[] = [
  {
    id: "the-default-event-bus",
    service: "events",
    operation: "DescribeEventBus",
    documented: "Without a name it describes the account's default event bus.",
    page: `${EVENTS_API}API_DescribeEventBus.html`,
    expected: "default",
    ask: async ({ events }) => (await events.describeEventBus({})).Name ?? null,
  },
  {
    id: "an-unknown-event-bus",
    service: "events",
    operation: "DescribeEventBus",
    documented: "ResourceNotFoundException: an entity that you specified does not exist.",
    page: `${EVENTS_API}API_DescribeEventBus.html`,
    expected: "ResourceNotFoundException",
    ask: ({ events }) => codeOf(events.describeEventBus({ Name: "conformance-nowhere" })),
  },
  {
    id: "a-malformed-entry-fails-alone",
    service: "events",
    operation: "PutEvents",
    documented:
      "The answer has the results in the order of the entries, successful and not; Detail must be a JSON object.",
    page: `${EVENTS_API}API_PutEventsResultEntry.html`,
    expected: { failed: 1, entries: ["an id", "MalformedDetail"] },
    ask: (asking) => put(asking, entry, { ...entry, Detail: "{no JSON" as never }),
  },
  {
    id: "an-entry-without-a-source",
    service: "events",
    operation: "PutEvents",
    documented:
      "Detail, DetailType, and Source are required; EventBridge gives InvalidArgument for an entry without them.",
    page: `${EVENTS_API}API_PutEventsRequestEntry.html`,
    expected: { failed: 1, entries: ["InvalidArgument"] },
    ask: (asking) => put(asking, { DetailType: entry.DetailType, Detail: entry.Detail }),
  },
  {
    id: "eleven-entries",
    service: "events",
    operation: "PutEvents",
    documented: "Array members: minimum number of 1 item, maximum number of 10 items.",
    page: `${EVENTS_API}API_PutEvents.html`,
    expected: "ValidationException",
    ask: (asking) => codeOf(put(asking, ...Array.from({ length: 11 }, () => entry))),
  },
  {
    id: "the-same-execution-twice",
    service: "states",
    operation: "StartExecution",
    documented:
      "Called with the same name and input as a running execution, it succeeds and returns the same response.",
    page: `${STATES_API}API_StartExecution.html`,
    expected: true,
    async ask(asking) {
      const first = await start(asking, "conformance-once", '{"case":"c-1"}');
      const again = await start(asking, "conformance-once", '{"case":"c-1"}');
      return required(first.executionArn) === required(again.executionArn);
    },
  },
  {
    id: "the-same-name-with-another-input",
    service: "states",
    operation: "StartExecution",
    documented: "ExecutionAlreadyExists: the execution has the same name as another execution, but a different input.",
    page: `${STATES_API}API_StartExecution.html`,
    expected: "ExecutionAlreadyExists",
    async ask(asking) {
      await start(asking, "conformance-twice", '{"case":"c-1"}');
      return codeOf(start(asking, "conformance-twice", '{"case":"c-2"}'));
    },
  },
  {
    id: "an-input-that-is-no-json",
    service: "states",
    operation: "StartExecution",
    documented: "InvalidExecutionInput: the provided JSON input data is not valid.",
    page: `${STATES_API}API_StartExecution.html`,
    expected: "InvalidExecutionInput",
    ask: (asking) => codeOf(start(asking, "conformance-input", "{no JSON")),
  },
  {
    id: "a-name-with-a-space",
    service: "states",
    operation: "StartExecution",
    documented: "InvalidName: the provided name is not valid; a name must not contain white space.",
    page: `${STATES_API}API_StartExecution.html`,
    expected: "InvalidName",
    ask: (asking) => codeOf(start(asking, "conformance name", "{}")),
  },
  {
    id: "an-unknown-state-machine",
    service: "states",
    operation: "StartExecution",
    documented: "StateMachineDoesNotExist: the specified state machine does not exist.",
    page: `${STATES_API}API_StartExecution.html`,
    expected: "StateMachineDoesNotExist",
    ask: ({ states, surroundings }) =>
      codeOf(states.startExecution({ stateMachineArn: `${surroundings.stateMachineArn}-nowhere`, input: "{}" })),
  },
];
