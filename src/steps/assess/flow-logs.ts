import { z } from "zod";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { flowLogsOf, type FlowLog } from "../../aws/flow-logs.ts";
import type { LogSearch } from "../../aws/log-events.ts";
import { interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { subnetsById } from "../../aws/subnets.ts";
import type { Json } from "../../core/json.ts";
import { defineAssessment, type StepContext } from "../../core/step.ts";
import { CUTTING, cutsOf, type Cuts } from "./flow-log-cuts.ts";
import { missingFields, readLine } from "./flow-log-lines.ts";
import { isCovered, type LogRecords, type Reading, readLog } from "./flow-log-reading.ts";
import { type LoggedInterface, verdictOn } from "./flow-log-verdict.ts";

/**
 * Looks into VPC flow logs, where there are any, for packets that were accepted after the cut.
 *
 * A packet that got through names its peer: what was possible is then known. The other way round nothing follows. Records come
 * minutes late, so that silence counts only for the time that delivered records cover, and a flow that is alive and says
 * nothing leaves no record: no survivor is ever taken away because of a log. No flow log shows traffic with the resolver,
 * instance metadata or the time service. What comes after the cut has a bound for itself. Logs that go to S3 or Firehose are named and not read.
 */
export const flowLogs = defineAssessment({
  id: "assess.flow-logs",
  title: "Look for packets that got through after the cut",
  needs: CUTTING,
  permissions: {
    target: {
      assess: [
        "ec2:DescribeFlowLogs",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSubnets",
        "ec2:DescribeTrunkInterfaceAssociations",
        "logs:DescribeLogStreams",
        "logs:FilterLogEvents",
      ],
    },
  },
  input: z.strictObject({}),

  async assess(context) {
    const { aws, target } = context;
    const attached = await interfacesOf(aws.ec2, target.instanceId);
    const interfaces = [...attached, ...(await branchesOf(aws.ec2, attached)).branches];
    const [logs, subnets] = await Promise.all([
      flowLogsOf(
        aws.ec2,
        interfaces.flatMap(({ id, subnetId, vpcId }) => [id, subnetId, vpcId]),
      ),
      subnetsById(
        aws.ec2,
        interfaces.map(({ subnetId }) => subnetId),
      ),
    ]);
    const cuts = interfaces.map(({ id, subnetId }) =>
      cutsOf(context, { id, subnetCidrs: subnets.find((each) => each.id === subnetId)?.cidrs ?? [] }),
    );
    const readings = await Promise.all(
      logs
        .filter(isUsable)
        .map((log) => readLog(aws.logs, log, { interfaces, cuts: cuts.filter((one) => one !== null) })),
    );
    const verdicts = interfaces.map((nic, index) =>
      verdictOn(loggedInterface(nic, { target, cuts: cuts[index] ?? null, logs, readings })),
    );
    return {
      checks: verdicts.map(({ check }) => check),
      survivors: verdicts.flatMap(({ survivors }) => survivors),
      document: {
        readAt: new Date(context.now).toISOString(),
        sealedAt: interfaces.map(({ id }, index) => ({ interface: id, at: timeOf(cuts[index] ?? null) })),
        flowLogs: logs as unknown as Json,
        readings: readings.map(documentOf),
      },
    };
  },
});

function timeOf(cuts: Cuts | null): string | null {
  return cuts === null ? null : new Date(cuts.sealedAt).toISOString();
}

/** Whether a log can show, where Cordon can read it, that a packet got through. */
function isUsable(log: FlowLog): boolean {
  return log.trafficType !== "REJECT" && log.logGroup !== null && missingFields(log).length === 0;
}

function documentOf({ log, search }: Reading): Json {
  const found = search.kind === "read" ? search.found : {};
  return { flowLog: log.id, kind: search.kind, ...found };
}

interface Known {
  readonly target: StepContext["target"];
  readonly cuts: Cuts | null;
  readonly logs: readonly FlowLog[];
  readonly readings: readonly Reading[];
}

function loggedInterface(nic: NetworkInterface, { target, cuts, logs, readings }: Known): LoggedInterface {
  const own = new Set([...nic.privateAddresses, ...nic.ipv6Addresses]);
  const covering = logs.filter((log) => isCovered(nic, log));
  const readable = readings.flatMap(({ log, search }) =>
    isCovered(nic, log) && search.kind === "read" ? [{ log, found: search.found }] : [],
  );
  return {
    id: nic.id,
    subnetId: nic.subnetId,
    instanceId: target.instanceId,
    cuts,
    logs: readable.map(({ log, found }) => ({
      log,
      readUntil: found.readUntil,
      isCutBefore: found.isCutBefore,
      lines: found.events
        .filter(({ stream }) => stream.startsWith(`${nic.id}-`))
        .flatMap(({ message }) => readLine(message, log, own) ?? []),
    })),
    faults: covering.flatMap((log) => faultsOf(log, readings.find((each) => each.log === log)?.search ?? null)),
  };
}

/** Why a log shows nothing, or not everything. */
function faultsOf(log: FlowLog, search: LogSearch<LogRecords> | null): readonly string[] {
  const { id, trafficType, logGroup, destinationType, destination } = log;
  if (trafficType === "REJECT") return [`${id} records only what was rejected`];
  if (logGroup === null) return [`${id} goes to ${destinationType} (${destination}): not read`];
  const missing = missingFields(log);
  if (missing.length > 0) return [`${id} has records without ${missing.join(", ")}: not read`];
  return [
    ...(log.isActive ? [] : [`${id} is not active`]),
    ...(log.deliveryFault === null ? [] : [`AWS does not deliver ${id}: ${log.deliveryFault}`]),
    ...(search?.kind === "missing" ? [`${id} goes to log group ${logGroup}, which is not there`] : []),
    ...(search?.kind === "denied" ? [`${id} goes to log group ${logGroup}, which Cordon may not read`] : []),
    ...(search?.kind === "read" ? search.found.unread : []),
  ];
}
