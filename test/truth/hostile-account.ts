/** Draws hostile accounts: who may talk to the instance, which flows began before anybody looked, and what is done to the proof. */
import { Chance } from "./chance.ts";

export interface DrawnRule {
  readonly egress: boolean;
  /** `tcp`, `udp`, `icmp`, `47` or `-1`. */
  readonly protocol: string;
  readonly port: number | null;
  readonly cidr: string;
}

export interface DrawnFlow {
  readonly protocol: "tcp" | "udp" | "icmp" | 47;
  readonly peer: string;
  readonly startedBy: "inside" | "outside";
  readonly insidePort: number;
  readonly outsidePort: number;
  readonly beganAgoMs: number;
  readonly silentForMs: number;
  /** Whether the finding names the peer. */
  readonly isNamed: boolean;
}

/** What was done to the groups in the minute before the cut. */
export type BeforeTheCut = "nothing" | "emptied" | "swapped" | "broadened";

/** What somebody does after the cut, so that a later proof must take an answer back. */
export interface Opening {
  readonly afterMs: number;
  readonly forMs: number;
  readonly how: "groups" | "acl";
}

export interface HostileAccount {
  readonly seed: number;
  readonly rules: readonly DrawnRule[];
  readonly flows: readonly DrawnFlow[];
  readonly before: BeforeTheCut;
  readonly openings: readonly Opening[];
  /** A second interface in the private subnet, behind the NAT gateway. */
  readonly hasSecondInterface: boolean;
  readonly hasPublicAddress: boolean;
  /** The network ACL denies everything both ways, as contain.network-acl would. */
  readonly isAclClosed: boolean;
  readonly isConverted: boolean;
  /** Somebody stops the instance some minutes after the cut. */
  readonly isStopped: boolean;
}

export const SUBNET = "10.20.1.0/24";

/** A machine inside the subnet and one in another subnet of the VPC: both are in the account. */
export const NEIGHBOURS = [
  { address: "10.20.1.77", subnet: SUBNET },
  { address: "10.20.2.30", subnet: "10.20.2.0/24" },
] as const;

const INTERNET = ["198.51.100.140", "203.0.113.24", "192.0.2.200"] as const;
const PEERS: readonly string[] = [...NEIGHBOURS.map(({ address }) => address), ...INTERNET];

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What the oracle asks about besides the planted flows: every protocol with every peer. */
export const ASKED_PEERS: readonly string[] = [...PEERS, "8.8.4.4", "10.99.0.5", "172.16.9.9"];

/** The same seed draws the same account. */
export function drawAccount(seed: number): HostileAccount {
  const chance = new Chance(seed);
  const flows = Array.from({ length: chance.whole(0, 3) }, () => drawFlow(chance));
  return {
    seed,
    rules: drawRules(chance, flows),
    flows,
    before: chance.one(["nothing", "nothing", "nothing", "emptied", "swapped", "broadened"]),
    openings: chance.isIn(0.25) ? [drawOpening(chance)] : [],
    hasSecondInterface: chance.isIn(0.25),
    hasPublicAddress: chance.isIn(0.7),
    isAclClosed: chance.isIn(0.35),
    isConverted: chance.isIn(0.2),
    isStopped: chance.isIn(0.25),
  };
}

function drawFlow(chance: Chance): DrawnFlow {
  const protocol = chance.one(["tcp", "tcp", "tcp", "udp", "icmp", 47] as const);
  const beganAgoMs = chance.whole(2 * MINUTE_MS, 6 * DAY_MS);
  const startedBy = chance.one(["inside", "outside"] as const);
  const [near, far] = startedBy === "inside" ? [chance.whole(40_000, 60_000), 443] : [22, chance.whole(40_000, 60_000)];
  return {
    protocol,
    peer: chance.one(PEERS),
    startedBy,
    insidePort: near,
    outsidePort: far,
    beganAgoMs,
    silentForMs: chance.isIn(0.5) ? chance.whole(0, 50_000) : chance.whole(0, beganAgoMs),
    isNamed: chance.isIn(0.3),
  };
}

/** Rules that let some of the flows in, so that they are tracked; some accounts let everything out, some nothing. */
function drawRules(chance: Chance, flows: readonly DrawnFlow[]): readonly DrawnRule[] {
  const everything = { protocol: "-1", port: null, cidr: "0.0.0.0/0" };
  const broad = chance.one(["none", "out", "out", "both"] as const);
  return [
    ...(broad === "none" ? [] : [{ egress: true, ...everything }]),
    ...(broad === "both" ? [{ egress: false, ...everything }] : []),
    ...flows.map(({ protocol, startedBy, peer, insidePort, outsidePort }) => ({
      egress: startedBy === "inside",
      protocol: String(protocol),
      port: protocol === "tcp" || protocol === "udp" ? (startedBy === "inside" ? outsidePort : insidePort) : null,
      cidr: chance.isIn(0.5) ? `${peer}/32` : "0.0.0.0/0",
    })),
  ];
}

function drawOpening(chance: Chance): Opening {
  return {
    afterMs: chance.whole(MINUTE_MS, 14 * MINUTE_MS),
    forMs: chance.whole(5000, 4 * MINUTE_MS),
    how: chance.one(["groups", "acl"] as const),
  };
}
