/** Holds one proof against the world that it speaks of, without any code of the product: what it says closed must pass nothing. */
import { z } from "zod";
import { deniesBothWays, isInside, type AclLine } from "./packets.ts";

const flowScope = z.object({
  kind: z.literal("flow"),
  interface: z.string(),
  protocol: z.enum(["tcp", "udp", "icmp", "other"]),
  peers: z.array(z.string()),
});
const scope = z.union([flowScope, z.object({ kind: z.enum(["credential", "shell", "service"]) }).loose()]);

/** The part of a proof that the oracle reads. */
export const proofShape = z.object({
  contained: z.union([z.boolean(), z.enum(["sealed", "partial"])]),
  survivors: z.array(
    z.object({ code: z.string(), what: z.string(), certainty: z.string(), kind: z.string(), scope: scope.optional() }),
  ),
  ledger: z.object({ closed: z.array(z.object({ ground: z.string(), what: z.string(), scope })) }),
});

export type ProofRead = z.infer<typeof proofShape>;

/** A flow of the world, and whether a packet of it would pass at the moment of the proof. */
export interface WorldFlow {
  readonly interface: string;
  readonly protocol: "tcp" | "udp" | "icmp" | "other";
  readonly protocolNumber: number;
  readonly peer: string;
  readonly passes: boolean;
  /** Whether an event that would show how it came to pass was not delivered when the proof was made. */
  readonly isUndelivered: boolean;
}

export interface WorldView {
  readonly interfaces: readonly {
    readonly id: string;
    readonly subnetCidr: string;
    readonly acl: readonly AclLine[];
  }[];
  readonly flows: readonly WorldFlow[];
  /** What has been looked at in every proof, whether or not somebody planted a flow there. */
  readonly askedPeers: readonly string[];
}

/** May remain beside `true` and is named there. */
const BESIDE_TRUE = [
  "service.resolver",
  "service.metadata",
  "service.time",
  "forensic.way-in",
  "credentials.data-calls",
  "credentials.bought",
];
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
const PROTOCOLS = [
  ["tcp", 6],
  ["udp", 17],
  ["icmp", 1],
  ["other", 47],
] as const;

/** What is wrong with a proof, as sentences; none if it holds. */
export function wrongsOf(proof: ProofRead, world: WorldView): readonly string[] {
  return [
    ...notOnce(proof, world),
    ...closedYetPassing(proof, world),
    ...besideTrue(proof),
    ...tooModest(proof, world),
  ];
}

/** The ledger's rows and the survivors that speak of a flow. */
function rowsAbout(
  proof: ProofRead,
  flow: Pick<WorldFlow, "interface" | "protocol" | "peer">,
): readonly { readonly ground: string | null; readonly certainty: string | null }[] {
  const covers = (each: z.infer<typeof scope> | undefined): boolean =>
    each?.kind === "flow" &&
    each.interface === flow.interface &&
    each.protocol === flow.protocol &&
    each.peers.some((block) => isInside(block, flow.peer));
  return [
    ...proof.ledger.closed.filter((row) => covers(row.scope)).map(({ ground }) => ({ ground, certainty: null })),
    ...proof.survivors.filter((row) => covers(row.scope)).map(({ certainty }) => ({ ground: null, certainty })),
  ];
}

/** (1) Each way of the world is in the ledger once: as closed, open, late or unknown. */
function notOnce(proof: ProofRead, { interfaces, askedPeers }: WorldView): readonly string[] {
  return interfaces.flatMap(({ id }) =>
    PROTOCOLS.flatMap(([protocol]) =>
      askedPeers.flatMap((peer) => {
        const rows = rowsAbout(proof, { interface: id, protocol, peer });
        const closed = rows.filter(({ ground }) => ground !== null).length;
        if (rows.length === 0) return [`${protocol} with ${peer} on ${id} is not in the ledger`];
        if (closed > 1 || (closed === 1 && rows.length > 1))
          return [`${protocol} with ${peer} on ${id} is in the ledger ${rows.length} times`];
        return [];
      }),
    ),
  );
}

/** (2) What is closed passes nothing, and after `true` nothing passes at all. */
function closedYetPassing(proof: ProofRead, { flows }: WorldView): readonly string[] {
  return flows
    .filter(({ passes, isUndelivered }) => passes && !isUndelivered)
    .flatMap((flow) => {
      const name = `${flow.protocol} with ${flow.peer} on ${flow.interface}`;
      const rows = rowsAbout(proof, flow);
      const closed = rows.filter(({ ground }) => ground !== null);
      if (closed.length > 0) return [`${name} passes, and the ledger closes it by ${closed[0]?.ground ?? ""}`];
      const isNamedBeside = flow.protocol === "icmp" && rows.some(({ certainty }) => certainty === "unfiltered");
      return proof.contained === true && !isNamedBeside ? [`${name} passes, and the answer is true`] : [];
    });
}

/** (3) Beside `true` is only what may be there. */
function besideTrue({ contained, survivors }: ProofRead): readonly string[] {
  if (contained !== true) return [];
  return survivors
    .filter(({ code, kind, scope: its }) => {
      if (BESIDE_TRUE.includes(code)) return false;
      const peers = its?.kind === "flow" ? its.peers : [];
      const isPrivateIcmp = kind === "icmp" && peers.length > 0 && peers.every(isPrivateBlock);
      return !isPrivateIcmp;
    })
    .map(({ what, certainty }) => `beside true: ${what} (${certainty})`);
}

function isPrivateBlock(block: string): boolean {
  const [base = "", bits = "0"] = block.split("/");
  return PRIVATE.some((outer) => isInside(outer, base) && Number(bits) >= Number(outer.split("/")[1]));
}

/** (4) What the network ACL denies both ways, by AWS's documents and in this world, is not called open. */
function tooModest(proof: ProofRead, { interfaces, askedPeers }: WorldView): readonly string[] {
  return interfaces.flatMap(({ id, subnetCidr, acl }) =>
    askedPeers
      .filter((peer) => !isInside(subnetCidr, peer))
      .flatMap((peer) =>
        PROTOCOLS.filter(([, number]) => deniesBothWays(acl, number, peer)).flatMap(([protocol]) => {
          const rows = rowsAbout(proof, { interface: id, protocol, peer });
          return rows.some(({ ground }) => ground !== null)
            ? []
            : [`${protocol} with ${peer} on ${id} is denied both ways, and is not closed`];
        }),
      ),
  );
}
