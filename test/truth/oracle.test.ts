/** The oracle must find what it is there for: each rule of it is given a proof that breaks it. */
import { describe, expect, it } from "vitest";
import { type ProofRead, type WorldFlow, type WorldView, wrongsOf } from "./oracle.ts";
import { deniesBothWays, isInside } from "./packets.ts";

const PROTOCOLS = ["tcp", "udp", "icmp", "other"] as const;

const rest = PROTOCOLS.map((protocol) => ({
  code: "flow.tracked",
  what: `${protocol} with anybody`,
  certainty: "possible",
  kind: protocol,
  scope: { kind: "flow" as const, interface: "eni-1", protocol, peers: ["0.0.0.0/0"] },
}));
const modest: ProofRead = { contained: "partial", survivors: rest, ledger: { closed: [] } };
const closed: ProofRead = {
  contained: true,
  survivors: [],
  ledger: { closed: rest.map(({ what, scope }) => ({ ground: "never-allowed", what, scope })) },
};
const alive: WorldFlow = {
  interface: "eni-1",
  protocol: "tcp",
  protocolNumber: 6,
  peer: "198.51.100.7",
  passes: true,
  isUndelivered: false,
};
const world: WorldView = {
  interfaces: [{ id: "eni-1", subnetCidr: "10.0.1.0/24", acl: [] }],
  flows: [],
  askedPeers: ["10.0.1.7"],
};

describe("the oracle", () => {
  it("finds nothing wrong with a proof that names what lives", () => {
    expect(wrongsOf(modest, { ...world, flows: [alive] })).toEqual([]);
  });

  it("finds a flow that passes though the ledger closes it", () => {
    expect(wrongsOf(closed, { ...world, flows: [alive] })).toEqual([
      "tcp with 198.51.100.7 on eni-1 passes, and the ledger closes it by never-allowed",
    ]);
  });

  it("finds a flow that passes after true, though no row speaks of it", () => {
    const elsewhere = { ...alive, interface: "eni-2" };
    expect(wrongsOf(closed, { ...world, flows: [elsewhere] })).toEqual([
      "tcp with 198.51.100.7 on eni-2 passes, and the answer is true",
    ]);
  });

  it("excuses a flow whose opening was not delivered yet", () => {
    expect(wrongsOf(closed, { ...world, flows: [{ ...alive, isUndelivered: true }] })).toEqual([]);
  });

  it("finds a way that is not in the ledger, and one that is in it twice", () => {
    expect(wrongsOf({ ...modest, survivors: rest.slice(1) }, world)).toEqual([
      "tcp with 10.0.1.7 on eni-1 is not in the ledger",
    ]);
    expect(wrongsOf({ ...modest, ledger: { closed: closed.ledger.closed.slice(0, 1) } }, world)).toEqual([
      "tcp with 10.0.1.7 on eni-1 is in the ledger 2 times",
    ]);
  });

  it("finds what may not be beside true", () => {
    const survivors = [
      { code: "credentials.chained", what: "sessions of other roles", certainty: "unfiltered", kind: "credentials" },
      { code: "service.resolver", what: "resolver", certainty: "unfiltered", kind: "resolver" },
    ];
    expect(wrongsOf({ ...closed, survivors }, world)).toEqual(["beside true: sessions of other roles (unfiltered)"]);
  });

  it("finds a way that is called open though the network ACL denies it both ways", () => {
    const denied = { ...world, askedPeers: ["198.51.100.7"] };
    expect(wrongsOf(modest, denied)).toEqual(
      PROTOCOLS.map((protocol) => `${protocol} with 198.51.100.7 on eni-1 is denied both ways, and is not closed`),
    );
  });
});

describe("addresses and network ACLs of the oracle", () => {
  it.each([
    ["10.0.0.0/8", "10.255.0.1", true],
    ["10.0.0.0/9", "10.200.0.1", false],
    ["198.51.100.7", "198.51.100.7", true],
    ["198.51.100.7", "198.51.100.8", false],
    ["2001:db8::/32", "2001:db8:1::5", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["0.0.0.0/0", "2001:db8::1", false],
  ])("%s holds %s: %s", (block, address, expected) => {
    expect(isInside(block, address)).toBe(expected);
  });

  it("takes the first line that matches, in each direction", () => {
    const line = { protocol: "-1", cidr: "0.0.0.0/0", isForAllPorts: true };
    const deny = [true, false].map((egress) => ({ ...line, egress, number: 5, allows: false }));
    const allow = [true, false].map((egress) => ({ ...line, egress, number: 100, allows: true }));
    expect(deniesBothWays([...allow, ...deny], 6, "198.51.100.7")).toBe(true);
    expect(deniesBothWays([...allow, ...deny.slice(1)], 6, "198.51.100.7")).toBe(false);
    expect(deniesBothWays(allow, 6, "198.51.100.7")).toBe(false);
  });
});
