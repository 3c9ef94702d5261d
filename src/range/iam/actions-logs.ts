import type { Context } from "../services/handler.ts";
import { text, type ActionRow } from "./action-row.ts";

const LOGS = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatchlogs.html";

/** Of all calls on a group but those that tag it: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html */
function groupArn({ account, region }: Context, name: unknown, identifier: unknown): string {
  const named = typeof name === "string" ? name : text(identifier);
  if (named.startsWith("arn:")) return `${named.replace(/:\*$/, "")}:*`;
  return `arn:aws:logs:${region.name}:${account.id}:log-group:${named}:*`;
}

function namesOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A query needs the permission on each of its groups; its results and its end name none. */
const QUERIES: Readonly<Record<string, ActionRow>> = {
  StartQuery: {
    documentation: LOGS,
    required: (context, { logGroupName, logGroupNames, logGroupIdentifiers }) =>
      [
        ...(logGroupName === undefined ? [] : [logGroupName]),
        ...namesOf(logGroupNames),
        ...namesOf(logGroupIdentifiers),
      ].map((name) => ({ action: "logs:StartQuery", resource: groupArn(context, name, name), keys: {} })),
  },
  ...Object.fromEntries(
    ["GetQueryResults", "StopQuery"].map((operation): [string, ActionRow] => [
      operation,
      { documentation: LOGS, required: () => [{ action: `logs:${operation}`, resource: "*", keys: {} }] },
    ]),
  ),
};

export const LOGS_ACTIONS: Readonly<Record<string, ActionRow>> = {
  ...QUERIES,
  ...Object.fromEntries(
    ["DescribeLogStreams", "FilterLogEvents"].map((operation): [string, ActionRow] => [
      operation,
      {
        documentation: LOGS,
        required: (context, { logGroupName, logGroupIdentifier }) => [
          { action: `logs:${operation}`, resource: groupArn(context, logGroupName, logGroupIdentifier), keys: {} },
        ],
      },
    ]),
  ),
};
