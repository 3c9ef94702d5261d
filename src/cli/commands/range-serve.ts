import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { createRange, type Range, scenarios } from "../../range/range.ts";
import { TARGET_REGION, type Variant } from "../../range/scenarios/scenario.ts";
import { listen } from "../../range/wire/http.ts";
import type { Handle } from "../../range/wire/request.ts";
import { wrongUsage } from "../failure.ts";
import type { Output } from "../output.ts";
import { scaledClock } from "../scaled-clock.ts";

export interface RangeServeFlags {
  readonly scenario: string;
  readonly port: number;
  readonly seed: number;
  readonly variant: readonly string[];
  readonly speed: number;
  readonly event?: string;
}

/** Serves a range on loopback until the signal aborts. Its attackers live in it all the while. */
export async function serveRange(output: Output, flags: RangeServeFlags, signal: AbortSignal): Promise<number> {
  const { speed, seed, scenario } = flags;
  assertKnown(flags);
  // It begins at the machine's time: a store that has seen one served range must not see the next one in its past.
  const clock = scaledClock({ originMs: Date.now(), speed });
  const range = createRange({
    scenario,
    seed,
    clock,
    variants: flags.variant as readonly Variant[],
    administratorsByAnyKey: true,
  });
  const server = await listen(
    withClock((request) => range.handle(request), { clock, speed }),
    { port: flags.port },
  ).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    throw wrongUsage("range serve", {
      what: `Port ${flags.port}`,
      reason: "something listens there already: choose another with --port, or 0 for a free one",
    });
  });
  try {
    range.start(signal);
    const address = `http://127.0.0.1:${server.port}`;
    const eventFile = writeEvent(range, flags.event);
    await announce(output, { range, address, eventFile });
    if (!signal.aborted)
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    output.narrate("The range is gone; nothing of it is kept.");
    return 0;
  } finally {
    await server.close();
  }
}

function assertKnown({ scenario, variant }: RangeServeFlags): void {
  const known = scenarios.find(({ id }) => id === scenario);
  if (!known)
    throw wrongUsage("range serve", {
      what: `Scenario ${scenario}`,
      reason: `expected one of ${scenarios.map(({ id }) => id).join(", ")}`,
    });
  const unknown = variant.find((each) => !known.variants.some((one) => one === each));
  if (unknown !== undefined)
    throw wrongUsage("range serve", {
      what: `Variant ${unknown}`,
      reason: `${scenario} has ${known.variants.join(", ") || "none"}`,
    });
}

/** Answers what time it is in the range beside AWS's own wire: whoever responds must live in the same time. */
function withClock(handle: Handle, { clock, speed }: { readonly clock: Clock; readonly speed: number }): Handle {
  return (request) => {
    if (request.path !== "/_range/clock") return handle(request);
    const body = new TextEncoder().encode(JSON.stringify({ now: clock.now(), speed, region: TARGET_REGION }));
    return Promise.resolve({ status: 200, headers: { "content-type": "application/json" }, body });
  };
}

/** Writes the scenario's findings, one event of EventBridge a file; null where a person starts by hand. */
function writeEvent(range: Range, named: string | undefined): string | null {
  const [event] = range.events();
  if (event === undefined || named === "-") return null;
  const file = named ?? join(mkdtempSync(join(tmpdir(), "cordon-range-")), "finding.json");
  writeFileSync(file, `${JSON.stringify(event, null, 2)}\n`);
  return file;
}

interface Announced {
  readonly range: Range;
  readonly address: string;
  readonly eventFile: string | null;
}

function announce(output: Output, { range, address, eventFile }: Announced): Promise<void> {
  const { scenario } = range;
  const [target] = scenario.targets;
  const instance = target?.instanceId ?? "";
  const document = { address, scenario: scenario.id, targets: scenario.targets, eventFile, events: range.events() };
  const respond = eventFile === null ? instance : `--finding ${eventFile}`;
  return output.result(document, () => [
    `${scenario.title}: ${scenario.description}`,
    "",
    `The range listens at ${address} (account ${target?.account ?? ""}, ${target?.region ?? ""}); any access key is its administrator's.`,
    ...scenario.targets.map(({ instanceId }) => `Instance ${instanceId}`),
    ...(eventFile === null ? [] : [`The finding: ${eventFile}`]),
    ...(eventFile === null && range.events().length > 0 ? [JSON.stringify(range.events()[0], null, 2)] : []),
    "",
    "Try, in another terminal:",
    `  AWS_ACCESS_KEY_ID=range AWS_SECRET_ACCESS_KEY=range aws --region ${target?.region ?? ""} --endpoint-url ${address} ec2 describe-instances`,
    `  npx cordon plan ${instance} --endpoint-url ${address}`,
    `  npx cordon respond ${respond} --apply --yes --endpoint-url ${address}`,
    `  npx cordon release ${instance} --yes`,
    "",
    "Ctrl-C ends it.",
  ]);
}
