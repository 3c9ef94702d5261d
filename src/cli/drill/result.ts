import { z } from "zod";

const contained = z.union([z.boolean(), z.enum(["sealed", "partial"])]);

/** What one drill came to, as `cordon drill --output json` prints it. Published as `schemas/drill.schema.json`. */
export const drillResult = z.strictObject({
  scenario: z.string(),
  seed: z.int(),
  case: z.string().nullable().describe("The case that was opened; null where nothing was to be done."),
  cases: z
    .array(
      z.strictObject({
        id: z.string(),
        incident: z.string(),
        instance: z.string(),
        status: z.string(),
        contained,
      }),
    )
    .describe("Every case of the incident, `case` first; what follows is of all of them together."),
  playbook: z.string().nullable(),
  status: z.string(),
  contained: contained.describe("What the last proof before the release said."),
  because: z.enum(["open", "unproven"]).nullable().describe("Why it is `partial`; null for the other answers."),
  asOf: z.iso.datetime().nullable().describe("The simulated time of that proof, UTC."),
  dueAt: z.iso.datetime().nullable().describe("With `sealed`: when the missing evidence is due."),
  horizons: z
    .array(
      z.strictObject({
        source: z.string(),
        until: z.iso.datetime().nullable(),
        dueAt: z.iso.datetime().nullable(),
        gap: z.string().nullable(),
      }),
    )
    .describe("Up to when each source that is read late is known."),
  sealedAt: z.iso.datetime().nullable().describe("Since when every interface is verified sealed."),
  provenAt: z.iso.datetime().nullable().describe("Since when every proof says `true`."),
  timeToIsolationMs: z
    .number()
    .nullable()
    .describe("Simulated, from the finding's receipt to the last interface sealed."),
  roundTripsToIsolation: z
    .int()
    .describe("The longest chain of calls to the target's account on that path, without store and STS."),
  attackers: z.array(
    z.strictObject({
      name: z.string(),
      cut: z.boolean().describe("Never got through in the last five minutes of the observation."),
      lastSuccessMs: z
        .number()
        .nullable()
        .describe("When it last got through, in simulated ms after the receipt; negative before it; null for never."),
    }),
  ),
  survivors: z.array(
    z.strictObject({
      code: z.string().describe("docs/reference/survivors.md has an entry for each."),
      what: z.string(),
      certainty: z.string(),
      why: z.string(),
      lever: z.string(),
      blastRadius: z.string(),
    }),
  ),
  checks: z.array(
    z.strictObject({
      kind: z
        .string()
        .describe("`record` checks say what logs show, or that there are none: a drill is not lost because of them."),
      code: z.string().describe("docs/reference/survivors.md has an entry for each."),
      what: z.string(),
      ok: z.boolean(),
      expected: z.string(),
      observed: z.string(),
    }),
  ),
  changes: z.array(
    z.strictObject({
      id: z.string(),
      step: z.string(),
      resource: z.string(),
      attribute: z.string().nullable(),
      before: z.json(),
      after: z.json(),
      state: z.string(),
      reversible: z.string(),
    }),
  ),
  left: z.array(z.strictObject({ step: z.string(), resource: z.string(), reason: z.string() })),
  evidence: z.array(
    z.strictObject({ id: z.string(), kind: z.string(), location: z.string(), sha256: z.string().nullable() }),
  ),
  released: z
    .strictObject({
      ok: z.boolean(),
      differences: z.array(z.strictObject({ what: z.string(), declared: z.boolean() })),
    })
    .nullable()
    .describe("With --release: the account compared with what it was before."),
  journal: z.strictObject({ events: z.int(), head: z.string(), verified: z.boolean() }),
  awsCalls: z.strictObject({ total: z.int(), byOperation: z.record(z.string(), z.int()) }),
  score: z.int().min(0).max(100),
});

export type DrillResult = z.infer<typeof drillResult>;

/** The JSON schema of the document. */
export function drillJsonSchema(): string {
  return `${JSON.stringify({ title: "Result of a Cordon drill", ...z.toJSONSchema(drillResult) }, null, 2)}\n`;
}
