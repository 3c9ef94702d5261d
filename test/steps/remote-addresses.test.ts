import { describe, expect, it } from "vitest";
import type { Finding } from "../../src/core/finding.ts";
import { START_OF_SIMULATED_TIME_MS } from "../../src/range/range.ts";
import { remoteAddresses } from "../../src/steps/contain/remote-addresses.ts";
import { drill, OTHER, POOL } from "./remote-addresses-drill.ts";

const naming = (finding: Finding, ...addresses: string[]): Finding => ({
  ...finding,
  remoteAddresses: addresses.map((address) => ({ address, port: null, protocol: null })),
});

const OPEN = ["in 100 allow 0.0.0.0/0", "out 100 allow 0.0.0.0/0"];

describe("the plan", () => {
  it("claims the finding's address on the subnet's network ACL, in one round trip", async () => {
    const { clock, range, context, acl } = drill();
    await clock.run(async () => {
      const { changes, left } = await remoteAddresses.plan(context(), {});
      expect(left).toEqual([]);
      expect(changes).toEqual([
        {
          resource: acl.id,
          attribute: POOL,
          before: null,
          after: { address: POOL, action: "deny" },
          claim: { member: POOL },
          blastRadius: {
            what: `Every subnet of ${acl.id} loses ${POOL}, and nothing else.`,
            resources: acl.associations.map(({ subnetId }) => subnetId),
          },
        },
      ]);
      expect(clock.now() - START_OF_SIMULATED_TIME_MS).toBe(40);
      expect(range.calls).toHaveLength(5);
    });
  });

  it("reads a second time where no finding hints at the VPC, or the hint is wrong", async () => {
    const { clock, context, findings } = drill();
    await clock.run(async () => {
      const wrong = [{ id: "eni-00000000", subnetId: null, vpcId: "vpc-00000000" }];
      for (const interfaces of [[], wrong]) {
        const startedAt = clock.now();
        const { changes } = await remoteAddresses.plan(context({ findings: [{ ...findings[0]!, interfaces }] }), {});
        expect(changes.map(({ attribute }) => attribute)).toEqual([POOL]);
        expect(clock.now() - startedAt).toBe(80);
      }
    });
  });

  it("names every NACL of an instance in two VPCs", async () => {
    const { clock, context } = drill({ variants: ["two-vpcs"] });
    await clock.run(async () => {
      const { changes } = await remoteAddresses.plan(context(), {});
      expect(new Set(changes.map(({ resource }) => resource)).size).toBe(2);
    });
  });

  it("leaves addresses of our own side and more than eight to people", async () => {
    const { clock, context, findings } = drill();
    await clock.run(async () => {
      const many = Array.from({ length: 9 }, (_, index) => `198.51.100.${index + 1}`);
      const named = [
        "10.20.2.9",
        "127.0.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "100.64.3.4",
        "192.0.2.200",
        "2001:DB8::1",
        ...many,
      ];
      const settings = { purpose: "forensics", neverDeny: ["192.0.2.0/24", "2001:db8::/32"] };
      const { changes, left } = await remoteAddresses.plan(
        context({ settings, findings: [naming(findings[0]!, ...named)] }),
        {},
      );
      expect(changes.map(({ attribute }) => attribute)).toEqual(many.slice(0, 8));
      expect(left.map(({ resource }) => resource)).toEqual([
        "10.20.2.9",
        "127.0.0.1",
        "169.254.169.254",
        "224.0.0.1",
        "100.64.3.4",
        "192.0.2.200",
        "2001:db8::1",
        "198.51.100.9",
      ]);
    });
  });

  it("leaves an address that a neighbour in a VPC holds", async () => {
    const { clock, range, context, findings } = drill();
    const { interfaces } = range.world.place("111122223333", "eu-central-1").region;
    const neighbour = [...interfaces.values()].find(({ interfaceType }) => interfaceType === "nat_gateway")!;
    range.world.change(neighbour, () => (neighbour.ipv6Addresses = ["2001:db8:9::5"]));
    await clock.run(async () => {
      const { changes, left } = await remoteAddresses.plan(
        context({ findings: [naming(findings[0]!, "2001:DB8:9:0::5")] }),
        {},
      );
      expect(changes).toEqual([]);
      expect(left.map(({ resource }) => resource)).toEqual(["2001:db8:9::5"]);
    });
  });

  it("does not deny callers of AWS's API", async () => {
    const { clock, context, findings } = drill();
    await clock.run(async () => {
      const { changes } = await remoteAddresses.plan(
        context({ findings: [{ ...findings[0]!, channel: "credentials" }] }),
        {},
      );
      expect(changes).toEqual([]);
    });
  });
});

describe("claims", () => {
  it("cut a flow that a NAT gateway keeps tracked", async () => {
    const { clock, range, claim, reconcile, verify, entries } = drill();
    const living = new AbortController();
    range.start(living.signal);
    await clock.run(async () => {
      await clock.sleep(60_000);
      expect((await verify(POOL)).kind).toBe("notYet");
      claim(POOL);
      const startedAt = clock.now();
      await reconcile();
      expect(clock.now() - startedAt).toBe(80);
      const cutAt = clock.now();
      await clock.sleep(600_000);
      expect(range.attackers()[0]!.succeededAt(START_OF_SIMULATED_TIME_MS).length).toBeGreaterThan(0);
      expect(range.attackers()[0]!.succeededAt(cutAt)).toEqual([]);
      expect((await verify(POOL)).kind).toBe("ok");
      living.abort();
    });
    expect(entries()).toEqual([OPEN[0], `in 99 deny ${POOL}/32`, OPEN[1], `out 99 deny ${POOL}/32`]);
  });

  it("are written once, however often they are reconciled and whoever shares them", async () => {
    const { clock, claim, release, reconcile, entries } = drill();
    await clock.run(async () => {
      claim(POOL);
      await reconcile();
      claim(POOL, "case-2");
      await reconcile("case-2");
      expect(entries()).toHaveLength(4);
      release(POOL);
      await reconcile();
      expect(entries()).toHaveLength(4);
      release(POOL, "case-2");
      await reconcile("case-2");
      expect(entries()).toEqual(OPEN);
    });
  });

  it.each([[[POOL, OTHER]], [[OTHER, POOL]]])("leave the NACL as it was, released in the order %j", async (order) => {
    const { clock, claim, release, reconcile, entries, foreign } = drill();
    foreign(98, "deny", "192.0.2.1/32");
    const before = entries();
    await clock.run(async () => {
      claim(POOL);
      claim(OTHER);
      await reconcile();
      expect(entries()).toContain(`in 99 deny ${POOL}/32`);
      expect(entries()).toContain(`in 97 deny ${OTHER}/32`);
      for (const address of order) {
        release(address);
        await reconcile();
      }
    });
    expect(entries()).toEqual(before);
  });

  it("add nothing where somebody's own deny comes before every allow, and leave it there", async () => {
    const { clock, claim, release, reconcile, entries, foreign } = drill();
    foreign(50, "deny", "198.51.100.0/24");
    const before = entries();
    await clock.run(async () => {
      claim(POOL);
      await reconcile();
      expect(entries()).toEqual(before);
      release(POOL);
      await reconcile();
    });
    expect(entries()).toEqual(before);
  });

  it("move below an allow that somebody adds above them", async () => {
    const { clock, claim, reconcile, verify, entries, foreign } = drill();
    await clock.run(async () => {
      claim(POOL);
      await reconcile();
      foreign(20, "allow", "198.51.0.0/16");
      expect((await verify(POOL)).kind).toBe("notYet");
      await reconcile();
      expect((await verify(POOL)).kind).toBe("ok");
    });
    expect(entries().filter((entry) => entry.includes("deny"))).toEqual([
      `in 19 deny ${POOL}/32`,
      `out 19 deny ${POOL}/32`,
    ]);
  });

  it("do not take away an entry that somebody put in the place of ours", async () => {
    const { clock, range, acl, claim, release, reconcile, entries } = drill();
    await clock.run(async () => {
      claim(POOL);
      await reconcile();
      range.world.change(acl, () => {
        for (const entry of acl.entries) if (entry.number === 99) entry.cidr = "192.0.2.7/32";
      });
      release(POOL);
      await reconcile();
    });
    expect(entries()).toEqual([OPEN[0], "in 99 deny 192.0.2.7/32", OPEN[1], "out 99 deny 192.0.2.7/32"]);
  });

  it("are refused where an allow has number 1, and nothing is written", async () => {
    const { clock, claim, release, reconcile, entries } = drill({ variants: ["nacl-rules-start-at-1"] });
    await clock.run(async () => {
      claim(POOL);
      await expect(reconcile()).rejects.toMatchObject({ code: "claim_conflict" });
      expect(entries()).toEqual(["in 1 allow 0.0.0.0/0", "out 1 allow 0.0.0.0/0"]);
      release(POOL);
      await reconcile();
    });
  });

  it("are refused where one direction is full, and the other one's entry is taken back", async () => {
    const { clock, range, acl, claim, reconcile, entries } = drill();
    range.world.change(acl, () => {
      for (let number = 200; number < 219; number++) {
        acl.entries.push({
          number,
          egress: true,
          protocol: "-1",
          action: "deny",
          cidr: "192.0.2.9/32",
          ipv6Cidr: null,
          portRange: null,
          icmp: null,
        });
      }
    });
    const before = entries();
    await clock.run(async () => {
      claim(POOL);
      await expect(reconcile()).rejects.toMatchObject({ code: "claim_conflict" });
    });
    expect(entries()).toEqual(before);
  });

  it("deny IPv6 by its own rules", async () => {
    const { clock, claim, release, reconcile, verify, entries, foreign } = drill();
    foreign(40, "allow", "::/0");
    const before = entries();
    await clock.run(async () => {
      claim("2001:db8:5::9");
      await reconcile();
      expect(entries().filter((entry) => entry.includes("deny"))).toEqual([
        "in 39 deny 2001:db8:5::9/128",
        "out 39 deny 2001:db8:5::9/128",
      ]);
      expect((await verify("2001:db8:5::9")).kind).toBe("ok");
      release("2001:db8:5::9");
      await reconcile();
    });
    expect(entries()).toEqual(before);
  });

  it("look again at what a stale read does not show, rather than leaving it behind", async () => {
    const { clock, claim, release, reconcile, entries } = drill({ staleMs: 20_000 });
    await clock.run(async () => {
      claim(POOL);
      await reconcile();
      release(POOL);
      for (let look = 0; look < 40; look++) {
        const isDone = await reconcile().then(
          () => true,
          (error: unknown) => {
            expect(error).toMatchObject({ code: "propagation_pending" });
            return false;
          },
        );
        if (isDone) break;
        await clock.sleep(2_000);
      }
    });
    expect(entries()).toEqual(OPEN);
  });
});
