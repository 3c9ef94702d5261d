import { z } from "zod";
import type { CaseState, ChangeRecord } from "../../core/case.ts";
import type { Json } from "../../core/json.ts";
import { printable } from "./story.ts";

/** A disk on a workstation: a volume made of a snapshot of an instance's volume. */
export interface ExaminedDisk {
  readonly case: string;
  readonly instance: string;
  /** The volume that the instance has, and the one on the workstation. */
  readonly volume: string;
  readonly copy: string;
  readonly snapshot: string;
  /** The name that the workstation was given it under; its system may show another. */
  readonly device: string;
}

/** The workstation of an incident, as the journals of its cases know it. */
export interface KnownWorkstation {
  readonly incident: string;
  readonly account: string;
  readonly region: string;
  readonly instance: string;
  readonly type: string;
  readonly disks: readonly ExaminedDisk[];
  /** Commands that open a way to it; nothing reaches it by itself. */
  readonly session: string;
  readonly tunnel: string;
}

const launched = z.object({ instanceId: z.string(), instanceType: z.string() });
const attached = z.object({ volumeId: z.string(), device: z.string() });
const saved = z.object({ volumeId: z.string() });

/** The workstations that stand by now, one for each incident, account and Region, with the disks of all these cases. */
export function workstationsIn(states: readonly CaseState[]): readonly KnownWorkstation[] {
  const found = new Map<string, KnownWorkstation>();
  for (const state of states) {
    const standing = changesOf(state, "investigate.forensic-workstation")[0];
    const { instanceId, instanceType } = launched.safeParse(standing?.outcome).data ?? {};
    if (instanceId === undefined || instanceType === undefined) continue;
    const { incident, target } = state;
    const { account, region } = target;
    const known = found.get(instanceId);
    const start = `aws ssm start-session --region ${region} --target ${instanceId}`;
    found.set(instanceId, {
      incident,
      account,
      region,
      instance: instanceId,
      type: instanceType,
      disks: [...(known?.disks ?? []), ...disksIn(state)],
      session: start,
      tunnel: `${start} --document-name AWS-StartPortForwardingSession --parameters portNumber=22,localPortNumber=2222`,
    });
  }
  return [...found.values()];
}

function disksIn(state: CaseState): readonly ExaminedDisk[] {
  return changesOf(state, "investigate.evidence-volumes").flatMap(({ change, outcome }) => {
    const on = attached.safeParse(outcome).data;
    const of = saved.safeParse(change.after).data;
    if (on === undefined || of === undefined) return [];
    return [
      {
        case: state.id,
        instance: state.target.instanceId,
        volume: of.volumeId,
        copy: on.volumeId,
        snapshot: change.resource,
        device: on.device,
      },
    ];
  });
}

function changesOf({ changes }: CaseState, step: string): readonly (ChangeRecord & { readonly outcome: Json })[] {
  return [...changes.values()].filter(
    ({ change, state }) => change.step === step && (state === "applied" || state === "verified"),
  );
}

/** How to reach it, and what is on it, for people. Ids, types and names of devices are AWS's text. */
export function workstationLines(one: KnownWorkstation): readonly string[] {
  const lines = [
    `${one.instance} (${one.type}) of incident ${one.incident}, account ${one.account}, ${one.region}`,
    "",
    "A shell, by Systems Manager:",
    `  ${one.session}`,
    "SSH, through a tunnel of Systems Manager:",
    `  ${one.tunnel}`,
    "  ssh -p 2222 USER@127.0.0.1",
    "",
    ...(one.disks.length === 0
      ? ["No disks are attached yet."]
      : [
          "Disks, attached and not mounted; mount them read-only:",
          ...one.disks.map(({ copy, device, volume, instance }) => `  ${copy} as ${device}: ${volume} of ${instance}`),
        ]),
  ];
  return lines.map(printable);
}
