import { expect, test } from "vitest";
import { SimulatedClock } from "../../../core/clock.ts";
import { createRange, START_OF_SIMULATED_TIME_MS } from "../../range.ts";
import type { EventTreatment } from "../../world/event-history.ts";

const MINUTE_MS = 60_000;

/** Two calls of Cordon's role on one instance, and a way to look for them as botocore does. */
function twoCalls(treatment: EventTreatment | null) {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "c2-beacon", seed: 3, clock });
  range.world.eventHistory.treatment = () => treatment;
  const { instanceId } = range.scenario.targets[0]!;
  const request = (service: string, target: Readonly<Record<string, string>>, body: string) =>
    range.handle({
      method: "POST",
      path: "/",
      query: {},
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${range.responder.accessKeyId}/20260115/eu-central-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
        host: `${service}.eu-central-1.amazonaws.com`,
        ...target,
      },
      body: new TextEncoder().encode(body),
    });
  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const lookUp = async (prefix: string) => {
    await clock.sleep(1000);
    const { status, body } = await request(
      "cloudtrail",
      { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${prefix}.LookupEvents` },
      JSON.stringify({
        LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: instanceId }],
        StartTime: START_OF_SIMULATED_TIME_MS / 1000, // The instance's past is not asked for.
      }),
    );
    const { Events = [] } = JSON.parse(new TextDecoder().decode(body)) as {
      Events?: readonly { readonly EventName: string }[];
    };
    return [status, ...Events.map(({ EventName }) => EventName)];
  };
  const call = async () => {
    const at = "Version=2016-11-15";
    await request("ec2", form, `Action=CreateTags&${at}&ResourceId.1=${instanceId}&Tag.1.Key=a&Tag.1.Value=b`);
    await request(
      "ec2",
      form,
      `Action=ModifyInstanceAttribute&${at}&InstanceId=${instanceId}&DisableApiTermination.Value=true`,
    );
  };
  return { clock, call, lookUp };
}

const NAMESPACED = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

test("a lookup by resource finds a call on tags, and not one whose events name no resource", async () => {
  const { clock, call, lookUp } = twoCalls(null);
  await clock.run(async () => {
    await call();
    await clock.sleep(16 * MINUTE_MS);
    expect(await lookUp("CloudTrail_20131101")).toEqual([200, "CreateTags"]);
    expect(await lookUp(NAMESPACED)).toEqual([200, "CreateTags"]);
  });
});

test("another prefix is not CloudTrail's", async () => {
  const { clock, lookUp } = twoCalls(null);
  await clock.run(async () => expect((await lookUp("com.amazonaws.other.CloudTrail_20131101"))[0]).not.toBe(200));
});

test.each<[string, EventTreatment, number, readonly string[]]>([
  ["delivered after an hour, before it", { deliveredAfterMs: 60 * MINUTE_MS }, 59, []],
  ["delivered after an hour, after it", { deliveredAfterMs: 60 * MINUTE_MS }, 61, ["CreateTags"]],
  ["lost", { deliveredAfterMs: "never" }, 600, []],
  ["without resources", { isWithoutResources: true }, 16, []],
  ["with resources whatever its name", { isWithoutResources: false }, 16, ["ModifyInstanceAttribute", "CreateTags"]],
])("an event %s", async (_, treatment, minutes, names) => {
  const { clock, call, lookUp } = twoCalls(treatment);
  await clock.run(async () => {
    await call();
    await clock.sleep(minutes * MINUTE_MS);
    expect((await lookUp("CloudTrail_20131101")).slice(1)).toEqual(names);
  });
});
