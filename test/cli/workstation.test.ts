import { describe, expect, it } from "vitest";
import { showWorkstations } from "../../src/cli/commands/workstation.ts";
import type { Connection } from "../../src/cli/connection.ts";
import type { Desk } from "../../src/cli/desk.ts";
import { checkWorkstation, type Wishes } from "../../src/cli/doctor/workstation.ts";
import { workstationLines } from "../../src/cli/render/workstation.ts";
import { isPrintable } from "../../src/intake/printable.ts";
import { openSqlite } from "../../src/store/sqlite.ts";
import { prepareWorkstation, withWorkstation } from "../contract/workstations.ts";
import { shippedPlaybook } from "../engine/harness.ts";
import { type Bench, onRange } from "../steps/bench.ts";

const playbook = shippedPlaybook("isolate-for-forensics");

/** What the doctor says, each check in a line. */
async function told({ context, target }: Bench, wishes: Wishes): Promise<readonly string[]> {
  const store = openSqlite(":memory:", {});
  try {
    const desk = { store } as unknown as Desk;
    const connection = { direct: () => context.aws } as unknown as Connection;
    const checks = await checkWorkstation(desk, connection, target, wishes);
    return checks.map(
      ({ state, what, detail, remedy }) => `${state} ${what}: ${detail}${remedy === null ? "" : ` (${remedy})`}`,
    );
  } finally {
    store.close();
  }
}

describe("the doctor on workstations", () => {
  it("says what is launched, and that the groups are there", async () => {
    await onRange({}, async (bench) => {
      prepareWorkstation(bench.range);
      const lines = await told(bench, { workstation: withWorkstation(bench.range).workstation ?? null, playbook });
      expect(lines.map((line) => line.replaceAll(/\b(ami|subnet|vpc|sg)-\w+/g, "$1"))).toEqual([
        "ok forensic workstation: m6i.large of ami in subnet",
        "ok workstation group of vpc: sg",
        "ok forensic group of vpc: sg",
      ]);
    });
  });

  it("names what is missing, with the command that makes it", async () => {
    await onRange({}, async (bench) => {
      prepareWorkstation(bench.range);
      const { workstation } = withWorkstation(bench.range);
      for (const group of bench.place.region.securityGroups.values()) group.tags = [];
      const [, bench1] = await told(bench, { workstation: workstation ?? null, playbook: null });
      expect(bench1).toMatch(
        /^missing workstation group of (vpc-\w+): there is none \(cordon setup --level forensic --vpc \1 --region eu-central-1 --apply\)$/,
      );
      const unfit = { ...workstation!, type: "m7g.large" };
      expect((await told(bench, { workstation: unfit, playbook: null }))[0]).toMatch(/^missing .* is arm64/);
    });
  });

  it("asks for settings only where the playbook wants a workstation", async () => {
    await onRange({}, async (bench) => {
      expect(await told(bench, { workstation: null, playbook: null })).toEqual([]);
      expect(await told(bench, { workstation: null, playbook })).toEqual([
        "missing forensic workstation: none is configured (Set `workstation` in cordon.yaml.)",
      ]);
    });
  });
});

describe("cordon workstation", () => {
  it("says that it knows no such case", async () => {
    const store = openSqlite(":memory:", {});
    await expect(showWorkstations({ store } as unknown as Desk, "inc-1")).rejects.toMatchObject({
      code: "case_not_found",
    });
    store.close();
  });

  it("prints the ways in, and which disk is whose", () => {
    const session = "aws ssm start-session --region eu-central-1 --target i-0a";
    const lines = workstationLines({
      incident: "inc-1",
      account: "111122223333",
      region: "eu-central-1",
      instance: "i-0a",
      type: "m6i.large",
      session,
      tunnel: `${session} --document-name X`,
      disks: [
        { case: "c-1", instance: "i-0b", volume: "vol-0b", copy: "vol-0c", snapshot: "snap-0b", device: "/dev/sdf" },
      ],
    });
    expect(lines).toEqual([
      "i-0a (m6i.large) of incident inc-1, account 111122223333, eu-central-1",
      "",
      "A shell, by Systems Manager:",
      `  ${session}`,
      "SSH, through a tunnel of Systems Manager:",
      `  ${session} --document-name X`,
      "  ssh -p 2222 USER@127.0.0.1",
      "",
      "Disks, attached and not mounted; mount them read-only:",
      "  vol-0c as /dev/sdf: vol-0b of i-0b",
    ]);
  });

  it("shows what AWS answered, and nothing of it that a terminal would obey", () => {
    const hostile = "\u001b[2J\r\n\u202e\u009b31m\u2028x";
    const lines = workstationLines({
      incident: `inc-1${hostile}`,
      account: `111122223333${hostile}`,
      region: `eu-central-1${hostile}`,
      instance: `i-0a${hostile}`,
      type: `m6i.large${hostile}`,
      session: `aws ssm start-session --target i-0a${hostile}`,
      tunnel: `aws ssm start-session --target i-0a${hostile} --document-name X`,
      disks: [
        {
          case: "c-1",
          instance: `i-0b${hostile}`,
          volume: `vol-0b${hostile}`,
          copy: `vol-0c${hostile}`,
          snapshot: `snap-0b${hostile}`,
          device: `/dev/sdf${hostile}`,
        },
      ],
    });
    expect(lines.filter((line) => !isPrintable(line))).toEqual([]);
    expect(lines).toHaveLength(10);
    expect(lines.join("\n").match(/\[2J/g)).toHaveLength(11);
  });
});
