import type { Instance } from "./model.ts";

/** What the serial console has printed so far: what a scenario put there, or a plain boot. */
export function consoleOutput(instance: Instance): Buffer {
  return Buffer.from(instance.consoleText ?? bootLog(instance), "utf8");
}

function bootLog({ id, launchTime, instanceType, reboots }: Instance): string {
  const lines = [
    "[    0.000000] Linux version 6.1.115-126.197.amzn2023.x86_64",
    `[    0.000000] DMI: Amazon EC2 ${instanceType}/, BIOS 1.0 10/16/2017`,
    "[    1.214503] nvme nvme0: pci function 0000:00:04.0",
    "[    2.871140] ena 0000:00:05.0: Elastic Network Adapter (ENA) found",
    `cloud-init[1624]: Cloud-init v. 22.2.2 finished at ${new Date(launchTime).toUTCString()}. Boot ${reboots + 1}`,
    "",
    `Amazon Linux 2023`,
    `${id} login: `,
  ];
  return lines.join("\r\n");
}

/** What fits on the screen of a text console. */
const SCREEN_LINES = 25;
const SCREEN_COLUMNS = 80;

/**
 * A picture of the console: a grey square as the smallest JPEG that decoders take, with what makes it this one in a comment,
 * and what stands on the screen.
 */
export function consoleScreenshot(instance: Instance, now: number): Buffer {
  const lines = consoleOutput(instance).toString("latin1").split(/\r?\n/);
  const screen = lines.slice(-SCREEN_LINES).map((line) => line.slice(0, SCREEN_COLUMNS));
  const comment = Buffer.from([`${instance.id} ${new Date(now).toISOString()}`, ...screen].join("\n"), "latin1");
  const length = Buffer.alloc(2);
  length.writeUInt16BE(comment.length + 2);
  const [start, rest] = [GREY_SQUARE.subarray(0, 2), GREY_SQUARE.subarray(2)];
  return Buffer.concat([start, Buffer.from([0xff, 0xfe]), length, comment, rest]);
}

/** One component, one block of 8 by 8, one Huffman code for each table. */
const GREY_SQUARE = Buffer.concat([
  Buffer.from("ffd8", "hex"),
  Buffer.from("ffdb004300", "hex"),
  Buffer.alloc(64, 1),
  Buffer.from("ffc0000b080008000801011100", "hex"),
  Buffer.from("ffc400140001000000000000000000000000000000", "hex"),
  Buffer.from("00", "hex"),
  Buffer.from("ffc40014100100000000000000000000000000000000", "hex"),
  Buffer.from("ffda0008010100003f00", "hex"),
  Buffer.from("3f", "hex"),
  Buffer.from("ffd9", "hex"),
]);
