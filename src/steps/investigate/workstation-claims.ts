import { z } from "zod";
import {
  endWorkstation,
  findWorkstation,
  launchWorkstation,
  workstationOfToken,
  type Launch,
} from "../../aws/workstations.ts";
import { CordonError, Refusal } from "../../core/errors.ts";
import type { Json } from "../../core/json.ts";
import { sha256 } from "../../core/json.ts";
import type { Ledger, StepContext } from "../../core/step.ts";

/** What is launched, as the plan says it. */
export const after = z.strictObject({
  imageId: z.string(),
  instanceType: z.string(),
  subnetId: z.string(),
  zone: z.string(),
  groupId: z.string(),
  rootDevice: z.string(),
  profile: z.string().nullable(),
  keyName: z.string().nullable(),
  keep: z.boolean(),
});

/** The workstation that a claim got. */
export const workstationOutcome = z.strictObject({
  instanceId: z.string(),
  instanceType: z.string(),
  zone: z.string(),
});

/** What the ledger keeps of our launch: written before the call, so that whoever follows repeats the very same one. */
const ours = z.strictObject({
  token: z.string(),
  /** When it was recorded, in milliseconds since 1970. */
  at: z.number(),
  wanted: after,
  tags: z.record(z.string(), z.string()),
  /** Null until AWS answered. */
  instanceId: z.string().nullable(),
  /** When AWS took the order to end it. */
  endingSince: z.number().nullable(),
});

type Ours = z.infer<typeof ours>;

/** So long may AWS keep what it has launched out of a reader's sight. */
const STALE_READS_MS = 60_000;

/** So long its end is waited for. What AWS has begun to end, nobody keeps from ending. */
const ENDING_MS = 60_000;

/** There was nothing before. */
const NOTHING = { workstation: "none" } as const;

/** One workstation while anybody claims it, none of ours with the last claim. Called under the resource's lock. */
export async function reconcileWorkstation(context: StepContext, resource: string, ledger: Ledger): Promise<Json> {
  const known = ledger.ours === null ? null : ours.parse(ledger.ours);
  if (ledger.claims.length > 0) return hold(context, { resource, ledger, known });
  if (known !== null && !known.wanted.keep) await giveBack(context, { resource, ledger, known });
  return null;
}

interface Holding {
  readonly resource: string;
  readonly ledger: Ledger;
  readonly known: Ours | null;
}

async function hold(context: StepContext, { resource, ledger, known }: Holding): Promise<Json> {
  const present = known === null ? null : await stillThere(context, known);
  if (present !== null) {
    if (present.instanceId !== known?.instanceId) await ledger.save({ original: NOTHING, ours: present });
    if (present.instanceId !== null) return outcomeOf(present, present.instanceId);
  }
  // Dated anew with every call: an answer that is lost now is looked for from now on.
  const launch = { ...(present ?? fresh(context, { resource, ledger })), at: context.now };
  await ledger.save({ original: NOTHING, ours: launch });
  const instanceId = await launchWorkstation(context.aws.ec2, launchOf(launch));
  await ledger.save({ original: NOTHING, ours: { ...launch, instanceId } });
  return outcomeOf(launch, instanceId);
}

function outcomeOf({ wanted: { instanceType, zone } }: Ours, instanceId: string): Json {
  return { instanceId, instanceType, zone };
}

/** Our launch where it still stands, with the instance where that is known; null where another one must follow. */
async function stillThere({ aws, now }: StepContext, known: Ours): Promise<Ours | null> {
  const isRecent = now - known.at < STALE_READS_MS;
  if (known.instanceId === null && isRecent) return known; // Its answer was lost: the same call again gives it.
  const seen =
    known.instanceId === null
      ? await workstationOfToken(aws.ec2, known.token)
      : await findWorkstation(aws.ec2, known.instanceId);
  if (seen === null) return isRecent ? known : null;
  return isEnded(seen.state) ? null : { ...known, instanceId: seen.id };
}

function isEnded(state: string): boolean {
  return state === "shutting-down" || state === "terminated";
}

/** The launch that the claims ask for, under a token that no earlier launch of the incident had. */
function fresh(
  { nonce, now, settings, case: { incident } }: StepContext,
  { resource, ledger }: Pick<Holding, "resource" | "ledger">,
): Ours {
  const [claim] = [...ledger.asked, ...ledger.claims];
  return {
    token: sha256(`${nonce} ${resource} ${now}`),
    at: now,
    wanted: after.parse(claim?.value),
    tags: {
      Name: "cordon-workstation",
      "cordon:managed": "true",
      "cordon:incident": incident,
      "cordon:workstation": "true",
      Purpose: settings.purpose,
    },
    instanceId: null,
    endingSince: null,
  };
}

function launchOf({ token, wanted, tags }: Ours): Launch {
  const { imageId, instanceType, subnetId, groupId, rootDevice, profile, keyName } = wanted;
  return { token, imageId, instanceType, subnetId, groupId, rootDevice, profile, keyName, tags };
}

/** The last case is released: what we launched goes, and nothing else. */
async function giveBack(
  { aws, now }: StepContext,
  { ledger, known }: Holding & { readonly known: Ours },
): Promise<void> {
  const { token, wanted, at } = known;
  const pending = (resource: string): CordonError => new CordonError("propagation_pending", { resource });
  const isRecent = now - at < STALE_READS_MS;
  const id = known.instanceId ?? (await workstationOfToken(aws.ec2, token))?.id ?? null;
  if (id === null) {
    if (isRecent) throw pending(wanted.imageId);
    return; // The launch never reached AWS.
  }
  if (known.instanceId === null) await ledger.save({ original: NOTHING, ours: { ...known, instanceId: id } });
  const endingSince = known.endingSince ?? now;
  const ended = await endWorkstation(aws.ec2, { id, token });
  if (ended === "gone" && isRecent) throw pending(id);
  if (ended === "ending" && now - endingSince < ENDING_MS) {
    if (known.endingSince === null)
      await ledger.save({ original: NOTHING, ours: { ...known, instanceId: id, endingSince } });
    throw pending(id); // Its disk and its interface go with its end.
  }
  if (ended === "foreign")
    throw new Refusal("changed_since", {
      resource: id,
      expected: `launched by Cordon under the token ${token.slice(0, 8)}...`,
      observed: "launched by somebody else",
    });
  if (ended === "held")
    throw new Refusal("changed_since", {
      resource: id,
      expected: "protected by Cordon alone",
      observed: "protected from being stopped by somebody else, who wants it kept",
    });
}
