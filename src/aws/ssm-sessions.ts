import { DescribeSessionsCommand, TerminateSessionCommand } from "@aws-sdk/client-ssm";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** A page holds up to 200 sessions. */
const MOST_PAGES = 20;

export interface SsmSession {
  readonly id: string;
  /** ARN of whoever opened it. */
  readonly owner: string;
  readonly startedAt: string | null;
  /** `Connected`, `Connecting`, `Disconnected`, ... */
  readonly status: string;
}

/** Sessions to the instance that are not over. An account that never used Session Manager has none. */
export async function activeSessions(ssm: Sender, instanceId: string): Promise<readonly SsmSession[]> {
  const found: SsmSession[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await ssm.send(
      new DescribeSessionsCommand({
        State: "Active",
        Filters: [{ key: "Target", value: instanceId }],
        MaxResults: 200,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { SessionId, Owner, StartDate, Status } of answer.Sessions ?? []) {
      if (SessionId === undefined) continue;
      found.push({
        id: SessionId,
        owner: Owner ?? "unknown",
        startedAt: StartDate?.toISOString() ?? null,
        status: Status ?? "unknown",
      });
    }
    token = answer.NextToken;
    if (token === undefined || token === "") return found;
  }
  throw new CordonError("list_without_end", { what: `sessions to ${instanceId}`, pages: String(MOST_PAGES) });
}

/** Ends a session; well if it is over already. */
export async function terminateSession(ssm: Sender, sessionId: string): Promise<void> {
  await ssm.send(new TerminateSessionCommand({ SessionId: sessionId }));
}
