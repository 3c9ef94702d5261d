import { noVault } from "../../src/core/artifact.ts";
import { createClients } from "../../src/aws/clients.ts";
import { SimulatedClock } from "../../src/core/clock.ts";
import type { Json } from "../../src/core/json.ts";
import type { Claim, Ledger, StepContext } from "../../src/core/step.ts";
import { readGuardDuty } from "../../src/intake/guardduty.ts";
import { createRange, START_OF_SIMULATED_TIME_MS, type RangeOptions } from "../../src/range/range.ts";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";

const noGroup = Object.assign(() => null, { spoiled: [] });

/** The address that the scenario's finding names. */
export const POOL = "198.51.100.77";
/** An address that only a second finding would name. */
export const OTHER = "203.0.113.99";

/** A range, the step's context in it, and the claims and ledger that the engine would keep. */
export function drill(options: Partial<RangeOptions> = {}) {
  const clock = new SimulatedClock(START_OF_SIMULATED_TIME_MS);
  const range = createRange({ scenario: "miner-behind-nat", seed: 3, clock, ...options });
  const [target] = range.scenario.targets;
  if (target === undefined) throw new Error("the scenario has no target");
  const clients = createClients({
    region: "eu-central-1",
    credentials: range.responder,
    requestHandler: range.requestHandler(),
    clock,
    random: () => 0.5,
  });
  const { signal } = new AbortController();
  const findings = range.events().flatMap((event) => readGuardDuty(JSON.stringify(event), { file: "event" }).findings);
  const context = (more: Partial<StepContext> = {}, id = "case-1"): StepContext => ({
    case: { id, openedAt: clock.now(), incident: "incident-1" },
    findings,
    target,
    aws: clients.observed(() => {}, signal),
    prepared: { groups: async () => noGroup },
    outcomes: {},
    survivors: null,
    settings: { purpose: "forensics", neverDeny: [] },
    now: clock.now(),
    signal,
    attempt: 1,
    lookSince: null,
    vault: noVault("this step keeps no evidence"),
    changesSent: () => [],
    nonce: "nonce",
    ...more,
  });
  const claims: Claim[] = [];
  let kept: { original: Json; ours: Json } | null = null;
  const ledger = (id: string): Ledger => ({
    claims: [...claims],
    asked: claims.filter((claim) => claim.case === id),
    original: kept?.original ?? null,
    ours: kept?.ours ?? null,
    save: async (next) => void (kept = next),
  });
  const { networkAcls, interfaces } = range.world.place("111122223333", "eu-central-1").region;
  const own = [...interfaces.values()].filter(({ attachment }) => attachment?.instanceId === target.instanceId);
  const privateAcl = [...networkAcls.values()].find(({ associations }) =>
    associations.some(({ subnetId }) => own.some((one) => one.subnetId === subnetId)),
  );
  if (privateAcl === undefined) throw new Error("the target has no network ACL");
  return {
    clock,
    range,
    findings,
    context,
    acl: privateAcl,
    claims,
    claim: (member: string, id = "case-1") =>
      void claims.push({
        resource: privateAcl.id,
        step: "contain.remote-addresses",
        member,
        case: id,
        value: { address: member, action: "deny" },
        until: null,
      }),
    release: (member: string, id = "case-1") =>
      void claims.splice(
        claims.findIndex((claim) => claim.member === member && claim.case === id),
        1,
      ),
    reconcile: (id = "case-1") => remoteAddresses.reconcile(context({}, id), privateAcl.id, ledger(id)),
    verify: (address: string) =>
      remoteAddresses.verify(
        context(),
        {
          id: "x",
          step: "contain.remote-addresses",
          resource: privateAcl.id,
          attribute: address,
          before: null,
          after: { address, action: "deny" },
        },
        null,
      ),
    entries: () =>
      privateAcl.entries
        .map(
          ({ egress, number, action, cidr, ipv6Cidr }) =>
            `${egress ? "out" : "in"} ${number} ${action} ${cidr ?? ipv6Cidr}`,
        )
        .sort(),
    foreign: (number: number, action: "allow" | "deny", cidr: string) =>
      range.world.change(privateAcl, () => {
        for (const egress of [false, true]) {
          const family = cidr.includes(":") ? { cidr: null, ipv6Cidr: cidr } : { cidr, ipv6Cidr: null };
          privateAcl.entries.push({ number, egress, protocol: "-1", action, portRange: null, icmp: null, ...family });
        }
      }),
  };
}
