import type {
  GetConsoleOutputRequest,
  GetConsoleOutputResult,
  GetConsoleScreenshotRequest,
  GetConsoleScreenshotResult,
} from "@aws-sdk/client-ec2";
import { consoleOutput, consoleScreenshot } from "../../world/console.ts";
import { instanceTypeOf } from "../../world/instance-types.ts";
import { handler } from "../handler.ts";
import { ec2Error, existing } from "./errors.ts";

/** AWS buffers the output shortly after an instance starts, and keeps the last 64 KB of it. */
const BUFFERED_AFTER_MS = 60_000;
const LONGEST_BYTES = 65_536;

/**
 * Not on bare metal and not on Graviton: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/troubleshoot-unreachable-instance.html
 * AWS names no code for it; the general one stands here.
 */
const screenshot = handler(({ world, region }, input: GetConsoleScreenshotRequest): GetConsoleScreenshotResult => {
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceId });
  const { architecture, isBareMetal } = instanceTypeOf(instance.instanceType);
  if (architecture === "arm64" || isBareMetal)
    throw ec2Error("UnsupportedOperation", `The instance type ${instance.instanceType} does not support screenshots.`);
  if (instance.state !== "running")
    throw ec2Error("IncorrectInstanceState", `The instance '${instance.id}' is in the '${instance.state}' state.`);
  return { InstanceId: instance.id, ImageData: consoleScreenshot(instance, world.now()).toString("base64") };
});

/** The latest output is Nitro's alone: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html */
const output = handler(({ world, region }, input: GetConsoleOutputRequest): GetConsoleOutputResult => {
  const instance = existing(world, region.instances, { kind: "instance", id: input.InstanceId });
  if (input.Latest === true && !instanceTypeOf(instance.instanceType).isNitro)
    throw ec2Error(
      "UnsupportedOperation",
      `This operation is not supported on instances of type ${instance.instanceType}.`,
    );
  const bufferedAt = instance.launchTime + BUFFERED_AFTER_MS;
  if (input.Latest !== true && world.now() < bufferedAt)
    return { InstanceId: instance.id, Timestamp: new Date(instance.launchTime) };
  return {
    InstanceId: instance.id,
    Timestamp: new Date(input.Latest === true ? world.now() : bufferedAt),
    Output: consoleOutput(instance).subarray(-LONGEST_BYTES).toString("base64"),
  };
});

export const consoleHandlers = { GetConsoleScreenshot: screenshot, GetConsoleOutput: output };
