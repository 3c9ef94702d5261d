import type {
  CancelCommandRequest,
  CancelCommandResult,
  Command,
  CommandInvocation,
  GetCommandInvocationRequest,
  GetCommandInvocationResult,
  ListCommandInvocationsRequest,
  ListCommandInvocationsResult,
  SendCommandRequest,
  SendCommandResult,
} from "@aws-sdk/client-ssm";
import { AwsError, notImplemented } from "../../wire/operation.ts";
import { randomText, type Random } from "../../world/random.ts";
import type { SsmCommand, SsmInvocation } from "../../world/ssm-model.ts";
import { handler, type Context } from "../handler.ts";
import { page } from "../pages.ts";
import { settleAgent } from "./agents.ts";
import { settleCommand } from "./run.ts";

const SSM = "https://docs.aws.amazon.com/systems-manager/latest/APIReference/";

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html */
const limits = {
  deliverySeconds: 3600,
  shortestDeliverySeconds: 30,
  executionSeconds: 3600,
  commentCharacters: 100,
  instances: 50,
  /** Of a document with its parameters. */
  documentBytes: 64 * 1024,
} as const;

/** https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetCommandInvocation.html */
const shown = { stdout: 24_000, stderr: 8_000 } as const;

const DOCUMENTS: Readonly<Record<string, string>> = {
  "AWS-RunShellScript": "aws:runShellScript",
  "AWS-RunPowerShellScript": "aws:runPowerShellScript",
};

function refuse(code: string, message: string, operation: string): AwsError {
  return new AwsError(code, message, { status: 400, documentation: `${SSM}API_${operation}.html` });
}

const send = handler((context, input: SendCommandRequest): SendCommandResult => {
  const { world, region } = context;
  const { DocumentName: documentName = "", InstanceIds: ids = [], Comment: comment = "" } = input;
  if (!(documentName in DOCUMENTS))
    throw refuse("InvalidDocument", `Document ${documentName} does not exist in your account.`, "SendCommand");
  if ((input.Targets ?? []).length > 0 || input.OutputS3BucketName !== undefined)
    throw notImplemented("ssm", "SendCommand with Targets or OutputS3BucketName");
  const script = input.Parameters?.["commands"] ?? [];
  const [timeout = `${limits.executionSeconds}`] = input.Parameters?.["executionTimeout"] ?? [];
  const delivery = input.TimeoutSeconds ?? limits.deliverySeconds;
  if (script.length === 0 || !/^\d+$/.test(timeout))
    throw refuse("InvalidParameters", "The parameters do not match the document.", "SendCommand");
  if (Buffer.byteLength(script.join("\n")) > limits.documentBytes)
    throw refuse("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.", "SendCommand");
  if (
    comment.length > limits.commentCharacters ||
    delivery < limits.shortestDeliverySeconds ||
    ids.length > limits.instances
  )
    throw refuse("ValidationException", "1 validation error detected.", "SendCommand");
  requireNodes(context, ids);
  const command = world.add<SsmCommand>(region.ssmCommands, {
    id: newCommandId(world.random),
    tags: [],
    documentName,
    script,
    comment,
    requestedAt: world.now(),
    deliverBy: world.now() + delivery * 1000,
    executionMs: Number(timeout) * 1000,
    invocations: ids.map((instanceId) => ({
      instanceId,
      status: "Pending",
      statusDetails: "Pending",
      startedAt: null,
      endsAt: null,
      result: null,
    })),
  });
  settleCommand(context, command);
  return { Command: describeCommand(command) };
});

/** It takes a command for a node that it has lost sight of, and for none that it does not know or that is ending. */
function requireNodes(context: Context, ids: readonly string[]): void {
  for (const id of ids) {
    const managed = context.region.ssmInstances.get(id);
    if (managed) settleAgent(context, managed);
    const state = context.region.instances.get(id)?.state;
    if (managed?.registeredAt != null && state !== undefined && state !== "shutting-down" && state !== "terminated")
      continue;
    throw refuse(
      "InvalidInstanceId",
      `Instances [[${id}]] not in a valid state for account ${context.account.id}`,
      "SendCommand",
    );
  }
}

function newCommandId(random: Random): string {
  const part = (length: number): string => randomText(random, "0123456789abcdef", length);
  return `${part(8)}-${part(4)}-4${part(3)}-a${part(3)}-${part(12)}`;
}

function describeCommand({
  id,
  documentName,
  comment,
  requestedAt,
  deliverBy,
  invocations,
  script,
}: SsmCommand): Command {
  return {
    CommandId: id,
    DocumentName: documentName,
    Comment: comment,
    Parameters: { commands: [...script] },
    RequestedDateTime: new Date(requestedAt),
    ExpiresAfter: new Date(deliverBy),
    InstanceIds: invocations.map(({ instanceId }) => instanceId),
    Status: "Pending",
    StatusDetails: "Pending",
  };
}

/** A command, as Get and List show it: not at once after it was sent. */
function visible(context: Context): readonly SsmCommand[] {
  const commands = context.world.list(context.region.ssmCommands);
  for (const command of commands) settleCommand(context, command);
  return commands;
}

const get = handler((context, input: GetCommandInvocationRequest): GetCommandInvocationResult => {
  const seen = context.world.see(context.region.ssmCommands, input.CommandId ?? "");
  if (seen) settleCommand(context, seen);
  const invocation = seen?.invocations.find(({ instanceId }) => instanceId === input.InstanceId);
  if (!seen || !invocation) throw refuse("InvocationDoesNotExist", "", "GetCommandInvocation");
  const isOver = invocation.status === "Success" || invocation.status === "Failed";
  const { result, startedAt, endsAt } = invocation;
  return {
    CommandId: seen.id,
    InstanceId: invocation.instanceId,
    Comment: seen.comment,
    DocumentName: seen.documentName,
    PluginName: DOCUMENTS[seen.documentName],
    Status: invocation.status,
    StatusDetails: invocation.statusDetails,
    ResponseCode: isOver && result ? result.exitCode : -1,
    ExecutionStartDateTime: startedAt === null ? "" : new Date(startedAt).toISOString(),
    ExecutionEndDateTime: isOver && endsAt !== null ? new Date(endsAt).toISOString() : "",
    StandardOutputContent: isOver ? firstOf(result?.stdout, shown.stdout) : "",
    StandardErrorContent: isOver ? firstOf(result?.stderr, shown.stderr) : "",
  };
});

function firstOf(bytes: Uint8Array | undefined, characters: number): string {
  return new TextDecoder().decode(bytes ?? new Uint8Array(0)).slice(0, characters);
}

const list = handler((context, input: ListCommandInvocationsRequest): ListCommandInvocationsResult => {
  const found = visible(context)
    .toReversed()
    .filter(({ id }) => input.CommandId === undefined || id === input.CommandId)
    .flatMap((command) => command.invocations.map((invocation) => ({ command, invocation })))
    .filter(({ invocation }) => input.InstanceId === undefined || invocation.instanceId === input.InstanceId)
    .filter(({ command }) =>
      (input.Filters ?? []).every(
        ({ key, value = "" }) => key !== "InvokedAfter" || command.requestedAt >= Date.parse(value),
      ),
    );
  const { items, token } = page(found, {
    operation: "ListCommandInvocations",
    limit: input.MaxResults,
    token: input.NextToken,
    pageSize: Math.min(context.pageSize, 50),
    range: [1, 50],
  });
  return {
    CommandInvocations: items.map(({ command, invocation }) => describe(command, invocation)),
    NextToken: token,
  };
});

function describe(command: SsmCommand, { instanceId, status, statusDetails }: SsmInvocation): CommandInvocation {
  return {
    CommandId: command.id,
    InstanceId: instanceId,
    Comment: command.comment,
    DocumentName: command.documentName,
    RequestedDateTime: new Date(command.requestedAt),
    Status: status,
    StatusDetails: statusDetails,
  };
}

/** It promises nothing of a script that runs: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_CancelCommand.html */
const cancel = handler((context, input: CancelCommandRequest): CancelCommandResult => {
  const command = context.region.ssmCommands.get(input.CommandId ?? "");
  if (!command) throw refuse("InvalidCommandId", "The command id is not valid.", "CancelCommand");
  settleCommand(context, command);
  for (const invocation of command.invocations)
    if (invocation.status === "Pending" || invocation.status === "InProgress")
      Object.assign(invocation, { status: "Cancelled", statusDetails: "Cancelled", result: null });
  return {};
});

export const commandHandlers = {
  SendCommand: send,
  GetCommandInvocation: get,
  ListCommandInvocations: list,
  CancelCommand: cancel,
};
