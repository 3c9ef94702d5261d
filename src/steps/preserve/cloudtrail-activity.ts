import { z } from "zod";
import { REMEMBERED_MS } from "../../aws/cloudtrail-events.ts";
import { ifReadable } from "../../aws/if-readable.ts";
import { associationsOf, rolesOfProfile } from "../../aws/instance-profiles.ts";
import { interfacesOf } from "../../aws/network-interfaces.ts";
import { stored } from "../../core/artifact.ts";
import type { Json } from "../../core/json.ts";
import { durationMs } from "../../core/playbook.ts";
import {
  collected,
  defineCollection,
  later,
  type CollectResult,
  type Item,
  type ItemDraft,
  type StepContext,
} from "../../core/step.ts";
import { PROFILE_STEPS, profilesOfCase } from "../case-profiles.ts";
import { expectParts, type LookProgress, lookProgress, readPart } from "./cloudtrail-parts.ts";
import { linesOf } from "./cloudtrail-records.ts";
import { summaryOf } from "./cloudtrail-summary.ts";
import { notInHistory, type Way, waysOf } from "./cloudtrail-ways.ts";

const duration = z.string().refine((text) => durationMs(text) !== null, "expected a duration such as 15m, 12h or 7d");

const input = z.strictObject({
  lookBack: duration
    .default("1d")
    .describe("How long before the first finding the events begin; at most 90 days back."),
  again: z
    .union([z.literal("never"), duration])
    .default("15m")
    .describe("After how long it looks a second time, for events that CloudTrail delivers late; `never` for once."),
});

const item = z.strictObject({
  attribute: z.enum(["AccessKeyId", "EventName", "ResourceName", "Username"]),
  value: z.string(),
  region: z.string(),
  shows: z.string(),
  /** Milliseconds since 1970. */
  from: z.number(),
  /** Addresses of the instance, as they were when this was planned. */
  addresses: z.array(z.string()),
  /** How long the look waits; 0 for the first. */
  waitMs: z.number(),
});

type Details = z.infer<typeof item>;

/** A case may wait that long for its turn among a thousand at two calls a second. */
const TURN_WITHIN_MS = 3 * 3_600_000;

/**
 * Saves what CloudTrail's event history says of the instance: what was called with its credentials, wherever from, what was
 * done to it, who took and who changed its role, and what was called with an access key that a finding names.
 *
 * It looks once, and once more after a while, because CloudTrail delivers an event some five minutes after the call and
 * promises no bound. Each look is one file for each way of looking, with one event a line as CloudTrail gave it; where there
 * are very many it goes on with older ones in further files, so that cheap calls do not push out those that count. Nothing
 * waits for it and nothing is lost by waiting: AWS keeps the history for 90 days, and nobody can change it.
 *
 * The history has management events only. What was done with objects and other data is in no history, and calls in other
 * Regions are in theirs; it looks in the instance's, and in the one where IAM's are recorded.
 *
 * Two calls a second are AWS's limit for a whole account and Region: with many cases it takes its time.
 */
export const cloudtrailActivity = defineCollection({
  id: "preserve.cloudtrail-activity",
  title: "Save what CloudTrail recorded of instance and role",
  settlesWithinMs: 0,
  // Once the profile is gone, only what was planned there still names it.
  reads: [...PROFILE_STEPS],
  permissions: {
    target: {
      plan: ["ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeNetworkInterfaces", "iam:GetInstanceProfile"],
      collect: ["cloudtrail:LookupEvents"],
      verify: [],
    },
  },
  input,
  item,

  async plan(context, { lookBack, again }) {
    const { aws, target, findings, now } = context;
    const [associations, interfaces] = await Promise.all([
      associationsOf(aws.ec2, target.instanceId),
      interfacesOf(aws.ec2, target.instanceId),
    ]);
    const profiles = [...new Set([...associations.map(({ name }) => name), ...profilesOfCase(context)])];
    // Whoever deleted a profile must not have the rest left out with it.
    const read = await Promise.all(profiles.map((name) => ifReadable(rolesOfProfile(aws.iam, name))));
    const roles = read.flatMap((each) => each ?? []);
    const unread = profiles.filter((_, index) => read[index] === null);
    const addresses = interfaces.flatMap(({ privateAddresses, ipv6Addresses, publicAddresses }) => [
      ...privateAddresses,
      ...ipv6Addresses,
      ...publicAddresses,
    ]);
    const firstSeen = Math.min(now, ...findings.map((finding) => Date.parse(finding.firstSeen)));
    const from = Math.max(firstSeen - msOf(lookBack), now - REMEMBERED_MS);
    const looks = again === "never" ? [0] : [0, msOf(again)];
    const ways = waysOf({ target, roles, findings });
    return {
      items: looks.flatMap((waitMs) => ways.map((way) => draft(way, { from, addresses, waitMs }))),
      left: [
        { resource: target.instanceId, reason: notInHistory(target) },
        ...unread.map((name) => ({
          resource: name,
          reason: "AWS does not say which role this profile has: the role is not looked up",
        })),
      ],
    };
  },

  collect(context, collecting, progress) {
    const { waitMs } = collecting.details;
    if (waitMs > 0 && progress === null)
      return Promise.resolve(later({ phase: "waiting", since: context.now }, timesOf(waitMs, waitMs)));
    return save(context, collecting, progress === null ? null : lookProgress.parse(progress));
  },

  verify: (_, { details }, artifacts) =>
    Promise.resolve(expectParts(`events with ${details.attribute} ${details.value}`, artifacts)),
});

function timesOf(waitMs: number, afterMs: number): { readonly afterMs: number; readonly withinMs: number } {
  return { afterMs, withinMs: waitMs + TURN_WITHIN_MS };
}

function draft(
  { attribute, value, region, shows }: Way,
  rest: Pick<Details, "from" | "addresses" | "waitMs">,
): ItemDraft<Details> {
  const look = rest.waitMs === 0 ? "" : "-again";
  return {
    resource: value,
    attribute: `${attribute}-${region}${look}`,
    details: { attribute, value, region, shows, ...rest },
  };
}

/** Stores one part. The next is read when the journal has this one: whoever dies between reads it again, and counts it once. */
async function save(
  { aws, vault, now, target }: StepContext,
  { attribute = "", details }: Item<Details>,
  progress: LookProgress | null,
): Promise<CollectResult> {
  const { value, region, shows, from, addresses, waitMs } = details;
  const { to, known, artifacts } = progress?.phase === "reading" ? progress : { to: now, known: [], artifacts: [] };
  const lookup = { attribute: details.attribute, value, from, to };
  const number = artifacts.length + 1;
  const { records, next, cut } = await readPart(aws.cloudtrailIn(region), lookup, { number, known });
  const { events, pages } = records;
  // The part before ended just where the history does.
  if (number > 1 && events.length === 0 && cut === null && next === null) return collected(...artifacts);
  const name = `${fileName(value)}-${attribute}${number === 1 ? "" : `-part-${number}`}.jsonl`;
  const kept = await vault.put("cloudtrail-activity", name, linesOf({ events }));
  const lineage = {
    instanceId: target.instanceId,
    source: "cloudtrail:LookupEvents",
    attribute: details.attribute,
    value,
    region,
    shows,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    look: waitMs === 0 ? "first" : "again",
    part: number,
    pages,
    cut,
    ...(summaryOf(events, { instanceId: target.instanceId, addresses, isFurther: number > 1 }) as object),
    notInIt: notInHistory(target),
    late: "An event comes some five minutes after the call, and sometimes later: the last calls may be missing.",
  };
  const all = [...artifacts, stored("cloudtrail-activity", kept, { readAt: now, lineage })];
  if (next === null) return collected(...all);
  return later(
    { phase: "reading", to: next.to, known: next.known, artifacts: all as unknown as Json },
    timesOf(waitMs, 0),
  );
}

/** An ARN's last part, without what a file's name cannot have. */
function fileName(value: string): string {
  return value.slice(value.lastIndexOf("/") + 1).replaceAll(/[^\w+=,.@-]/g, "_");
}

function msOf(text: string): number {
  const ms = durationMs(text);
  if (ms === null) throw new TypeError(`${text} is not a duration, though the schema let it through`);
  return ms;
}
