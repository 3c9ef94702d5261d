import { z } from "zod";
import type { Destination, Route } from "./route.ts";

const listOf = <Item extends z.ZodType>(item: Item): z.ZodUnion<readonly [Item, z.ZodArray<Item>]> =>
  z.union([item, z.array(item).min(1).max(200)]);

const account = z.string().regex(/^\d{12}$/, "expected the twelve digits of an account, in quotes");
const region = z.string().regex(/^[a-z]{2,4}(-[a-z]+)+-\d{1,2}$/, "expected a region such as eu-west-1");
const pattern = z.string().min(1).max(256);
const severity = z.number().min(0).max(10);

/** Conditions on tags, by key. */
export const tagConditions = z.record(z.string().min(1).max(128), listOf(z.string().max(256)));

const conditions = z.strictObject({
  type: listOf(pattern).optional().describe("Finding types; `*` stands for any text."),
  severity: z
    .strictObject({ min: severity.optional(), max: severity.optional() })
    .refine(({ min, max }) => min !== undefined || max !== undefined, "expected min, max or both")
    .refine(({ min = 0, max = 10 }) => min <= max, "min is above max")
    .optional()
    .describe("From 0 to 10; both ends belong to it."),
  account: listOf(account).optional(),
  region: listOf(region).optional(),
  product: listOf(z.enum(["guardduty", "security-hub", "manual"]))
    .optional()
    .describe("Which product sent the finding."),
  verdict: listOf(z.enum(["compromised", "suspected", "exposure", "unrelated"]))
    .optional()
    .describe("What triage makes of the finding."),
  tags: tagConditions
    .optional()
    .describe("Tags of the instance, by key; `*` stands for any text. Such a route can only ask."),
});

const playbook = z
  .string()
  .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "expected a playbook's id")
  .max(64);

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEventsRequestEntry.html */
const eventBus = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:events:[a-z]{2,4}(-[a-z]+)+-\d{1,2}:\d{12}:event-bus\/[/.\-_A-Za-z0-9]{1,256}$/,
    "expected the ARN of an event bus",
  );

/** https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html */
const stateMachine = z
  .string()
  .regex(
    /^arn:aws[a-z-]*:states:[a-z]{2,4}(-[a-z]+)+-\d{1,2}:\d{12}:stateMachine:[A-Za-z0-9_-]{1,80}$/,
    "expected the ARN of a state machine",
  );

const webhook = z.string().max(2048).refine(isSafeAddress, "expected an https address; http only on this machine");

const secretFrom = z
  .string()
  .regex(/^[A-Z][A-Z0-9_]{0,127}$/, "expected the name of a variable of the environment, never the secret itself");

const destination = z.union([
  z.enum(["ignore", "ask"]),
  z.strictObject({
    playbook: playbook.describe("The playbook's id."),
    ask: z.boolean().default(false).describe("Ask before anything is contained, whatever the verdict."),
  }),
  z.strictObject({ eventBus }),
  z.strictObject({
    webhook,
    secretFrom: secretFrom.describe("The variable of the environment that holds the key of the signature."),
  }),
  z.strictObject({ stateMachine }),
]);

const route = z
  .strictObject({
    name: z.string().min(1).max(100).optional().describe("What it is called where a finding's way is explained."),
    when: conditions.default({}).describe("All of these must hold; of a list, one."),
    to: destination.describe("A playbook, `ignore`, `ask`, or who takes the finding over."),
  })
  .superRefine(({ when, to }, context) => {
    if (when.tags !== undefined && !asks(to)) {
      context.addIssue({
        code: "custom",
        path: ["to"],
        message: "a route on tags can only ask: an intruder may have written them (write `ask`, or `ask: true`)",
      });
    }
    if (to === "ignore" && Object.keys(when).length === 0) {
      context.addIssue({ code: "custom", path: ["to"], message: "a route that ignores needs a condition" });
    }
  });

/** The shape of `routes` in `cordon.yaml`: the first that matches decides. */
export const routesFile = z
  .array(route)
  .max(200)
  .superRefine((routes, context) => {
    const catchAll = routes.findIndex(({ when }) => Object.keys(when).length === 0);
    if (catchAll < 0 || catchAll === routes.length - 1) return;
    context.addIssue({
      code: "custom",
      path: [catchAll + 1],
      message: `never reached: routes.${catchAll} has no condition and takes every finding`,
    });
  });

type RouteFile = z.infer<typeof route>;

/** The routes that a file of the right shape describes. */
export function routesOf(file: readonly RouteFile[]): readonly Route[] {
  return file.map(({ name, when, to }) => {
    const { severity: between, tags, ...lists } = when;
    return {
      name: name ?? null,
      when: {
        ...(lists.type === undefined ? {} : { type: [lists.type].flat() }),
        ...(lists.account === undefined ? {} : { account: [lists.account].flat() }),
        ...(lists.region === undefined ? {} : { region: [lists.region].flat() }),
        ...(lists.product === undefined ? {} : { product: [lists.product].flat() }),
        ...(lists.verdict === undefined ? {} : { verdict: [lists.verdict].flat() }),
        ...(between === undefined ? {} : { severity: between }),
        ...(tags === undefined ? {} : { tags: tagsOf(tags) }),
      },
      to: destinationOf(to),
    };
  });
}

/** Tag conditions with every value as a list. */
export function tagsOf(file: z.infer<typeof tagConditions>): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(Object.entries(file).map(([key, values]) => [key, [values].flat()]));
}

function destinationOf(to: RouteFile["to"]): Destination {
  if (to === "ignore") return { kind: "ignore" };
  if (to === "ask") return { kind: "ask", playbook: null };
  if ("playbook" in to) return { kind: to.ask ? "ask" : "playbook", playbook: to.playbook };
  if ("eventBus" in to) return { kind: "handOver", target: { kind: "eventBus", arn: to.eventBus } };
  if ("webhook" in to)
    return { kind: "handOver", target: { kind: "webhook", url: to.webhook, secretFrom: to.secretFrom } };
  return { kind: "handOver", target: { kind: "stateMachine", arn: to.stateMachine } };
}

function asks(to: RouteFile["to"]): boolean {
  return to === "ask" || (typeof to === "object" && "playbook" in to && to.ask);
}

/** Findings name weak places: they travel encrypted, or not at all over a network. Credentials do not belong in an address. */
function isSafeAddress(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || url.username !== "" || url.password !== "") return false;
  return (
    url.protocol === "https:" ||
    (url.protocol === "http:" && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname))
  );
}
