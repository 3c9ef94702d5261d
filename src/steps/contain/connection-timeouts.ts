import { branchesOf } from "../../aws/branch-interfaces.ts";
import { z } from "zod";
import { shortestTimers, timerSupport, type IdleTimers } from "../../aws/instance-types.ts";
import { findInstance } from "../../aws/instances.ts";
import {
  findInterface,
  interfacesOf,
  setConnectionTracking,
  type ConnectionTracking,
} from "../../aws/network-interfaces.ts";
import { sameJson } from "../../core/json.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat } from "../../core/step.ts";

const timers = z.strictObject({ tcpEstablished: z.int(), udp: z.int(), udpStream: z.int() });

const setTimers = z.strictObject({
  tcpEstablished: z.int().nullable(),
  udp: z.int().nullable(),
  udpStream: z.int().nullable(),
});

/**
 * Lets a tracked flow that falls silent die within a minute, instead of after five days.
 *
 * A sealed interface keeps the flows that AWS tracks. One over which nothing passes is forgotten when its timer runs out,
 * and cannot come back. One that goes on talking is not touched.
 *
 * Whether AWS applies a shorter timer to flows that exist already is not documented: nothing is called cut for it alone.
 */
export const connectionTimeouts = defineStep({
  id: "contain.connection-timeouts",
  title: "Set the shortest idle timers",
  reversible: "equivalently",
  notRestored: "An interface that used its type's default timers afterwards has the same values set on itself.",
  settlesWithinMs: 10_000,
  permissions: {
    target: {
      plan: [
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeTrunkInterfaceAssociations",
      ],
      run: ["ec2:ModifyNetworkInterfaceAttribute"],
      verify: ["ec2:DescribeNetworkInterfaces"],
      revert: ["ec2:DescribeNetworkInterfaces", "ec2:ModifyNetworkInterfaceAttribute"],
    },
  },
  input: z.strictObject({}),
  change: { before: z.strictObject({ explicit: setTimers.nullable(), defaults: timers }), after: timers },

  async plan({ aws, target }) {
    const { account, region, instanceId } = target;
    const [attached, instance] = await Promise.all([
      interfacesOf(aws.ec2, instanceId),
      findInstance(aws.ec2, instanceId),
    ]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    if (attached.length === 0) throw new Refusal("instance_has_no_interfaces", { instanceId });
    const interfaces = [...attached, ...(await branchesOf(aws.ec2, attached)).branches];

    const { instanceType, defaults } = await timerSupport(aws.ec2, instance.instanceType);
    if (defaults === null) {
      return {
        changes: [],
        left: interfaces.map(({ id }) => ({
          resource: id,
          reason: `${instanceType} is no Nitro type: it has no timers`,
        })),
      };
    }
    return {
      changes: interfaces
        .filter(({ managedBy, connectionTracking }) => managedBy === null && !equal(connectionTracking, shortestTimers))
        .map(({ id, connectionTracking }) => ({
          resource: id,
          attribute: "connection-tracking",
          before: {
            explicit: connectionTracking === null ? null : { ...connectionTracking },
            defaults: { ...defaults },
          },
          after: { ...shortestTimers },
          ofTarget: true,
        })),
      left: interfaces.flatMap(({ id, managedBy }) =>
        managedBy === null ? [] : [{ resource: id, reason: `managed by ${managedBy}: only its owner may change it` }],
      ),
    };
  },

  async run({ aws }, { resource, after }) {
    await setConnectionTracking(aws.ec2, resource, after);
    return done();
  },

  async verify({ aws }, { resource, after }) {
    const seen = await findInterface(aws.ec2, resource);
    const observed = seen === null ? "gone" : seen.connectionTracking && { ...seen.connectionTracking };
    return expectThat(`idle timers of ${resource}`, seen !== null && equal(seen.connectionTracking, after), {
      expected: after,
      observed,
    });
  },

  async revert({ aws }, { resource, before, after }) {
    const seen = await findInterface(aws.ec2, resource);
    if (seen === null) return done(); // Its timers went with it.
    const now = seen.connectionTracking;
    const wanted = filled(before.explicit, before.defaults);
    if (now === null || equal(filled(now, before.defaults), wanted)) return done(); // Never ran, or reverted already.
    if (!equal(now, after)) {
      throw new Refusal("changed_since", { resource, expected: inWords(after), observed: inWords(now) });
    }
    await setConnectionTracking(aws.ec2, resource, wanted);
    return done();
  },
});

/** AWS has no call that unsets a timer, so what was not set gets the value that it had by default. */
function filled(explicit: ConnectionTracking | null, defaults: IdleTimers): IdleTimers {
  return {
    tcpEstablished: explicit?.tcpEstablished ?? defaults.tcpEstablished,
    udp: explicit?.udp ?? defaults.udp,
    udpStream: explicit?.udpStream ?? defaults.udpStream,
  };
}

function equal(left: ConnectionTracking | null, right: IdleTimers): boolean {
  return left !== null && sameJson({ ...left }, { ...right });
}

function inWords({ tcpEstablished, udp, udpStream }: ConnectionTracking): string {
  return `TCP ${tcpEstablished ?? "default"} s, UDP ${udp ?? "default"} s, UDP stream ${udpStream ?? "default"} s`;
}
