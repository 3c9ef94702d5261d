import type {
  DescribeInstanceInformationRequest,
  DescribeInstanceInformationResult,
  DescribeSessionsRequest,
  DescribeSessionsResponse,
  TerminateSessionRequest,
  TerminateSessionResponse,
} from "@aws-sdk/client-ssm";
import { AwsError } from "../wire/operation.ts";
import type { SsmSession } from "../world/model.ts";
import type { SsmManagedInstance } from "../world/ssm-model.ts";
import { handler } from "./handler.ts";
import { page } from "./pages.ts";
import { settleAgent } from "./ssm/agents.ts";
import { commandHandlers } from "./ssm/commands.ts";

const SSM = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/";

type Look<T> = Readonly<Record<string, (item: T) => string>>;

/** Every filter must match one of its values. */
function matches<T>(
  item: T,
  filters: readonly { readonly name: string; readonly values: readonly string[] }[],
  looks: Look<T>,
): boolean {
  return filters.every(({ name, values }) => {
    const look = looks[name];
    if (!look)
      throw new AwsError("InvalidFilterKey", `The specified filter key ${name} is not valid.`, {
        status: 400,
        documentation: `${SSM}API_DescribeInstanceInformation.html`,
      });
    return values.includes(look(item));
  });
}

const sessionFilters: Look<SsmSession> = {
  Target: ({ instanceId }) => instanceId,
  Owner: ({ owner }) => owner,
  Status: ({ state }) => state,
  SessionId: ({ id }) => id,
};

/** Active sessions have not ended, History has the others: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeSessions.html */
const describeSessions = handler((context, input: DescribeSessionsRequest): DescribeSessionsResponse => {
  const filters = (input.Filters ?? []).map(({ key = "", value = "" }) => ({ name: key, values: [value] }));
  const found = context.world
    .list(context.region.ssmSessions)
    .filter(({ state }) => (state === "Terminated") === (input.State === "History"))
    .filter((session) => matches(session, filters, sessionFilters));
  const { items, token } = page(found, {
    operation: "DescribeSessions",
    limit: input.MaxResults,
    token: input.NextToken,
    pageSize: context.pageSize,
    isEndless: context.isEndless,
    range: [1, 200],
  });
  return {
    Sessions: items.map((session) => ({
      SessionId: session.id,
      Target: session.instanceId,
      Status: session.state,
      StartDate: new Date(session.startedAt),
      EndDate: session.endedAt === null ? undefined : new Date(session.endedAt),
      Owner: session.owner,
      DocumentName: "SSM-SessionManagerRunShell",
    })),
    NextToken: token,
  };
});

const terminateSession = handler(({ world, region }, input: TerminateSessionRequest): TerminateSessionResponse => {
  const session = region.ssmSessions.get(input.SessionId ?? "");
  if (!session)
    throw new AwsError("DoesNotExistException", `Session ${input.SessionId ?? ""} does not exist`, {
      status: 400,
      documentation: `${SSM}API_TerminateSession.html`,
    });
  if (session.state !== "Terminated") {
    world.change(session, () => {
      session.state = "Terminated";
      session.endedAt = world.now();
    });
  }
  return { SessionId: session.id };
});

const informationFilters: Look<SsmManagedInstance> = {
  InstanceIds: ({ id }) => id,
  PingStatus: ({ pingStatus }) => pingStatus,
  PlatformTypes: ({ platformType }) => platformType,
  AgentVersion: ({ agentVersion }) => agentVersion,
  ResourceType: () => "EC2Instance",
};

const describeInstanceInformation = handler(
  (context, input: DescribeInstanceInformationRequest): DescribeInstanceInformationResult => {
    const filters = [
      ...(input.Filters ?? []).map(({ Key = "", Values = [] }) => ({ name: Key, values: Values })),
      ...(input.InstanceInformationFilterList ?? []).map(({ key, valueSet }) => ({
        name: key as string,
        values: valueSet ?? [],
      })),
    ];
    for (const managed of context.region.ssmInstances.values()) settleAgent(context, managed);
    const found = context.world
      .list(context.region.ssmInstances)
      .filter(({ registeredAt }) => registeredAt !== null)
      .filter((each) => matches(each, filters, informationFilters));
    const { items, token } = page(found, {
      operation: "DescribeInstanceInformation",
      limit: input.MaxResults,
      token: input.NextToken,
      pageSize: Math.min(context.pageSize, 50),
      range: [5, 50],
    });
    return {
      InstanceInformationList: items.map(({ id, pingStatus, agentVersion, platformType, agent }) => ({
        InstanceId: id,
        PingStatus: pingStatus,
        LastPingDateTime: new Date(agent.lastHeardAt),
        AgentVersion: agentVersion,
        PlatformType: platformType,
        ResourceType: "EC2Instance",
      })),
      NextToken: token,
    };
  },
);

export const ssmHandlers = {
  DescribeSessions: describeSessions,
  TerminateSession: terminateSession,
  DescribeInstanceInformation: describeInstanceInformation,
  ...commandHandlers,
};
