import * as sdk from "@aws-sdk/client-ssm";
import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { newProfileAssociation } from "../../world/build-instances.ts";
import { createSsmEndpoints } from "../../world/build-collection.ts";
import { createSecurityGroup } from "../../world/build-network.ts";
import { ssmLab, type SsmLab } from "./ssm-lab.ts";

const HOUR_MS = 3_600_000;

async function send(
  { ssm, instance }: SsmLab,
  commands: readonly string[],
  more: Partial<sdk.SendCommandRequest> = {},
) {
  const { Command } = await ssm.send(
    new sdk.SendCommandCommand({
      DocumentName: "AWS-RunShellScript",
      InstanceIds: [instance.id],
      Parameters: { commands: [...commands] },
      ...more,
    }),
  );
  return Command?.CommandId ?? "none";
}

const look = ({ ssm, instance }: SsmLab, CommandId: string) =>
  ssm.send(new sdk.GetCommandInvocationCommand({ CommandId, InstanceId: instance.id }));

async function run(lab: SsmLab, commands: readonly string[], more: Partial<sdk.SendCommandRequest> = {}) {
  const id = await send(lab, commands, more);
  await lab.clock.sleep(5_000);
  return { id, ...(await look(lab, id)) };
}

async function pingOf({ ssm }: SsmLab): Promise<string | undefined> {
  const { InstanceInformationList } = await ssm.send(new sdk.DescribeInstanceInformationCommand({}));
  return InstanceInformationList?.[0]?.PingStatus;
}

/** Nothing in, nothing out. */
function seal({ place, primary }: SsmLab): void {
  const group = createSecurityGroup(place, { vpcId: primary.vpcId, name: "sealed", description: "sealed" });
  place.world.change(group, () => (group.rules = []));
  place.world.change(primary, () => (primary.groupIds = [group.id]));
}

describe("a command", () => {
  it("runs after a while, and tells its output and exit code", () => {
    const lab = ssmLab();
    return lab.clock.run(async () => {
      const id = await send(lab, ["uname -a"]);
      expect(await look(lab, id)).toMatchObject({ Status: "InProgress", ResponseCode: -1, StandardOutputContent: "" });
      await lab.clock.sleep(2_000);
      const seen = await look(lab, id);
      expect(seen).toMatchObject({ Status: "Success", StatusDetails: "Success", ResponseCode: 0 });
      expect(seen.StandardOutputContent).toMatch(/^Linux i-\w+ 6\.1\.119/);
    });
  });

  it("fails with the shell's own code where there is no such program", () => {
    const lab = ssmLab({ missingPrograms: ["docker"] });
    return lab.clock.run(async () => {
      expect(await run(lab, ["docker ps --all"])).toMatchObject({
        Status: "Failed",
        ResponseCode: 127,
        StandardErrorContent: "sh: 1: docker: not found\n",
      });
      const merged = await run(lab, ["exec 2>&1", "docker ps --all"]);
      expect(merged).toMatchObject({ StandardOutputContent: "sh: 1: docker: not found\n", StandardErrorContent: "" });
    });
  });

  it("shows 24,000 characters, and the agent keeps the rest in its file until somebody reads it", () => {
    const lab = ssmLab({ processes: 600 });
    return lab.clock.run(async () => {
      const { id, StandardOutputContent = "" } = await run(lab, ["ps -eww"]);
      expect(StandardOutputContent).toHaveLength(24_000);
      const file = `/var/lib/amazon/ssm/${lab.instance.id}/document/orchestration/${id}/awsrunShellScript/0.awsrunShellScript/stdout`;
      const packed = await run(lab, [`gzip -nc '${file}' | tail -c +1 | head -c 17000 | base64 -w 0`]);
      const whole = gunzipSync(Buffer.from(packed.StandardOutputContent ?? "", "base64"));
      expect(whole.toString().startsWith(StandardOutputContent)).toBe(true);
      expect(whole.toString().split("\n")).toHaveLength(602);
      const { StandardOutputContent: hash } = await run(lab, [`sha256sum < '${file}'`]);
      expect(hash?.slice(0, 64)).toBe(createHash("sha256").update(whole).digest("hex"));
    });
  });

  it("answers PowerShell on Windows only", () => {
    const lab = ssmLab({ platform: "windows" });
    return lab.clock.run(async () => {
      const powershell = { DocumentName: "AWS-RunPowerShellScript" };
      const seen = await run(lab, ["Get-CimInstance Win32_Process | ConvertTo-Csv"], powershell);
      expect(seen).toMatchObject({ Status: "Success", ResponseCode: 0 });
      expect(seen.StandardOutputContent).toContain('"ProcessId"');
      expect(await run(lab, ["uname -a"])).toMatchObject({ Status: "Failed", ResponseCode: 1 });
    });
  });

  it("cannot run where the agent has no room for its output", () => {
    const lab = ssmLab({ isDiskFull: true });
    return lab.clock.run(async () => {
      const seen = await run(lab, ["uname -a"]);
      expect(seen).toMatchObject({ Status: "Failed", ResponseCode: 1 });
      expect(seen.StandardErrorContent).toContain("no space left on device");
    });
  });

  it("is refused for what Systems Manager does not know, and for what it cannot take", () => {
    const lab = ssmLab({ isConnected: false, hasProfile: false });
    return lab.clock.run(async () => {
      await expect(send(lab, ["uname"])).rejects.toMatchObject({ name: "InvalidInstanceId" });
      const Unknown = { DocumentName: "Another" };
      await expect(send(lab, ["uname"], Unknown)).rejects.toMatchObject({ name: "InvalidDocument" });
      await expect(send(lab, ["x".repeat(70_000)])).rejects.toMatchObject({ name: "MaxDocumentSizeExceeded" });
      await expect(look(lab, "00000000-0000-4000-a000-000000000000")).rejects.toMatchObject({
        name: "InvocationDoesNotExist",
      });
    });
  });

  it("is found by its comment, and can be called off", () => {
    const lab = ssmLab();
    return lab.clock.run(async () => {
      const id = await send(lab, ["uname"], { Comment: "ours" });
      await lab.ssm.send(new sdk.CancelCommandCommand({ CommandId: id }));
      const listed = await lab.ssm.send(new sdk.ListCommandInvocationsCommand({ InstanceId: lab.instance.id }));
      expect(listed.CommandInvocations).toMatchObject([{ CommandId: id, Comment: "ours", Status: "Cancelled" }]);
    });
  });
});

describe("an agent", () => {
  it("goes silent when the instance is sealed: commands wait and run out of time", () => {
    const lab = ssmLab();
    return lab.clock.run(async () => {
      expect(await pingOf(lab)).toBe("Online");
      seal(lab);
      const id = await send(lab, ["uname"], { TimeoutSeconds: 60 });
      expect(await look(lab, id)).toMatchObject({ Status: "Pending", StatusDetails: "Delayed" });
      await lab.clock.sleep(60_000);
      expect(await look(lab, id)).toMatchObject({ Status: "TimedOut", StatusDetails: "Delivery Timed Out" });
      await lab.clock.sleep(300_000);
      expect(await pingOf(lab)).toBe("ConnectionLost");
    });
  });

  it("keeps the connection that it has through endpoints of the VPC", () => {
    const lab = ssmLab();
    createSsmEndpoints(lab.place, lab.primary.vpcId);
    return lab.clock.run(async () => {
      expect(await pingOf(lab)).toBe("Online");
      seal(lab);
      expect(await run(lab, ["uname"])).toMatchObject({ Status: "Success" });
    });
  });

  it("works on with the credentials that it has, until they run out", () => {
    const lab = ssmLab();
    return lab.clock.run(async () => {
      expect(await pingOf(lab)).toBe("Online");
      lab.place.world.change(lab.instance, () => (lab.instance.profileAssociation = null));
      await lab.clock.sleep(5 * HOUR_MS);
      expect(await run(lab, ["uname"])).toMatchObject({ Status: "Success" });
      await lab.clock.sleep(HOUR_MS);
      expect((await look(lab, await send(lab, ["uname"]))).Status).toBe("Pending");
    });
  });

  it("is there some seconds after its instance got a profile that lets it work", () => {
    const lab = ssmLab({ isConnected: false, hasProfile: false });
    return lab.clock.run(async () => {
      expect(await pingOf(lab)).toBeUndefined();
      const association = newProfileAssociation(lab.place, lab.profile);
      lab.place.world.change(lab.instance, () => (lab.instance.profileAssociation = association));
      for (let second = 0; second < 30; second++) {
        await lab.clock.sleep(1_000);
        await pingOf(lab);
      }
      expect(await run(lab, ["uname"])).toMatchObject({ Status: "Success" });
    });
  });
});
