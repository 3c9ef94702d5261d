import { GetConsoleOutputCommand, GetConsoleScreenshotCommand, StopInstancesCommand } from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { START, StorageLab } from "./storage-lab.ts";

it("gives a screenshot as a JPEG in base 64", async () => {
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    const { ImageData } = await lab.ec2.send(new GetConsoleScreenshotCommand({ InstanceId: lab.instance.id }));
    const bytes = Buffer.from(ImageData!, "base64");
    expect([bytes.subarray(0, 3).toString("hex"), bytes.subarray(-2).toString("hex")]).toEqual(["ffd8ff", "ffd9"]);
    expect(bytes.length).toBeLessThan(100_000);
  });
});

it("gives no screenshot of Graviton, of bare metal, and of what does not run", async () => {
  for (const instanceType of ["m7g.large", "m5.metal"]) {
    const lab = new StorageLab({ instanceType });
    await lab.clock.run(async () => {
      const screenshot = new GetConsoleScreenshotCommand({ InstanceId: lab.instance.id });
      await expect(lab.ec2.send(screenshot)).rejects.toMatchObject({ name: "UnsupportedOperation" });
    });
  }
  const lab = new StorageLab();
  await lab.clock.run(async () => {
    await lab.ec2.send(new StopInstancesCommand({ InstanceIds: [lab.instance.id] }));
    const screenshot = new GetConsoleScreenshotCommand({ InstanceId: lab.instance.id });
    await expect(lab.ec2.send(screenshot)).rejects.toMatchObject({ name: "IncorrectInstanceState" });
  });
});

it("gives the buffered output, and the latest on Nitro alone", async () => {
  const nitro = new StorageLab();
  nitro.instance.consoleText = "\u001b[31mlogin:\u0000";
  await nitro.clock.run(async () => {
    const get = new GetConsoleOutputCommand({ InstanceId: nitro.instance.id, Latest: true });
    const { Output, Timestamp } = await nitro.ec2.send(get);
    expect(Buffer.from(Output!, "base64").toString("latin1")).toBe("\u001b[31mlogin:\u0000");
    expect(Timestamp?.getTime()).toBeGreaterThanOrEqual(START - 1000);
  });
  const xen = new StorageLab({ instanceType: "t2.micro" });
  await xen.clock.run(async () => {
    const InstanceId = xen.instance.id;
    await expect(xen.ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest: true }))).rejects.toMatchObject({
      name: "UnsupportedOperation",
    });
    expect((await xen.ec2.send(new GetConsoleOutputCommand({ InstanceId }))).Output).toBeDefined();
  });
});

it("has no output yet of an instance that has just started", async () => {
  const lab = new StorageLab({ launchedAt: START });
  await lab.clock.run(async () => {
    const { Output } = await lab.ec2.send(new GetConsoleOutputCommand({ InstanceId: lab.instance.id }));
    expect(Output).toBeUndefined();
  });
});
