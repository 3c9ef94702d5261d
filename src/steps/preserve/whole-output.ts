import { gunzipSync } from "node:zlib";
import { sha256 } from "../../core/json.ts";

/** What of a part fits, in base64, into the 24,000 characters that AWS shows of an output. */
const PART_BYTES = 17_000;

/** Parts of one output that are asked for: about a megabyte, on Linux of what gzip makes of it. */
export const MOST_PARTS = 60;

/** An output shorter than this is surely whole: AWS cuts at 24,000 characters. */
const SURELY_WHOLE_CHARACTERS = 23_000;

/** Stands where bytes were that are no text: what AWS shows then is not what the program wrote. */
const NO_TEXT = "\u{FFFD}";

/** Whether what AWS shows is all that the program wrote, byte for byte. */
export function isSurelyWhole(output: string): boolean {
  return output.length < SURELY_WHOLE_CHARACTERS && !output.includes(NO_TEXT);
}

/** A command whose output is to be read again, where the agent keeps it. */
export interface KeptOutput {
  readonly platform: "Linux" | "Windows";
  readonly instanceId: string;
  readonly commandId: string;
}

/**
 * The file in which the agent keeps the whole output of a command, for a fortnight by its defaults. Reading it is reading the
 * same run, and nothing is written for it. https://github.com/aws/amazon-ssm-agent/issues/375 shows the folder.
 */
function fileOf({ platform, instanceId, commandId }: KeptOutput): string {
  return platform === "Windows"
    ? `C:\\ProgramData\\Amazon\\SSM\\InstanceData\\${instanceId}\\document\\orchestration\\${commandId}\\awsrunPowerShellScript\\0.awsrunPowerShellScript\\stdout`
    : `/var/lib/amazon/ssm/${instanceId}/document/orchestration/${commandId}/awsrunShellScript/0.awsrunShellScript/stdout`;
}

/** Asks for the hash and the length of the whole, and for how much there is to fetch. */
export function sizeScript(kept: KeptOutput): readonly string[] {
  const file = fileOf(kept);
  if (kept.platform === "Windows")
    return [`"$((Get-FileHash -Algorithm SHA256 '${file}').Hash) $((Get-Item '${file}').Length)"`];
  return [`sha256sum < '${file}'`, `wc -c < '${file}'`, `gzip -nc '${file}' | wc -c`];
}

export interface OutputSize {
  readonly sha256: string;
  readonly bytes: number;
  readonly parts: number;
}

/** What `sizeScript` answered; null when it did not. */
export function sizeOf(answer: string): OutputSize | null {
  const [, hash, bytes, packed = bytes] = /^([0-9a-f]{64})[\s-]+(\d+)(?:\s+(\d+))?\s*$/i.exec(answer) ?? [];
  if (hash === undefined || bytes === undefined) return null;
  return { sha256: hash.toLowerCase(), bytes: Number(bytes), parts: Math.ceil(Number(packed) / PART_BYTES) };
}

/** Asks for one part, counted from 0. */
export function partScript(kept: KeptOutput, part: number): readonly string[] {
  const file = fileOf(kept);
  const from = part * PART_BYTES;
  if (kept.platform === "Linux")
    return [`gzip -nc '${file}' | tail -c +${from + 1} | head -c ${PART_BYTES} | base64 -w 0`];
  const open = `$f=[IO.File]::OpenRead('${file}'); $null=$f.Seek(${from},'Begin')`;
  return [
    `${open}; $b=New-Object byte[] ${PART_BYTES}; $n=$f.Read($b,0,${PART_BYTES}); $f.Close(); [Convert]::ToBase64String($b,0,$n)`,
  ];
}

/** The most that is unpacked: whoever rules the host could send a small part that becomes endless. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The whole from its parts; null when it is not what the host hashed before. */
export function assemble(
  platform: KeptOutput["platform"],
  parts: readonly string[],
  size: OutputSize,
): Uint8Array | null {
  const packed = Buffer.concat(parts.map((part) => Buffer.from(part, "base64")));
  const whole = platform === "Linux" ? unpack(packed) : packed;
  return whole !== null && whole.length === size.bytes && sha256(whole) === size.sha256 ? whole : null;
}

function unpack(packed: Uint8Array): Uint8Array | null {
  try {
    return gunzipSync(packed, { maxOutputLength: MOST_BYTES });
  } catch {
    return null; // A part is missing, or is none.
  }
}
