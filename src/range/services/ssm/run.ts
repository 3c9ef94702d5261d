import type { ScriptResult, SsmCommand, SsmHost, SsmInvocation, SsmManagedInstance } from "../../world/ssm-model.ts";
import type { Place } from "../../world/world.ts";
import { settleAgent } from "./agents.ts";
import { capture, linksFile } from "./capture.ts";
import { readCapture, readRenewal, type CaptureScript } from "./capture-script.ts";
import { linuxPrograms } from "./linux-programs.ts";
import { runShell, type Ran } from "./shell.ts";
import { runPowerShell } from "./windows-shell.ts";

/** From taking the command to starting its script. */
const STARTS_AFTER_MS = 400;
/** How long a script runs at least, and for each megabyte that it writes. */
const RUNS_MS = { atLeast: 300, perMegabyte: 500 } as const;

/**
 * Lets happen what happens by itself to a command until now: it is delivered, ends, or runs out of time.
 * https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html
 */
export function settleCommand(place: Place, command: SsmCommand): void {
  for (const invocation of command.invocations) settleInvocation(place, command, invocation);
}

function settleInvocation(place: Place, command: SsmCommand, invocation: SsmInvocation): void {
  const { world, region } = place;
  const managed = region.ssmInstances.get(invocation.instanceId);
  if (managed) settleAgent(place, managed);
  const now = world.now();
  const isThere = managed?.agent.isConnected === true;
  if (invocation.status === "Pending") {
    if (managed && isThere) start(place, { command, invocation, managed });
    else if (now >= command.deliverBy) end(invocation, "TimedOut", "Delivery Timed Out");
    else if (now > command.requestedAt) invocation.statusDetails = "Delayed";
  }
  if (invocation.status !== "InProgress" || invocation.startedAt === null) return;
  // An agent that is gone runs the script to its end and tells nobody.
  if (invocation.endsAt !== null && now >= invocation.endsAt && isThere) {
    const isWell = invocation.result?.exitCode === 0;
    end(invocation, isWell ? "Success" : "Failed", isWell ? "Success" : "Failed");
  } else if (now >= invocation.startedAt + command.executionMs) end(invocation, "TimedOut", "Execution Timed Out");
}

interface Delivery {
  readonly command: SsmCommand;
  readonly invocation: SsmInvocation;
  readonly managed: SsmManagedInstance;
}

function start(place: Place, { command, invocation, managed }: Delivery): void {
  const startedAt = place.world.now() + STARTS_AFTER_MS;
  const { host } = managed.agent;
  const script = host.isDiskFull || !isFitting(command, managed) ? null : readCapture(command.script);
  if (script !== null) {
    Object.assign(invocation, { status: "InProgress", statusDetails: "In Progress", startedAt });
    void goOn(place, { command, invocation, managed }, script);
    return;
  }
  const result = execute(command, managed, startedAt);
  Object.assign(invocation, {
    status: "InProgress",
    statusDetails: "In Progress",
    startedAt,
    endsAt: startedAt + result.tookMs,
    result,
  });
}

/** A script that takes its time: the world goes on while it runs, and may take its way out from it. */
async function goOn(place: Place, { command, invocation, managed }: Delivery, script: CaptureScript): Promise<void> {
  const { world } = place;
  const { host } = managed.agent;
  await world.clock.sleep(STARTS_AFTER_MS + RUNS_MS.atLeast);
  const isRunning = (): boolean => invocation.status === "InProgress";
  const ran = await capture({ place, instanceId: managed.id, host, script, isRunning });
  keepOutput(command, managed, ran);
  if (!isRunning()) return;
  const endsAt = world.now();
  Object.assign(invocation, { endsAt, result: { ...ran, tookMs: endsAt - (invocation.startedAt ?? endsAt) } });
}

function end(invocation: SsmInvocation, status: SsmInvocation["status"], statusDetails: string): void {
  Object.assign(invocation, { status, statusDetails });
  if (status === "TimedOut") invocation.result = null;
}

/** Runs the script on the host. The agent keeps what it wrote in a file of its own, whole, and needs room for that. */
function execute(command: SsmCommand, managed: SsmManagedInstance, now: number): ScriptResult {
  const { id, script } = command;
  const { host } = managed.agent;
  const isWindows = managed.platformType === "Windows";
  const renewal = readRenewal(script);
  const ran: Ran = !isFitting(command, managed)
    ? failed("this platform is not supported by the plugin")
    : host.isDiskFull
      ? failed(`mkdir ${orchestrationFolder(managed.id, id, isWindows)}: no space left on device`)
      : renewal
        ? replaceLinks(host, { ...renewal, isWindows })
        : isWindows
          ? runPowerShell(script, { host, now })
          : runShell(script, { host, now, programs: linuxPrograms });
  if (isFitting(command, managed) && !host.isDiskFull) keepOutput(command, managed, ran);
  const tookMs = RUNS_MS.atLeast + Math.round((ran.stdout.length / 1_000_000) * RUNS_MS.perMegabyte);
  return { ...ran, tookMs };
}

function isFitting({ documentName }: SsmCommand, { platformType }: SsmManagedInstance): boolean {
  return (platformType === "Windows") === (documentName === "AWS-RunPowerShellScript");
}

function keepOutput({ id }: SsmCommand, { id: instanceId, platformType, agent }: SsmManagedInstance, ran: Ran): void {
  const isWindows = platformType === "Windows";
  const folder = orchestrationFolder(instanceId, id, isWindows);
  agent.host.files.set(`${folder}${isWindows ? "\\" : "/"}stdout`, ran.stdout);
}

/** Fresh links for a capture that is at work; there is nothing to do where none is. */
function replaceLinks(
  host: SsmHost,
  {
    folder,
    links,
    isWindows,
  }: { readonly folder: string; readonly links: readonly string[]; readonly isWindows: boolean },
): Ran {
  const file = linksFile({ folder, isWindows });
  if (host.files.has(file)) host.files.set(file, new TextEncoder().encode(links.join("\n")));
  return { stdout: new Uint8Array(0), stderr: new Uint8Array(0), exitCode: 0 };
}

function failed(why: string): Ran {
  return { stdout: new Uint8Array(0), stderr: new TextEncoder().encode(`${why}\n`), exitCode: 1 };
}

/** Seen in the agent's own logs: https://github.com/aws/amazon-ssm-agent/issues/375 */
function orchestrationFolder(instanceId: string, commandId: string, isWindows: boolean): string {
  return isWindows
    ? `C:\\ProgramData\\Amazon\\SSM\\InstanceData\\${instanceId}\\document\\orchestration\\${commandId}\\awsrunPowerShellScript\\0.awsrunPowerShellScript`
    : `/var/lib/amazon/ssm/${instanceId}/document/orchestration/${commandId}/awsrunShellScript/0.awsrunShellScript`;
}
