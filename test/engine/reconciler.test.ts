import { expect, it } from "vitest";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Claim, SharedStep, StepContext } from "../../src/core/step.ts";
import { Reconciler } from "../../src/engine/reconciler.ts";
import { openSqlite } from "../../src/store/sqlite.ts";

/** A resource that is read, and written a while later. Each write of a reader who missed one before it is lost. */
function sharedResource(clock: SimulatedClock) {
  const resource = { members: [] as readonly string[], writes: 0, atOnce: 0, most: 0 };
  const reconcile: SharedStep["reconcile"] = async (_, __, { claims }) => {
    resource.atOnce += 1;
    resource.most = Math.max(resource.most, resource.atOnce);
    await clock.sleep(500);
    resource.members = claims.map(({ member }) => member);
    resource.writes += 1;
    resource.atOnce -= 1;
    return null;
  };
  return { resource, step: { id: "contain.shared", reconcile } as SharedStep };
}

const claimOf = (member: string): Claim => ({
  resource: "role",
  step: "contain.shared",
  member,
  case: `case of ${member}`,
  value: {},
  until: null,
});
const context = { signal: new AbortController().signal } as StepContext;

it.each([
  ["one process with a connection for each case", ["here", "here", "here"]],
  ["several processes", ["here", "there", "elsewhere"]],
])("a resource has one writer at a time in %s", async (_, owners) => {
  const clock = new SimulatedClock(1_000_000);
  const store = openSqlite(":memory:", { hold: () => clock.hold() });
  const { resource, step } = sharedResource(clock);
  await clock.run(() =>
    Promise.all(
      owners.map((owner, index) =>
        new Reconciler({ store, clock, owner }).claim(step, context, claimOf(`instance-${index}`)),
      ),
    ),
  );
  expect(resource.most).toBe(1);
  expect(resource.members).toEqual(["instance-0", "instance-1", "instance-2"]);
  store.close();
});
