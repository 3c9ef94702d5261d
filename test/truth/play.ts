/** Plays the product against a drawn account, and holds each of its proofs against the world at that moment. */
import { readPlaybook } from "../../src/playbooks/read.ts";
import { registry } from "../../src/cli/compose.ts";
import { manualFinding } from "../../src/intake/manual.ts";
import { judge } from "../../src/intake/triage.ts";
import { receive } from "../../src/runners/reception.ts";
import { drawnNetworkOptions } from "../../src/range/world/network/options.ts";
import { seededRandom } from "../../src/range/world/random.ts";
import { createLaboratory, type Laboratory } from "../engine/harness.ts";
import { ASKED_PEERS, type HostileAccount } from "./hostile-account.ts";
import { proofShape, type ProofRead, type WorldFlow, type WorldView, wrongsOf } from "./oracle.ts";
import type { AclLine } from "./packets.ts";
import { foreignGroup, plant, stageAccount, type StagedAccount } from "./staging.ts";

/** Somebody who trusts the conversion has it carried out as a matter of course. */
const CONVERSION = `  - { id: convert, on_failure: continue, steps: [contain.tracked-connections] }
`;

const playbookText = ({ isConverted }: HostileAccount): string => `
id: truth
title: Cut off and proved, now and later
answers: []
autonomy: suspected
stages:
  - id: cut
    on_failure: continue
    steps:
      - contain.security-groups
      - contain.remote-addresses
      - contain.connection-timeouts
      - contain.instance-profile
      - contain.role-sessions
${isConverted ? CONVERSION : ""}  - id: prove
    steps: [assess.containment]
  - { id: prove-later, after: 16m, steps: [assess.containment] }
  - { id: prove-again, after: 26m, steps: [assess.containment] }
`;

const MINUTE_MS = 60_000;
const WATCHED_MS = 30 * MINUTE_MS;
const NOTICED_AFTER_MS = 20_000;
const STOPPED_AFTER_MS = 5 * MINUTE_MS;
/** CloudTrail delivers within this time here. */
const DELIVERED_WITHIN_MS = 15 * MINUTE_MS;

export interface PlayedProof {
  readonly at: number;
  readonly proof: ProofRead;
  readonly wrongs: readonly string[];
  /** How many of the planted flows would pass at that moment. */
  readonly passing: number;
}

export async function play(account: HostileAccount): Promise<readonly PlayedProof[]> {
  const playbook = readPlaybook(playbookText(account), { file: "truth", steps: registry.values() });
  const laboratory = createLaboratory({
    scenario: "manual-start",
    seed: account.seed,
    playbook,
    range: { networkOptions: drawnNetworkOptions(account.seed) },
  });
  const staged = stageAccount(laboratory.range, account);
  const played: PlayedProof[] = [];
  const openedAt: number[] = [];
  watch(laboratory, (body) => {
    const proof = proofShape.parse({ ledger: { closed: [] }, ...(body as object) });
    const at = laboratory.clock.now();
    const world = viewOf(laboratory, staged, { at, openedAt });
    const passing = world.flows.filter(({ passes }) => passes).length;
    played.push({ at, proof, wrongs: wrongsOf(proof, world), passing });
  });
  try {
    await laboratory.clock.run(async () => {
      await laboratory.clock.sleep(NOTICED_AFTER_MS / 2);
      interfere(staged, account);
      await laboratory.clock.sleep(NOTICED_AFTER_MS / 2);
      const life = laboratory.live();
      void openLater(laboratory, staged, account, openedAt);
      if (account.isStopped) void stopLater(laboratory, staged);
      const finding = manualFinding({
        instanceIds: [staged.instanceId],
        remoteAddresses: account.flows.filter(({ isNamed }) => isNamed).map(({ peer }) => peer),
        person: "analyst",
        account: staged.place.account.id,
        region: staged.place.region.name,
        now: laboratory.clock.now(),
        command: "respond",
      });
      const actor = { kind: "person", id: "analyst", channel: "drill" } as const;
      const [received] = await receive(
        { finding, judgement: judge(finding), playbook, orderedBy: actor.id, actor },
        {
          runner: life.runner,
          store: laboratory.store,
          clock: laboratory.clock,
          random: seededRandom(account.seed),
          owner: "intake",
        },
      );
      if (received === undefined) throw new TypeError("no case was opened");
      await life.runner.work(received.caseId, {
        signal: laboratory.signal,
        until: laboratory.clock.now() + WATCHED_MS,
      });
    });
  } finally {
    laboratory.close();
  }
  return played;
}

/** Tells of each proof at the instant at which it is durable. */
function watch({ store }: Laboratory, onProof: (body: unknown) => void): void {
  const { append } = store;
  store.append = async (write) => {
    const done = await append(write);
    for (const { body } of done === null ? [] : write.events) if (body.type === "assessment.made") onProof(body);
    return done;
  };
}

/** What somebody does to the groups in the minute before the cut, by ordinary calls. */
function interfere({ colleague, group, interfaces, place }: StagedAccount, { before }: HostileAccount): void {
  if (before === "nothing") return;
  if (before === "swapped") {
    const empty = foreignGroup(place, interfaces[0]?.vpcId ?? "", "192.0.2.1");
    for (const { id } of interfaces)
      colleague("ModifyNetworkInterfaceAttribute", { NetworkInterfaceId: id, Groups: [empty.id] });
    return;
  }
  if (before === "emptied") {
    const idsOf = (egress: boolean): readonly string[] =>
      group.rules.filter((rule) => rule.egress === egress).map(({ id }) => id);
    const [outward, inward] = [idsOf(true), idsOf(false)];
    if (outward.length > 0)
      colleague("RevokeSecurityGroupEgress", { GroupId: group.id, SecurityGroupRuleIds: outward });
    if (inward.length > 0) colleague("RevokeSecurityGroupIngress", { GroupId: group.id, SecurityGroupRuleIds: inward });
    return;
  }
  const everything = [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }];
  const isOpen = (egress: boolean): boolean =>
    group.rules.some((rule) => rule.egress === egress && rule.protocol === "-1");
  if (!isOpen(true)) colleague("AuthorizeSecurityGroupEgress", { GroupId: group.id, IpPermissions: everything });
  if (!isOpen(false)) colleague("AuthorizeSecurityGroupIngress", { GroupId: group.id, IpPermissions: everything });
}

async function stopLater({ clock }: Laboratory, { colleague, instanceId }: StagedAccount): Promise<void> {
  await clock.sleep(STOPPED_AFTER_MS);
  colleague("StopInstances", { InstanceIds: [instanceId] });
}

/** Opens the interface for a while after the cut, lets a flow begin, and puts everything back as it was found. */
async function openLater(
  laboratory: Laboratory,
  staged: StagedAccount,
  { openings }: HostileAccount,
  openedAt: number[],
): Promise<void> {
  const { clock, range } = laboratory;
  const [nic] = staged.interfaces;
  for (const { afterMs, forMs } of openings) {
    await clock.sleep(afterMs);
    if (nic === undefined) return;
    const before = [...nic.groupIds];
    const opened = foreignGroup(staged.place, nic.vpcId, "198.51.100.140");
    const set = (Groups: readonly string[]): unknown =>
      staged.colleague("ModifyNetworkInterfaceAttribute", { NetworkInterfaceId: nic.id, Groups });
    set([opened.id]);
    openedAt.push(clock.now());
    const begun = plant(range, nic, {
      protocol: "tcp",
      peer: "198.51.100.140",
      startedBy: "outside",
      insidePort: 22,
      outsidePort: 50_000,
      beganAgoMs: 0,
      silentForMs: 0,
      isNamed: false,
    });
    staged.planted.push(begun);
    await clock.sleep(forMs);
    if (nic.groupIds.includes(opened.id)) set(before);
  }
}

function viewOf(
  { range }: Laboratory,
  { interfaces, place, planted }: StagedAccount,
  { at, openedAt }: { readonly at: number; readonly openedAt: readonly number[] },
): WorldView {
  const isRecent = openedAt.some((time) => at - time < DELIVERED_WITHIN_MS);
  return {
    askedPeers: ASKED_PEERS,
    interfaces: interfaces.map(({ id, subnetId }) => ({
      id,
      subnetCidr: place.region.subnets.get(subnetId)?.cidr ?? "",
      acl: aclOf(place, subnetId),
    })),
    flows: planted.map(({ drawn, flow }): WorldFlow => {
      const { outward, inward } = range.network.wouldPass(flow);
      const { protocol, peer, beganAgoMs } = drawn;
      return {
        interface: flow.inside.interfaceId,
        protocol: protocol === 47 ? "other" : protocol,
        protocolNumber: { tcp: 6, udp: 17, icmp: 1, 47: 47 }[protocol],
        peer,
        passes: outward.delivered || inward.delivered,
        isUndelivered: beganAgoMs === 0 && isRecent,
      };
    }),
  };
}

function aclOf({ region }: StagedAccount["place"], subnetId: string): readonly AclLine[] {
  const acl = [...region.networkAcls.values()].find(({ associations }) =>
    associations.some((each) => each.subnetId === subnetId),
  );
  return (acl?.entries ?? []).map(({ egress, number, protocol, cidr, action, portRange }) => ({
    egress,
    number,
    protocol,
    cidr,
    allows: action === "allow",
    isForAllPorts: portRange === null,
  }));
}
