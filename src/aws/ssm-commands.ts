import {
  DescribeInstanceInformationCommand,
  GetCommandInvocationCommand,
  ListCommandInvocationsCommand,
  SendCommandCommand,
  type GetCommandInvocationResult,
} from "@aws-sdk/client-ssm";
import { hasAwsCode } from "./aws-call-error.ts";
import { allPages } from "./pages.ts";
import type { Sender } from "./sender.ts";

/** An instance as Systems Manager knows it. */
export interface ManagedInstance {
  /** The agent reported within the last minutes, and takes commands. */
  readonly isOnline: boolean;
  readonly platform: "Linux" | "Windows" | "MacOS";
  readonly agentVersion: string;
  readonly lastPingAt: string | null;
}

/** What Systems Manager knows of an instance; null when no agent of it has ever reported. */
export async function managedInstance(ssm: Sender, instanceId: string): Promise<ManagedInstance | null> {
  const { InstanceInformationList = [] } = await ssm.send(
    new DescribeInstanceInformationCommand({ Filters: [{ Key: "InstanceIds", Values: [instanceId] }] }),
  );
  const found = InstanceInformationList.find(({ InstanceId }) => InstanceId === instanceId);
  if (!found) return null;
  const { PingStatus, PlatformType, AgentVersion, LastPingDateTime } = found;
  return {
    isOnline: PingStatus === "Online",
    platform: PlatformType === "Windows" || PlatformType === "MacOS" ? PlatformType : "Linux",
    agentVersion: AgentVersion ?? "unknown",
    lastPingAt: LastPingDateTime?.toISOString() ?? null,
  };
}

export interface Script {
  readonly instanceId: string;
  readonly platform: "Linux" | "Windows";
  readonly lines: readonly string[];
  /** At most 100 characters, by which the command is found again. */
  readonly comment: string;
  /** How long the agent may take to fetch it; at least 30. */
  readonly deliverWithinSeconds: number;
  /** How long it may run. */
  readonly runWithinSeconds: number;
}

/** The documents of AWS that run a script, by platform. */
export const SCRIPT_DOCUMENTS = { Linux: "AWS-RunShellScript", Windows: "AWS-RunPowerShellScript" } as const;

/**
 * Has the agent run a script, and gives the command's id. AWS takes no client token: sent twice, it runs twice.
 * https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html
 */
export async function sendScript(ssm: Sender, script: Script): Promise<string> {
  const { Command } = await ssm.send(
    new SendCommandCommand({
      DocumentName: SCRIPT_DOCUMENTS[script.platform],
      InstanceIds: [script.instanceId],
      Comment: script.comment,
      TimeoutSeconds: script.deliverWithinSeconds,
      Parameters: { commands: [...script.lines], executionTimeout: [String(script.runWithinSeconds)] },
    }),
  );
  if (Command?.CommandId === undefined) throw new TypeError("SendCommand answered without an id");
  return Command.CommandId;
}

/** How far a command is. */
export type Invocation =
  | { readonly kind: "underWay" }
  | {
      readonly kind: "ended";
      readonly exitCode: number;
      /** The first 24,000 characters. */
      readonly output: string;
      /** The first 8,000 characters. */
      readonly errors: string;
      readonly startedAt: string;
      readonly endedAt: string;
    }
  /** It never ran, or nobody knows how it ended. */
  | { readonly kind: "lost"; readonly reason: string };

/** States from which a command still goes on: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html */
const underWay: ReadonlySet<string> = new Set(["Pending", "InProgress", "Delayed", "Cancelling"]);

/** Looks how far a command is. Right after it was sent AWS may not show it yet, which counts as under way. */
export async function invocationOf(
  ssm: Sender,
  { commandId, instanceId }: { readonly commandId: string; readonly instanceId: string },
): Promise<Invocation> {
  let answer: GetCommandInvocationResult;
  try {
    answer = await ssm.send(new GetCommandInvocationCommand({ CommandId: commandId, InstanceId: instanceId }));
  } catch (error) {
    if (hasAwsCode(error, "InvocationDoesNotExist")) return { kind: "underWay" };
    throw error;
  }
  const { Status = "", StatusDetails = "", ResponseCode = -1 } = answer;
  if (underWay.has(Status)) return { kind: "underWay" };
  if (Status !== "Success" && Status !== "Failed") return { kind: "lost", reason: StatusDetails || Status };
  if (ResponseCode < 0) return { kind: "lost", reason: answer.StandardErrorContent || StatusDetails };
  return {
    kind: "ended",
    exitCode: ResponseCode,
    output: answer.StandardOutputContent ?? "",
    errors: answer.StandardErrorContent ?? "",
    startedAt: answer.ExecutionStartDateTime ?? "",
    endedAt: answer.ExecutionEndDateTime ?? "",
  };
}

/** The newest command with this comment that was sent to the instance since a time; null when AWS shows none. */
export async function commandWithComment(
  ssm: Sender,
  { instanceId, comment, since }: { readonly instanceId: string; readonly comment: string; readonly since: number },
): Promise<string | null> {
  // AWS takes a filter in whole seconds.
  const after = `${new Date(since).toISOString().slice(0, 19)}Z`;
  const invocations = await allPages({ what: `commands of ${instanceId}`, mostPages: 20 }, async (token) => {
    const { CommandInvocations, NextToken } = await ssm.send(
      new ListCommandInvocationsCommand({
        InstanceId: instanceId,
        Filters: [{ key: "InvokedAfter", value: after }],
        MaxResults: 50,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    return { items: CommandInvocations, next: NextToken };
  });
  return invocations.find((each) => each.Comment === comment)?.CommandId ?? null;
}
