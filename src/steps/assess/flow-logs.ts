import { z } from "zod";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { flowLogsOf, type FlowLog } from "../../aws/flow-logs.ts";
import { type LogSearch, searchEvents } from "../../aws/log-events.ts";
import { interfacesOf, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { subnetsById } from "../../aws/subnets.ts";
import type { Json } from "../../core/json.ts";
import { defineAssessment, type StepContext } from "../../core/step.ts";
import { CUTTING, cutsOf, type Cuts } from "./flow-log-cuts.ts";
import { missingFields, readLine } from "./flow-log-lines.ts";
import { LAG_MS, type LoggedInterface, verdictOn } from "./flow-log-verdict.ts";

/** Records of one log that are read: more than a machine makes that was just cut off. */
const MOST_RECORDS = 20_000;

/**
 * Looks into VPC flow logs, where there are any, for packets that were accepted after the cut.
 *
 * A packet that got through names its peer: what was possible is then known. The other way round nothing follows. Records come
 * minutes late, so that silence counts only for the time that delivered records cover, and a flow that is alive and says
 * nothing leaves no record: no survivor is ever taken away because of a log. No flow log shows traffic with the resolver,
 * instance metadata or the time service. Logs that go to S3 or Firehose are named and not read.
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
      logs.filter(isUsable).map((log) => read(context, log, { interfaces, cuts: cuts.filter((one) => one !== null) })),
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
        readings: readings.map(({ log, search }) => ({ flowLog: log.id, ...(search as object) })) as unknown as Json,
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

interface Reading {
  readonly log: FlowLog;
  readonly search: LogSearch;
}

/** From the interval on in which the first interface was sealed: what a record of it adds up may be older. */
async function read(
  { aws }: StepContext,
  log: FlowLog,
  { interfaces, cuts }: { readonly interfaces: readonly NetworkInterface[]; readonly cuts: readonly Cuts[] },
): Promise<Reading> {
  const first = Math.min(...cuts.map(({ sealedAt }) => sealedAt));
  if (cuts.length === 0) return { log, search: { kind: "read", events: [], isCut: false } };
  const covered = interfaces.filter((nic) => isCovered(nic, log));
  const search = await searchEvents(aws.logs, {
    group: log.logGroup ?? "",
    prefixes: covered.map(({ id }) => `${id}-`),
    from: first - log.maxAggregationSeconds * 1000 - LAG_MS,
    mostEvents: MOST_RECORDS,
  });
  return { log, search };
}

function isCovered({ id, subnetId, vpcId }: NetworkInterface, { resourceId }: FlowLog): boolean {
  return resourceId === id || resourceId === subnetId || resourceId === vpcId;
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
    isCovered(nic, log) && search.kind === "read" ? [{ log, search }] : [],
  );
  return {
    id: nic.id,
    subnetId: nic.subnetId,
    instanceId: target.instanceId,
    cuts,
    logs: readable.map(({ log, search }) => ({
      log,
      lines: search.events
        .filter(({ stream }) => stream.startsWith(`${nic.id}-`))
        .flatMap(({ message }) => readLine(message, log, own) ?? []),
    })),
    faults: covering.flatMap((log) => faultsOf(log, readings.find((each) => each.log === log)?.search ?? null)),
  };
}

/** Why a log shows nothing, or not everything. */
function faultsOf(log: FlowLog, search: LogSearch | null): readonly string[] {
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
    ...(search?.kind === "read" && search.isCut ? [`of ${id} only the first ${MOST_RECORDS} records were read`] : []),
  ];
}
