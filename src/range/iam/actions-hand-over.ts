import type { Context } from "../services/handler.ts";
import { text, type ActionRow } from "./action-row.ts";

const EVENTS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridge.html";
const STATES = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsstepfunctions.html";

function busArn({ account, region }: Context, named: unknown): string {
  const name = typeof named === "string" ? named : "default";
  return name.startsWith("arn:") ? name : `arn:aws:events:${region.name}:${account.id}:event-bus/${name}`;
}

export const EVENTS_ACTIONS: Readonly<Record<string, ActionRow>> = {
  DescribeEventBus: {
    documentation: EVENTS,
    required: (context, { Name }) => [{ action: "events:DescribeEventBus", resource: busArn(context, Name), keys: {} }],
  },
  PutEvents: {
    documentation: EVENTS,
    required: (context, { Entries }) =>
      ((Entries ?? []) as readonly Readonly<Record<string, unknown>>[]).map((entry) => ({
        action: "events:PutEvents",
        resource: busArn(context, entry["EventBusName"]),
        keys: { "events:source": text(entry["Source"]), "events:detail-type": text(entry["DetailType"]) },
      })),
  },
};

export const STATES_ACTIONS: Readonly<Record<string, ActionRow>> = {
  StartExecution: {
    documentation: STATES,
    required: (_, { stateMachineArn }) => [
      { action: "states:StartExecution", resource: text(stateMachineArn), keys: {} },
    ],
  },
};
