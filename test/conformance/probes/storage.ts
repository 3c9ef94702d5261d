import { codeOf, EC2_API, EC2_ERRORS, eventually, required, type Asking, type Probe } from "../probe.ts";

const STRANGER = "444455556666";

async function volumeOf({ ec2, surroundings }: Asking): Promise<string> {
  const { Volumes } = await ec2.describeVolumes({
    Filters: [{ Name: "attachment.instance-id", Values: [surroundings.instanceId] }],
  });
  return required(Volumes?.[0]?.VolumeId);
}

/** AWS lets one volume have a snapshot made every 15 seconds: the probes share theirs, by server. */
const snapshots = new WeakMap<object, Promise<string>>();

function sharedSnapshot(asking: Asking): Promise<string> {
  const made = snapshots.get(asking.ec2);
  if (made !== undefined) return made;
  const making = volumeOf(asking)
    .then((VolumeId) => asking.ec2.createSnapshot({ VolumeId, Description: "a conformance test" }))
    .then(({ SnapshotId }) => required(SnapshotId));
  snapshots.set(asking.ec2, making);
  return making;
}

/** Snapshots of the instance's volume, which evidence rests on. */
export const storageProbes: readonly Probe[] = [
  {
    id: "the-volume-of-an-instance",
    service: "ec2",
    operation: "DescribeVolumes",
    documented: "The filter attachment.instance-id finds the volumes of an instance, which are in use.",
    page: `${EC2_API}API_DescribeVolumes.html`,
    expected: [{ state: "in-use", attachment: "attached" }],
    async ask({ ec2, surroundings }) {
      const { Volumes = [] } = await ec2.describeVolumes({
        Filters: [{ Name: "attachment.instance-id", Values: [surroundings.instanceId] }],
      });
      return Volumes.map(({ State, Attachments }) => ({
        state: State ?? null,
        attachment: Attachments?.[0]?.State ?? null,
      }));
    },
  },
  {
    id: "a-snapshot-completes",
    service: "ec2",
    operation: "CreateSnapshot",
    documented: "A snapshot is made asynchronously: at first pending, then completed, at 100%.",
    page: `${EC2_API}API_Snapshot.html`,
    expected: { state: "completed", progress: "100%", description: "a conformance test" },
    async ask(asking) {
      const SnapshotIds = [await sharedSnapshot(asking)];
      const { Snapshots } = await eventually(
        () => asking.ec2.describeSnapshots({ SnapshotIds }),
        (answer) => answer.Snapshots?.[0]?.State === "completed",
      );
      const { State, Progress, Description } = required(Snapshots?.[0]);
      return { state: State ?? null, progress: Progress ?? null, description: Description ?? null };
    },
  },
  {
    id: "a-snapshot-is-shared",
    service: "ec2",
    operation: "ModifySnapshotAttribute",
    documented: "Adds the account to those who may create volumes from the snapshot.",
    page: `${EC2_API}API_ModifySnapshotAttribute.html`,
    expected: [[STRANGER], []],
    async ask(asking) {
      const SnapshotId = await sharedSnapshot(asking);
      const change = { SnapshotId, Attribute: "createVolumePermission", UserIds: [STRANGER] } as const;
      const seen = [];
      for (const OperationType of ["add", "remove"] as const) {
        await asking.ec2.modifySnapshotAttribute({ ...change, UserIds: [STRANGER], OperationType });
        const { CreateVolumePermissions = [] } = await asking.ec2.describeSnapshotAttribute({
          SnapshotId,
          Attribute: "createVolumePermission",
        });
        seen.push(CreateVolumePermissions.map(({ UserId }) => UserId ?? null));
      }
      return seen;
    },
  },
  {
    id: "a-snapshot-is-locked",
    service: "ec2",
    operation: "LockSnapshot",
    documented: "A lock in governance mode begins at once; a lock in compliance mode has a cooling-off period.",
    page: `${EC2_API}API_LockSnapshot.html`,
    expected: ["governance", 1, [["governance", 1]]],
    async ask(asking) {
      const SnapshotId = await sharedSnapshot(asking);
      const answer = await asking.ec2.lockSnapshot({ SnapshotId, LockMode: "governance", LockDuration: 1 });
      const { Snapshots = [] } = await asking.ec2.describeLockedSnapshots({ SnapshotIds: [SnapshotId] });
      const locks = Snapshots.map(({ LockState, LockDuration }) => [LockState ?? null, LockDuration ?? null]);
      return [answer.LockState ?? null, answer.LockDuration ?? null, locks];
    },
  },
  {
    id: "an-unknown-snapshot",
    service: "ec2",
    operation: "DescribeSnapshots",
    documented: "InvalidSnapshot.NotFound: the snapshot does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidSnapshot.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.describeSnapshots({ SnapshotIds: ["snap-0123456789abcdef0"] })),
  },
  {
    id: "an-unknown-volume",
    service: "ec2",
    operation: "CreateSnapshot",
    documented: "InvalidVolume.NotFound: the volume does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidVolume.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.createSnapshot({ VolumeId: "vol-0123456789abcdef0" })),
  },
];
