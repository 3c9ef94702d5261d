import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BothFilters, type Flow, type Happening, INSIDE, type Passed, REMOTES } from "./both-filters.ts";
import { type FilterRule, KernelFilter, missingKernel } from "./kernel-filter.ts";

const missing = missingKernel();

/** The flows of one run. Each remote pings or is pinged: the range knows ICMP by addresses, the kernel by direction too. */
const flowsFrom = (port: number): readonly Flow[] => [
  { protocol: "tcp", startedBy: "inside", remote: "a", near: port, far: 443 },
  { protocol: "tcp", startedBy: "inside", remote: "b", near: port + 1, far: 443 },
  { protocol: "tcp", startedBy: "outside", remote: "a", near: 22, far: port + 2 },
  { protocol: "udp", startedBy: "inside", remote: "a", near: port + 3, far: 53 },
  { protocol: "udp", startedBy: "outside", remote: "b", near: 123, far: port + 4 },
  { protocol: "icmp", startedBy: "inside", remote: "a", near: port, far: 0 },
  { protocol: "icmp", startedBy: "outside", remote: "b", near: port, far: 0 },
];
const FLOWS = 7;

const EVERYBODY = "0.0.0.0/0";
const allOf = (direction: "in" | "out", cidr: string): readonly FilterRule[] => [
  { direction, protocol: "tcp", cidr, port: null },
  { direction, protocol: "udp", cidr, port: null },
  { direction, protocol: "icmp", cidr, port: null },
];

/** Rules for one address or a block of a few: whatever they let through is tracked. */
const narrowRule = fc.oneof(
  fc.record({
    direction: fc.constantFrom("in", "out"),
    protocol: fc.constantFrom("tcp", "udp"),
    cidr: fc.constantFrom(`${REMOTES.a}/32`, `${REMOTES.b}/32`, "198.51.100.0/24"),
    port: fc.constantFrom(null, 22, 53, 123, 443),
  }),
  fc.record({
    direction: fc.constantFrom("in", "out"),
    protocol: fc.constant("icmp"),
    cidr: fc.constantFrom(`${REMOTES.a}/32`, "198.51.100.0/24"),
    port: fc.constant(null),
  }),
) as fc.Arbitrary<FilterRule>;

/** Rules for everybody, one way or both: some flows are not tracked. */
const openRules = fc.constantFrom<readonly FilterRule[]>(
  [...allOf("in", EVERYBODY), ...allOf("out", EVERYBODY)],
  [...allOf("out", EVERYBODY), { direction: "in", protocol: "tcp", cidr: EVERYBODY, port: 22 }],
  [...allOf("out", EVERYBODY), { direction: "in", protocol: "udp", cidr: EVERYBODY, port: 123 }],
  [...allOf("in", EVERYBODY), { direction: "out", protocol: "tcp", cidr: EVERYBODY, port: 443 }],
  [...allOf("out", EVERYBODY)],
);

const flow = fc.nat({ max: FLOWS - 1 });
const traffic = fc.oneof(
  fc.record({ kind: fc.constant("begin"), flow }),
  fc.record({ kind: fc.constant("go-on"), flow, from: fc.constantFrom("inside", "outside") }),
) as fc.Arbitrary<Happening>;
const change = fc.record({
  kind: fc.constant("rules"),
  rules: fc.array(narrowRule, { maxLength: 5 }),
}) as fc.Arbitrary<Happening>;
const happenings = fc.array(fc.oneof({ weight: 4, arbitrary: traffic }, { weight: 1, arbitrary: change }), {
  minLength: 4,
  maxLength: 30,
});

const RUNS = { numRuns: 60, seed: 1 } as const;

describe.skipIf(missing !== null)("connection tracking of the range beside the Linux kernel's", () => {
  let kernel: KernelFilter;
  let nextPort = 20_000;
  let packets = 0;

  beforeAll(() => {
    kernel = new KernelFilter({ insideIp: INSIDE, outsideIps: Object.values(REMOTES) });
  });

  afterAll(() => {
    process.stdout.write(`the kernel judged ${packets} packets beside the range\n`);
    kernel.end();
  });

  const play = async (first: readonly FilterRule[], happening: readonly Happening[]): Promise<Passed> => {
    const flows = flowsFrom(nextPort);
    nextPort = 20_000 + ((nextPort - 20_000 + 5) % 40_000);
    const both = new BothFilters(kernel);
    both.setRules(first);
    for (const each of happening) {
      if (each.kind === "rules") both.setRules(each.rules);
      else if (each.kind === "begin") await both.begin(flows[each.flow]!);
      else await both.goOn(flows[each.flow]!, each.from);
    }
    packets += both.passed.kernel.length;
    return both.passed;
  };

  test("the same packets pass when rules come and go and every flow is tracked", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(narrowRule, { maxLength: 5 }), happenings, async (first, happening) => {
        const { range, kernel: judged } = await play(first, happening);
        expect(range).toEqual(judged);
      }),
      RUNS,
    );
  }, 120_000);

  test("the same packets pass when flows began under rules for everybody, and are cut", async () => {
    await fc.assert(
      fc.asyncProperty(
        openRules,
        fc.array(traffic, { minLength: 2, maxLength: 12 }),
        happenings,
        async (open, begun, rest) => {
          const cut: Happening = { kind: "rules", rules: [] };
          const { range, kernel: judged } = await play(open, [...begun, cut, ...rest]);
          expect(range).toEqual(judged);
        },
      ),
      RUNS,
    );
  }, 120_000);

  test("a tracked connection outlives its rule, an untracked one and a new one do not", async () => {
    const begin = (index: number): Happening => ({ kind: "begin", flow: index });
    const goOn = (index: number): Happening => ({ kind: "go-on", flow: index, from: "inside" });
    const cut: Happening = { kind: "rules", rules: [] };
    const narrow = [{ direction: "out", protocol: "tcp", cidr: `${REMOTES.a}/32`, port: 443 }] as const;
    expect(await play(narrow, [begin(0), cut, goOn(0), begin(1)])).toEqual({
      range: [true, true, true, true, false],
      kernel: [true, true, true, true, false],
    });
    expect(await play([...allOf("in", EVERYBODY), ...allOf("out", EVERYBODY)], [begin(0), cut, goOn(0)])).toEqual({
      range: [true, true, true, false],
      kernel: [true, true, true, false],
    });
  });

  test("a UDP flow that nobody answered is forgotten when its timer has run out", async () => {
    kernel.setUdpTimeout(1); // A second of the kernel's stands for the 30 s that AWS documents.
    const both = new BothFilters(kernel);
    const [, , , asked] = flowsFrom(nextPort + 10);
    both.setRules([{ direction: "out", protocol: "udp", cidr: EVERYBODY, port: 53 }]);
    await both.goOn(asked!, "inside");
    both.setRules([]);
    await both.goOn(asked!, "inside");
    both.pass(31);
    await new Promise((resolve) => setTimeout(resolve, 2200));
    await both.goOn(asked!, "outside");
    expect(both.passed).toEqual({ range: [true, true, false], kernel: [true, true, false] });
  });
});
