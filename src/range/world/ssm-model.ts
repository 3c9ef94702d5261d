import type { Session } from "./identity.ts";
import type { Resource } from "./model.ts";

/** A machine as its shell shows it. What it answers follows from this alone, so that a drill repeats. */
export interface SsmHost {
  readonly name: string;
  architecture: "x86_64" | "arm64";
  /** Kernel lockdown: `confidentiality` keeps user space from reading the kernel's memory. */
  lockdown: "none" | "integrity" | "confidentiality";
  /** Nothing more can be written. */
  isDiskFull: boolean;
  /** Programs that an ordinary system has and this one has not. */
  missingPrograms: string[];
  /** How many processes run: what makes the output of a list long. */
  processes: number;
  /** What physical memory holds: as many bytes as the machine has. */
  memory: Uint8Array;
  /** Files that somebody put there, by path; the agent adds the output of each command. */
  readonly files: Map<string, Uint8Array>;
}

/** The Systems Manager agent on an instance. */
export interface SsmAgent {
  /** The credentials that it works with until they are refused. */
  session: Session | null;
  /** It asks the metadata service again at this time. */
  asksAgainAt: number;
  /** The role of Default Host Management Configuration; null where the account has none. */
  hostManagementRole: string | null;
  isConnected: boolean;
  /** When the attempt to connect that is under way will have succeeded. */
  connectsAt: number | null;
  /** How it was connected: only flows to an endpoint are tracked whatever the rules say. */
  via: "internet" | "endpoint" | null;
  lastHeardAt: number;
  readonly host: SsmHost;
}

/** An instance that an agent runs on. Systems Manager knows it from when the agent first reported. */
export interface SsmManagedInstance extends Resource {
  registeredAt: number | null;
  pingStatus: "Online" | "ConnectionLost" | "Inactive";
  agentVersion: string;
  platformType: "Linux" | "Windows" | "MacOS";
  readonly agent: SsmAgent;
}

/** What a script left behind. */
export interface ScriptResult {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly exitCode: number;
  readonly tookMs: number;
}

/** A command on one instance. */
export interface SsmInvocation {
  readonly instanceId: string;
  status: "Pending" | "InProgress" | "Success" | "Failed" | "TimedOut" | "Cancelled";
  /** `Delivery Timed Out` and the like: more than the status says. */
  statusDetails: string;
  startedAt: number | null;
  endsAt: number | null;
  result: ScriptResult | null;
}

/** A command that was sent. */
export interface SsmCommand extends Resource {
  readonly documentName: string;
  readonly script: readonly string[];
  readonly comment: string;
  readonly requestedAt: number;
  readonly deliverBy: number;
  readonly executionMs: number;
  readonly invocations: readonly SsmInvocation[];
}

/** What lies on an ordinary system, and what an intruder put beside it. */
const ORDINARY_FILES: Readonly<Record<string, Uint8Array>> = {
  "/etc/crontab": new TextEncoder().encode("17 * * * * root run-parts /etc/cron.hourly\n"),
  "/etc/cron.d/sync": new TextEncoder().encode("*/5 * * * * www-data /var/tmp/.cache/kworker\n"),
};

/** An agent as it comes with AWS's images, on a machine without peculiarities. */
export function newAgent(
  name: string,
  options: Partial<Omit<SsmHost, "name" | "files">> & {
    readonly files?: Readonly<Record<string, Uint8Array>>;
    readonly hostManagementRole?: string;
    readonly isConnected?: boolean;
    readonly now: number;
  },
): SsmAgent {
  const { files = {}, hostManagementRole = null, isConnected = true, now, ...host } = options;
  return {
    session: null,
    asksAgainAt: 0,
    hostManagementRole,
    isConnected,
    connectsAt: null,
    via: null,
    lastHeardAt: now,
    host: {
      name,
      architecture: "x86_64",
      lockdown: "none",
      isDiskFull: false,
      missingPrograms: [],
      processes: 60,
      memory: new Uint8Array(0),
      ...host,
      files: new Map(Object.entries({ ...ORDINARY_FILES, ...files })),
    },
  };
}
