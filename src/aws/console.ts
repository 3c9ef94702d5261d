import { GetConsoleOutputCommand, GetConsoleScreenshotCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/**
 * A picture of what an instance's screen would show, as JPEG. It does not press a key on the machine (`WakeUp`).
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleScreenshot.html
 */
export async function consoleScreenshot(ec2: Sender, instanceId: string): Promise<Uint8Array> {
  const { ImageData } = await ec2.send(new GetConsoleScreenshotCommand({ InstanceId: instanceId }));
  if (ImageData === undefined || ImageData === "")
    throw new CordonError("answer_incomplete", { what: `AWS answered without a picture of ${instanceId}` });
  return Buffer.from(ImageData, "base64");
}

export interface ConsoleOutput {
  /** As the machine wrote it, control characters and all: up to 64 KiB, the last of it. Empty where AWS has none yet. */
  readonly content: Uint8Array;
  /** When AWS updated it, in milliseconds since 1970; null where it does not say. */
  readonly updatedAt: number | null;
}

/**
 * What an instance wrote to its serial console: the latest of it on Nitro, elsewhere what AWS kept shortly after a start.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
 */
export async function consoleOutput(
  ec2: Sender,
  { instanceId, latest }: { readonly instanceId: string; readonly latest: boolean },
): Promise<ConsoleOutput> {
  const { Output = "", Timestamp } = await ec2.send(
    new GetConsoleOutputCommand({ InstanceId: instanceId, ...(latest ? { Latest: true } : {}) }),
  );
  return { content: Buffer.from(Output, "base64"), updatedAt: Timestamp?.getTime() ?? null };
}
