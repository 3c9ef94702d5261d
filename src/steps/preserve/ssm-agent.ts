import type { DescribedInstance } from "../../aws/instances.ts";
import { managedInstance, type ManagedInstance } from "../../aws/ssm-commands.ts";
import type { StepContext } from "../../core/step.ts";

/** A profile that was just attached needs a while: its credentials, then the agent's next attempt. */
export const AGENT_WITHIN_MS = 180_000;

/** Whether the profile that lets the agent work is there, or on its way. */
export function isAgentExpected({ outcomes }: StepContext): boolean {
  return (outcomes["preserve.collection-profile"] ?? []).some(({ state }) => state === "started");
}

/** Why nothing on the instance can be asked; null when it can, or when its agent may yet come. */
export function reasonNotAsked(
  instance: DescribedInstance,
  managed: ManagedInstance | null,
  isAwaited: boolean,
): string | null {
  if (instance.state !== "running") return `it is ${instance.state}: nothing runs on it that could answer`;
  if (managed?.platform === "MacOS") return "macOS: there are commands for Linux and Windows only";
  if (managed?.isOnline === true || isAwaited) return null;
  return managed === null
    ? "Systems Manager does not know it: it has no agent, or one without credentials or a way to Systems Manager"
    : `its agent has not reported to Systems Manager since ${managed.lastPingAt ?? "an unknown time"}`;
}

export function platformOf(instance: DescribedInstance, managed: ManagedInstance | null): "Linux" | "Windows" {
  return (managed ? managed.platform === "Windows" : instance.isWindows) ? "Windows" : "Linux";
}

/** Looks whether the agent takes commands; it is waited for until some time after `since`. */
export async function lookForAgent(
  { aws, now }: StepContext,
  { instanceId, since }: { readonly instanceId: string; readonly since: number },
): Promise<"there" | "awaited" | "absent"> {
  const managed = await managedInstance(aws.ssm, instanceId);
  if (managed?.isOnline === true) return "there";
  return now < since + AGENT_WITHIN_MS ? "awaited" : "absent";
}

/** In words, why an agent that never came was not asked. */
export const NO_AGENT_CAME = `no agent reported within ${AGENT_WITHIN_MS / 1000} s`;
