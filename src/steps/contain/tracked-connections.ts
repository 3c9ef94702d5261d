import { z } from "zod";
import { shortestTimers, timerSupport } from "../../aws/instance-types.ts";
import { findInstance } from "../../aws/instances.ts";
import { branchesOf } from "../../aws/branch-interfaces.ts";
import { findInterface, interfacesOf, setGroups, type NetworkInterface } from "../../aws/network-interfaces.ts";
import { sameSet } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectSame, expectThat, later, type ChangeView, type StepContext } from "../../core/step.ts";

const id = "contain.tracked-connections";

/** Longer than the shortest idle timer of a TCP flow, so that the timer has run out for what was silent. */
const OPEN_MS = 70_000;

const groups = z.array(z.string()).length(1);

/** Journalled while an interface is open. */
const window = z.strictObject({ open: z.string(), sealed: z.string() });

const closed = z.strictObject({ openedFor: z.string() });

/**
 * Drops the flows that AWS tracks, by opening the host for 70 seconds and sealing it again.
 *
 * A flow that everything may pass is not tracked, and dies when the rule goes away. So each interface gets the open group,
 * keeps it until the tracked entries have aged out, and gets the sealed group back.
 *
 * While it is open, the host is reachable from anywhere and reaches anything: it starts only where every interface is sealed,
 * every address that a finding names is denied, and the idle timers are set. Flows that start meanwhile are untracked, and die
 * at the seal.
 *
 * Does not reach flows that AWS tracks whatever the rules are (through NAT gateways, load balancers, endpoints), nor ICMP.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
export const trackedConnections = defineStep({
  id,
  title: "Open for 70 seconds, to drop tracked connections",
  repair: "never",
  reversible: "no",
  notRestored: "Flows that were dropped do not come back.",
  needs: ["contain.security-groups", "contain.remote-addresses", "contain.connection-timeouts"],
  enabledBy: "protect.prepared-groups",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeTrunkInterfaceAssociations",
      ],
      run: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute"],
      verify: ["ec2:DescribeNetworkInterfaces"],
      revert: ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:ModifyNetworkInterfaceAttribute"],
    },
  },
  input: z.strictObject({}),
  change: { before: groups, after: groups },

  async plan(context) {
    const { aws, target, prepared } = context;
    if (isNothingLeft(context)) {
      return { changes: [], left: [{ resource: target.instanceId, reason: "nothing is left that it would end" }] };
    }
    const [attached, sealedOf, openOf] = await Promise.all([
      interfacesOf(aws.ec2, target.instanceId),
      prepared.groups("sealed"),
      prepared.groups("open"),
    ]);
    if (attached.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId: target.instanceId });
    const interfaces = [...attached, ...(await branchesOf(aws.ec2, attached)).branches];

    const ours = interfaces.filter(({ managedBy }) => managedBy === null);
    const sealed = new Map(ours.map((one) => [one.id, required(sealedOf(one.vpcId), one.vpcId, "sealed")]));
    for (const { vpcId } of ours) required(openOf(vpcId), vpcId, "open");
    refuseUnless(unsealed(context, ours, sealed));
    refuseUnless(undenied(context));
    refuseUnless(await untimed(context, ours));

    return {
      changes: ours
        .filter((one) => !isDropped(context, one))
        .map((one) => ({
          resource: one.id,
          attribute: "tracked-flows",
          before: [sealed.get(one.id) ?? ""],
          after: [sealed.get(one.id) ?? ""],
          approves: { level: "open", seconds: OPEN_MS / 1000, afterwards: "sealed" },
          ofTarget: true,
          blastRadius: {
            what: "the host is reachable from anywhere, and reaches anything, for 70 seconds",
            resources: [],
          },
        })),
      left: interfaces.flatMap((one) =>
        one.managedBy === null
          ? []
          : [{ resource: one.id, reason: `managed by ${one.managedBy}: only its owner may change it` }],
      ),
    };
  },

  async run({ aws, prepared }, { resource, after }, progress) {
    if (progress !== null) {
      await setGroups(aws.ec2, resource, [window.parse(progress).sealed]);
      return done({ openedFor: "70 s" });
    }
    const [seen, openOf] = await Promise.all([findInterface(aws.ec2, resource), prepared.groups("open")]);
    if (seen === null) throw new Refusal("precondition_unmet", { step: id, reason: `${resource} is gone` });
    const open = required(openOf(seen.vpcId), seen.vpcId, "open");
    const [sealed = ""] = after;
    const opened = later({ open, sealed }, { afterMs: OPEN_MS, withinMs: 600_000 });
    if (sameSet(seen.groupIds, [open])) return opened; // Opened before a crash, and not journalled: it must close all the same.
    if (!sameSet(seen.groupIds, after)) {
      const reason = `${resource} is not sealed: it has ${seen.groupIds.join(", ")} instead of ${sealed}`;
      throw new Refusal("precondition_unmet", { step: id, reason });
    }
    await setGroups(aws.ec2, resource, [open]);
    return opened;
  },

  async verify({ aws }, { resource, after }, outcome) {
    const seen = await findInterface(aws.ec2, resource);
    // It is sealed before the run as well: only the outcome says that the window was opened and has closed.
    if (!closed.safeParse(outcome).success) {
      return expectThat(`opening of ${resource}`, false, { expected: "opened and sealed again", observed: outcome });
    }
    return expectSame(`groups of ${resource}`, after, seen?.groupIds ?? []);
  },

  async revert({ aws, prepared }, { resource, after }, outcome) {
    const seen = await findInterface(aws.ec2, resource);
    if (seen === null || sameSet(seen.groupIds, after)) return done();
    const journalled = window.safeParse(outcome);
    const open = journalled.success ? journalled.data.open : (await prepared.groups("open"))(seen.vpcId);
    // Anything but the open group is not this step's: what sealed the interface looks after it.
    if (open !== null && sameSet(seen.groupIds, [open])) await setGroups(aws.ec2, resource, after);
    return done();
  },
});

/** An assessment that found no flow over TCP or UDP leaves nothing that opening the host could end. */
function isNothingLeft({ survivors }: StepContext): boolean {
  if (survivors === null) return false;
  return !survivors.some(({ kind, certainty }) => (kind === "tcp" || kind === "udp") && certainty !== "unfiltered");
}

function required(group: string | null, vpcId: string, level: "sealed" | "open"): string {
  if (group === null) throw new Refusal("prepared_group_missing", { vpcId, level });
  return group;
}

function refuseUnless(unmet: readonly string[]): void {
  if (unmet.length > 0) throw new Refusal("precondition_unmet", { step: id, reason: unmet.join("; ") });
}

function changesOf({ outcomes }: StepContext, step: string): readonly ChangeView[] {
  return outcomes[step] ?? [];
}

function changeOn(context: StepContext, step: string, resource: string): ChangeView | undefined {
  return changesOf(context, step).find(({ change }) => change.resource === resource);
}

function unsealed(
  context: StepContext,
  interfaces: readonly NetworkInterface[],
  sealed: ReadonlyMap<string, string>,
): readonly string[] {
  return interfaces
    .filter(({ id: resource, groupIds }) => {
      if (changeOn(context, id, resource)?.state === "started") return false; // Open because this step opened it.
      if (changeOn(context, "contain.security-groups", resource)?.state === "verified") return false;
      return !sameSet(groupIds, [sealed.get(resource) ?? ""]);
    })
    .map(({ id: resource }) => `${resource} is not verified sealed`);
}

function undenied(context: StepContext): readonly string[] {
  return changesOf(context, "contain.remote-addresses")
    .filter(({ state }) => state !== "verified")
    .map(({ change, state }) => `${change.id} is ${state}, not verified`);
}

/** Types without timers are let pass; their flows age out by AWS's own. The type is read only where a timer is missing. */
async function untimed(context: StepContext, interfaces: readonly NetworkInterface[]): Promise<readonly string[]> {
  const without = interfaces.filter(({ id: resource, connectionTracking }) => {
    if (changeOn(context, "contain.connection-timeouts", resource)?.state === "verified") return false;
    return connectionTracking?.tcpEstablished !== shortestTimers.tcpEstablished;
  });
  if (without.length === 0) return [];
  const { aws, target } = context;
  const instance = await findInstance(aws.ec2, target.instanceId);
  if (instance === null) throw new Refusal("instance_not_found", { ...target });
  const { defaults } = await timerSupport(aws.ec2, instance.instanceType);
  return defaults === null ? [] : without.map(({ id: resource }) => `the idle timers of ${resource} are not set`);
}

/** A second plan, made while other interfaces are under way, must not open again what is done. */
function isDropped(context: StepContext, { id: resource }: NetworkInterface): boolean {
  const own = changeOn(context, id, resource);
  if (own?.state !== "verified") return false;
  const sealedAt = changeOn(context, "contain.security-groups", resource)?.verifiedAt ?? 0;
  return (own.verifiedAt ?? 0) > sealedAt;
}
