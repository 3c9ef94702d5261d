import { z } from "zod";
import {
  isStopProtected,
  isTerminationProtected,
  protectedInstance,
  setApiStop,
  setApiTermination,
  setDeleteOnTermination,
  setShutdownBehavior,
  shutdownBehaviorOf,
  type ProtectedInstance,
} from "../../aws/instance-attributes.ts";
import type { Change, ChangeDraft, Left } from "../../core/change.ts";
import { Refusal } from "../../core/errors.ts";
import { defineStep, done, expectThat, type StepContext } from "../../core/step.ts";

const setting = z.union([z.boolean(), z.enum(["stop", "terminate"])]);

type Setting = z.infer<typeof setting>;
type Draft = ChangeDraft<Setting, Setting>;

/** How one attribute of the instance is read and written: AWS takes one in a call. */
interface Attribute {
  readonly wanted: Setting;
  /** Why this instance cannot have it; null where it can. */
  readonly reasonAgainst: (instance: ProtectedInstance) => string | null;
  readonly look: (ec2: StepContext["aws"]["ec2"], instanceId: string) => Promise<Setting>;
  readonly set: (ec2: StepContext["aws"]["ec2"], instanceId: string, value: Setting) => Promise<void>;
}

const SPOT = "AWS takes no such protection for a Spot instance, and may interrupt it with two minutes' notice";

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-stop-protection.html */
const ON_INSTANCE_STORE =
  "its root lies on an instance store: it cannot be stopped, and a shutdown from inside ends it";

const attributes: ReadonlyMap<string, Attribute> = new Map([
  [
    "api-termination",
    {
      wanted: true,
      reasonAgainst: ({ isSpot }) => (isSpot ? SPOT : null),
      look: isTerminationProtected,
      set: (ec2, instanceId, value) => setApiTermination(ec2, instanceId, value === true),
    },
  ],
  [
    "api-stop",
    {
      wanted: true,
      reasonAgainst: ({ isSpot, hasRootOnInstanceStore }) =>
        isSpot ? SPOT : hasRootOnInstanceStore ? ON_INSTANCE_STORE : null,
      look: isStopProtected,
      set: (ec2, instanceId, value) => setApiStop(ec2, instanceId, value === true),
    },
  ],
  [
    "shutdown-behavior",
    {
      wanted: "stop",
      reasonAgainst: ({ isSpot, hasRootOnInstanceStore }) =>
        isSpot ? SPOT : hasRootOnInstanceStore ? ON_INSTANCE_STORE : null,
      look: shutdownBehaviorOf,
      set: (ec2, instanceId, value) =>
        setShutdownBehavior(ec2, instanceId, value === "terminate" ? "terminate" : "stop"),
    },
  ],
] satisfies [string, Attribute][]);

const KEPT_VOLUME = "delete-on-termination";

/**
 * Keeps the instance and its volumes from being ended: by calls of the API, by a shutdown from inside, and, should the
 * instance end all the same, the volumes with it.
 *
 * It does not hold back an Auto Scaling group (`protect.auto-scaling` does), a Spot interruption or AWS's own scheduled
 * events. Stop protection also refuses our own stop: `contain.stop` takes it off first.
 *
 * Each setting has two values, so that the present one is either ours or the one before: revert writes the one before.
 */
export const terminationProtection = defineStep({
  id: "protect.termination-protection",
  title: "Protect the instance and its volumes from their end",
  reversible: "exactly",
  settlesWithinMs: 30_000,
  permissions: {
    target: {
      plan: ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances"],
      run: ["ec2:DescribeInstances", "ec2:ModifyInstanceAttribute"],
      verify: ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances"],
      revert: ["ec2:DescribeInstanceAttribute", "ec2:DescribeInstances", "ec2:ModifyInstanceAttribute"],
    },
  },
  input: z.strictObject({}),
  change: { before: setting, after: setting },

  async plan({ aws, target }) {
    const { account, region, instanceId } = target;
    const [instance, ...seen] = await Promise.all([
      protectedInstance(aws.ec2, instanceId),
      ...[...attributes.values()].map(({ look }) => look(aws.ec2, instanceId)),
    ]);
    if (instance === null) throw new Refusal("instance_not_found", { instanceId, account, region });
    if (hasEnded(instance)) throw new Refusal("instance_gone", { instanceId, state: instance.state, region });
    if (instance.managedBy !== null) {
      const reason = `managed by ${instance.managedBy}: only its owner may change it`;
      return { changes: [], left: [{ resource: instanceId, reason }] };
    }
    const asked = [...attributes].map(([attribute, { wanted, reasonAgainst }], index) => ({
      attribute,
      wanted,
      before: seen[index] ?? wanted,
      reason: reasonAgainst(instance),
    }));
    return {
      changes: [
        ...asked
          .filter(({ before, wanted, reason }) => reason === null && before !== wanted)
          .map(({ attribute, before, wanted }): Draft => ({
            resource: instanceId,
            attribute,
            before,
            after: wanted,
            ofTarget: true,
          })),
        ...instance.volumes
          .filter(({ deleteOnTermination }) => deleteOnTermination)
          .map(({ volumeId }): Draft => ({
            resource: volumeId,
            attribute: KEPT_VOLUME,
            before: true,
            after: false,
            ofTarget: true,
          })),
      ],
      left: asked.flatMap(({ attribute, reason }): Left[] =>
        reason === null ? [] : [{ resource: `${instanceId}/${attribute}`, reason }],
      ),
    };
  },

  async run(context, change) {
    await write(context, change, change.after);
    return done();
  },

  async verify(context, change) {
    const observed = await read(context, change);
    return expectThat(`${change.attribute ?? ""} of ${change.resource}`, observed === change.after, {
      expected: change.after,
      observed: observed ?? "gone",
    });
  },

  async revert(context, change) {
    const [instance, observed] = await Promise.all([
      protectedInstance(context.aws.ec2, context.target.instanceId),
      read(context, change),
    ]);
    if (instance === null || hasEnded(instance)) return done(); // Its settings went with it.
    if (observed === null || observed === change.before) return done(); // Gone, never ran, or reverted already.
    await write(context, change, change.before);
    return done();
  },
});

/** The setting as it is; null for a volume that is no longer attached to the instance. */
async function read({ aws, target: { instanceId } }: StepContext, change: Change): Promise<Setting | null> {
  const attribute = attributes.get(change.attribute ?? "");
  if (attribute !== undefined) return attribute.look(aws.ec2, instanceId);
  const instance = await protectedInstance(aws.ec2, instanceId);
  return instance?.volumes.find(({ volumeId }) => volumeId === change.resource)?.deleteOnTermination ?? null;
}

async function write({ aws, target: { instanceId } }: StepContext, change: Change, value: Setting): Promise<void> {
  const attribute = attributes.get(change.attribute ?? "");
  if (attribute !== undefined) return attribute.set(aws.ec2, instanceId, value);
  const instance = await protectedInstance(aws.ec2, instanceId);
  const volume = instance?.volumes.find(({ volumeId }) => volumeId === change.resource);
  if (volume === undefined) return; // Taken off meanwhile: it no longer ends with the instance.
  const { deviceName } = volume;
  await setDeleteOnTermination(aws.ec2, instanceId, { deviceName, deleteOnTermination: value === true });
}

function hasEnded({ state }: ProtectedInstance): boolean {
  return state === "shutting-down" || state === "terminated";
}
