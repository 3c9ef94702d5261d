import { describe, expect, it } from "vitest";
import type { Json } from "../../src/core/json.ts";
import type { Settings } from "../../src/core/settings.ts";
import type { Claim, Ledger } from "../../src/core/step.ts";
import { createSubnet, createVpc } from "../../src/range/world/build-network.ts";
import { launchInstance } from "../../src/range/world/build-instances.ts";
import { createImage } from "../../src/range/world/build-images.ts";
import type { Instance } from "../../src/range/world/model.ts";
import { forensicWorkstation } from "../../src/steps/investigate/forensic-workstation.ts";
import { prepareWorkstation, withWorkstation } from "../contract/workstations.ts";
import { onRange, type Bench } from "./bench.ts";

type Wish = NonNullable<Settings["workstation"]>;

/** A bench where everything that a workstation needs is there, and what the operator says instead. */
function withAll<T>(test: (bench: Bench) => Promise<T>, instead: (bench: Bench) => Partial<Wish> = () => ({})) {
  return onRange({}, async (bench) => {
    prepareWorkstation(bench.range);
    const { workstation } = withWorkstation(bench.range);
    const settings = { ...bench.context.settings, workstation: { ...workstation!, ...instead(bench) } };
    return test({ ...bench, context: { ...bench.context, settings } });
  });
}

/** What a store keeps of one workstation. */
class Kept {
  original: Json | null = null;
  ours: Json | null = null;
  claims: readonly Claim[] = [];

  ledger(): Ledger {
    const { claims, original, ours } = this;
    const save: Ledger["save"] = (next) => {
      Object.assign(this, JSON.parse(JSON.stringify(next)));
      return Promise.resolve();
    };
    return { claims, asked: claims, original, ours, save };
  }
}

const RESOURCE = "workstation/111122223333/eu-central-1/incident-1";

/** Claims the workstation as the plan of a case would, at this time. */
async function claim(bench: Bench, kept: Kept, member = "i-1"): Promise<Json> {
  const { changes } = await forensicWorkstation.plan(bench.context, {});
  const value = changes[0]!.after;
  const own: Claim = { resource: RESOURCE, step: forensicWorkstation.id, member, case: member, value, until: null };
  kept.claims = [...kept.claims, own];
  return reconcile(bench, kept);
}

function reconcile({ context, clock }: Bench, kept: Kept): Promise<Json> {
  return forensicWorkstation.reconcile({ ...context, now: clock.now() }, RESOURCE, kept.ledger());
}

function launched({ place }: Bench): readonly Instance[] {
  return [...place.region.instances.values()].filter(({ clientToken }) => clientToken !== undefined);
}

describe("the plan of a workstation", () => {
  it("is one claim of the incident's, and says what it costs and how it ends", async () => {
    await withAll(async ({ context, target }) => {
      const { changes, left } = await forensicWorkstation.plan(context, {});
      expect(left).toEqual([]);
      expect(changes).toMatchObject([
        {
          resource: `workstation/${target.account}/${target.region}/incident-1`,
          before: null,
          after: { instanceType: "m6i.large", rootDevice: "/dev/sda1", profile: "examiners", keep: false },
          claim: { member: target.instanceId },
          blastRadius: { resources: [] },
        },
      ]);
      expect(changes[0]?.blastRadius?.what).toMatch(
        /^Launches one m6i\.large of ami-\w+ in subnet-\w+, once for the whole incident\. It costs until the incident's last case is released, and goes then with what is on its disk\.$/,
      );
    });
  });

  it("leaves it, with the setting that would bring one, where none is configured", async () => {
    await onRange({}, async ({ context, target, operations }) => {
      operations();
      expect(await forensicWorkstation.plan(context, {})).toEqual({
        changes: [],
        left: [
          {
            resource: target.instanceId,
            reason: "no forensic workstation is configured: set `workstation` (image, type, subnet) in cordon.yaml",
          },
        ],
      });
      expect(operations()).toEqual([]);
    });
  });

  it("leaves it where the configured subnet lies in another account or Region", async () => {
    await withAll(
      async ({ context }) => {
        const { changes, left } = await forensicWorkstation.plan(context, {});
        expect(changes).toEqual([]);
        expect(left[0]?.reason).toBe(
          "the workstation's subnet-0123456789abcdef0 is not in this account and Region, where the disks are",
        );
      },
      () => ({ subnet: "subnet-0123456789abcdef0" }),
    );
  });

  it.each<[string, (bench: Bench) => Partial<Wish>, RegExp]>([
    [
      "an image that is not there",
      () => ({ image: "ami-0123456789abcdef0" }),
      /there is no image ami-0123456789abcdef0/,
    ],
    ["a type that is not there", () => ({ type: "m99.large" }), /there is no instance type m99\.large/],
    ["an image for another processor", () => ({ type: "m7g.large" }), /is for x86_64, and m7g\.large is arm64/],
    [
      "a VPC without the prepared group",
      ({ place }) => ({ subnet: otherVpc(place) }),
      /has no prepared group of level workstation; `cordon setup --level forensic --vpc vpc-\w+ --apply` makes it/,
    ],
  ])("refuses %s", async (_, instead, message) => {
    await withAll(async ({ context }) => {
      await expect(forensicWorkstation.plan(context, {})).rejects.toMatchObject({
        code: "workstation_unfit",
        message: expect.stringMatching(message) as string,
      });
    }, instead);
  });
});

function otherVpc(place: Bench["place"]): string {
  const vpc = createVpc(place, { cidr: "10.77.0.0/16" });
  return createSubnet(place, { vpcId: vpc.id, cidr: "10.77.1.0/24" }).id;
}

describe("the workstation of an incident", () => {
  it("is launched by the first claim, and is the others' as well", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      const first = await claim(bench, kept);
      await bench.clock.sleep(120_000);
      expect(await claim(bench, kept, "i-2")).toEqual(first);
      expect(launched(bench)).toHaveLength(1);
    });
  });

  it("is launched once though the answer was lost and the settings were changed before the next attempt", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "lost-answer", operation: "RunInstances" });
      await expect(claim(bench, kept)).rejects.toMatchObject({ hasUnknownEffect: true });
      const image = createImage(bench.place, { name: "another" }).id;
      kept.claims = kept.claims.map((each) => ({ ...each, value: { ...(each.value as object), imageId: image } }));
      await reconcile(bench, kept);
      expect(launched(bench)).toHaveLength(1);
    });
  });

  it("is found by its token where the next attempt comes long after", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "lost-answer", operation: "RunInstances" });
      await claim(bench, kept).catch(() => {});
      await bench.clock.sleep(3_600_000);
      bench.operations();
      expect(await reconcile(bench, kept)).toMatchObject({ instanceId: launched(bench)[0]!.id });
      expect(bench.operations()).toEqual(["DescribeInstances"]);
    });
  });

  it("is tried again under the same token while AWS has no machine, and then is there", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "no-capacity", operation: "RunInstances" });
      await expect(claim(bench, kept)).rejects.toMatchObject({ awsCode: "InsufficientInstanceCapacity" });
      const { token } = kept.ours as { token: string };
      await reconcile(bench, kept);
      expect(launched(bench).map(({ clientToken }) => clientToken)).toEqual([token]);
    });
  });

  it("is launched once though an answer was lost long after the first attempt, and AWS does not show it yet", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "no-capacity", operation: "RunInstances" });
      await claim(bench, kept).catch(() => {});
      await bench.clock.sleep(58_000);
      bench.range.faults.inject({ kind: "lost-answer", operation: "RunInstances" });
      await reconcile(bench, kept).catch(() => {});
      await bench.clock.sleep(4_000);
      bench.operations();
      await reconcile(bench, kept);
      expect(bench.operations()).toEqual(["RunInstances"]); // The same again, and no look that may be too early.
      expect(launched(bench)).toHaveLength(1);
    });
  });

  it("is another one where somebody ended the first", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      await claim(bench, kept);
      bench.range.world.change(launched(bench)[0]!, (each) => (each.state = "terminated"));
      await claim(bench, kept, "i-2");
      expect(launched(bench).map(({ state }) => state)).toEqual(["terminated", "pending"]);
    });
  });
});

describe("the release of a workstation", () => {
  /** Everything is released, looked at as often as the engine would. */
  async function released(bench: Bench, kept: Kept): Promise<void> {
    kept.claims = [];
    for (let tries = 0; ; tries++) {
      const error = await reconcile(bench, kept).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null) return;
      if ((error as { code?: string }).code !== "propagation_pending" || tries > 20) throw error as Error;
      await bench.clock.sleep(10_000);
    }
  }

  it("ends what was launched, disk and all, though it is protected from termination", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      const volumes = bench.place.region.volumes.size;
      await claim(bench, kept);
      await bench.clock.sleep(60_000);
      await released(bench, kept);
      expect(launched(bench).map(({ state }) => state)).toEqual(["terminated"]);
      expect(bench.place.region.volumes.size).toBe(volumes);
    });
  });

  it("looks for what a lost answer launched, and ends that", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "lost-answer", operation: "RunInstances" });
      await claim(bench, kept).catch(() => {});
      await released(bench, kept);
      expect(launched(bench).map(({ state }) => state)).toEqual(["terminated"]);
    });
  });

  it("ends nothing where the launch never reached AWS", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      bench.range.faults.inject({ kind: "error", operation: "RunInstances" });
      await claim(bench, kept).catch(() => {});
      bench.operations();
      await released(bench, kept);
      expect(bench.operations()).not.toContain("TerminateInstances");
      expect(bench.operations()).not.toContain("RunInstances");
    });
  });

  it("ends no instance that another launch brought, whatever its tags and the store say", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      await claim(bench, kept);
      const [ours] = launched(bench);
      const { instance } = launchInstance(bench.place, {
        subnetId: ours!.subnetId,
        groupIds: bench.interfaces()[0]!.groupIds,
        tags: structuredClone(ours!.tags),
        clientToken: "somebody-elses",
      });
      kept.ours = { ...(kept.ours as object), instanceId: instance.id };
      kept.claims = [];
      bench.operations();
      await expect(reconcile(bench, kept)).rejects.toMatchObject({ code: "changed_since" });
      expect(bench.operations()).toEqual(["DescribeInstances"]);
      expect(instance.state).toBe("running");
    });
  });

  it("leaves one that an examiner protected from being stopped, and says why", async () => {
    await withAll(async (bench) => {
      const kept = new Kept();
      await claim(bench, kept);
      bench.range.world.change(launched(bench)[0]!, (each) => (each.disableApiStop = true));
      kept.claims = [];
      await expect(reconcile(bench, kept)).rejects.toMatchObject({
        code: "changed_since",
        message: expect.stringContaining("protected from being stopped by somebody else, who wants it kept") as string,
      });
      expect(launched(bench)[0]?.state).not.toBe("shutting-down");
    });
  });
});
