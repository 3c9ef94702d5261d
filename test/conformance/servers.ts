import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AutoScaling } from "@aws-sdk/client-auto-scaling";
import { CloudTrail } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EBS } from "@aws-sdk/client-ebs";
import { EC2 } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2 } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAM } from "@aws-sdk/client-iam";
import { S3 } from "@aws-sdk/client-s3";
import { SFN } from "@aws-sdk/client-sfn";
import { SSM } from "@aws-sdk/client-ssm";
import { STS } from "@aws-sdk/client-sts";
import { scaledClock } from "../../src/cli/scaled-clock.ts";
import { createRange, type Range } from "../../src/range/range.ts";
import { listen } from "../../src/range/wire/http.ts";
import type { Handle } from "../../src/range/wire/request.ts";
import { cleanEnvironment } from "../foreign/processes.ts";
import { pythonTool } from "../foreign/python-tools.ts";
import type { Clients, Service } from "./probe.ts";
import { stageGateways } from "./gateway-stage.ts";
import { stageScalingGroup } from "./scaling-stage.ts";
import { stageStateMachine } from "./state-machine.ts";

/** Where a server that stands in for AWS listens. */
export interface Server {
  readonly address: string;
  end(): Promise<void>;
}

/** A server that the same questions are asked of, and what it is asked about. */
export interface ServerKind {
  readonly name: "range" | "moto" | "ministack";
  /** As pinned in requirements.txt; the range is as old as this file. */
  readonly version: string;
  readonly services: readonly Service[];
  start(): Promise<Server>;
}

const REGION = "eu-central-1";
const everything: readonly Service[] = [
  "autoscaling",
  "cloudtrail",
  "ebs",
  "ec2",
  "elbv2",
  "events",
  "iam",
  "logs",
  "s3",
  "ssm",
  "states",
  "sts",
];

/** As fast as IAM's and EC2's delays allow a test to be. */
const RANGE_SPEED = 50;

/** Serves a range; `watch` may stand before it, to see what goes in and out. */
export async function startRange(
  watch: (range: Range) => Handle = (range) => (request) => range.handle(request),
): Promise<Server> {
  const range = createRange({
    scenario: "c2-beacon",
    seed: 1,
    clock: scaledClock({ originMs: Date.now(), speed: RANGE_SPEED }),
    administratorsByAnyKey: true,
  });
  stageGateways(range);
  stageScalingGroup(range);
  stageStateMachine(range);
  const { port, close } = await listen(watch(range), { port: 0 });
  return { address: `http://127.0.0.1:${port}`, end: close };
}

export const servers: readonly ServerKind[] = [
  { name: "range", version: "this", services: everything, start: () => startRange() },
  {
    name: "moto",
    version: "5.2.5",
    services: ["autoscaling", "ebs", "ec2", "elbv2", "iam", "ssm"],
    start: () => startPython((port) => ["moto_server", "-H", "127.0.0.1", "-p", String(port)]),
  },
  {
    name: "ministack",
    version: "1.5.33",
    services: ["cloudtrail", "events", "iam", "logs", "s3", "states", "sts"], // It has few of EC2's calls, and knows little of their answers.
    start: () => startPython(() => ["ministack"]),
  },
];

/** The SDK's clients, each at the address that AWS_ENDPOINT_URL_<SERVICE> would name. */
export function clientsOf(address: string): Clients {
  const options = {
    region: REGION,
    endpoint: address,
    credentials: { accessKeyId: "conformance", secretAccessKey: "conformance" },
  };
  return {
    autoscaling: new AutoScaling(options),
    cloudtrail: new CloudTrail(options),
    ebs: new EBS(options),
    ec2: new EC2(options),
    elbv2: new ElasticLoadBalancingV2(options),
    events: new EventBridge(options),
    iam: new IAM(options),
    logs: new CloudWatchLogs(options),
    s3: new S3({ ...options, forcePathStyle: true }),
    ssm: new SSM(options),
    states: new SFN(options),
    sts: new STS(options),
  };
}

const STARTS_WITHIN_MS = 40_000;

async function startPython(command: (port: number) => readonly string[]): Promise<Server> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), "cordon-conformance-"));
  const [program = "", ...args] = command(port);
  const child = spawn(pythonTool("conformance", program), args, {
    cwd: folder,
    env: cleanEnvironment({
      GATEWAY_PORT: String(port),
      MINISTACK_HOST: "127.0.0.1",
      AWS_EC2_METADATA_DISABLED: "true",
    }),
    stdio: "ignore",
  });
  const address = `http://127.0.0.1:${port}`;
  const end = async (): Promise<void> => {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), 3000);
    if (child.exitCode === null) await ended;
    clearTimeout(force);
    rmSync(folder, { recursive: true, force: true });
  };
  const deadline = performance.now() + STARTS_WITHIN_MS;
  while (!(await answers(address))) {
    if (performance.now() > deadline || child.exitCode !== null) {
      await end();
      throw new Error(`${program} does not answer at ${address}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return { address, end };
}

/** Whether somebody listens, whatever they say. */
function answers(address: string): Promise<boolean> {
  return fetch(address, { signal: AbortSignal.timeout(1000) }).then(
    () => true,
    () => false,
  );
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
