import { createHash } from "node:crypto";
import type { SsmHost } from "../../world/ssm-model.ts";
import type { Ran } from "./shell.ts";

type Answer = (match: RegExpExecArray, host: SsmHost, now: number) => string | null;

const ENCODER = new TextEncoder();

function rows(...lines: readonly string[]): string {
  return lines.map((line) => `${line}\r\n`).join("");
}

function counted(count: number, row: (index: number) => string): readonly string[] {
  return Array.from({ length: count }, (_, index) => row(index + 1));
}

/** Part of a file in base64, as .NET reads it; null where there is no such file. */
const readPart: Answer = ([, path = "", from = "0", count = "0"], host) => {
  const content = host.files.get(path);
  return content
    ? rows(Buffer.from(content.subarray(Number(from), Number(from) + Number(count))).toString("base64"))
    : null;
};

const readHash: Answer = ([, path = ""], host) => {
  const content = host.files.get(path);
  return content ? rows(`${createHash("sha256").update(content).digest("hex").toUpperCase()} ${content.length}`) : null;
};

/** What statements a Windows Server answers, by what they begin with. */
const statements: readonly (readonly [RegExp, Answer])[] = [
  [/OpenRead\('([^']+)'\).*Seek\((\d+),.*byte\[\] (\d+)/, readPart],
  [/Get-FileHash .*'([^']+)'/, readHash],
  [
    /Win32_Process\b/,
    (_, { processes }) =>
      rows(
        '"ProcessId","ParentProcessId","CreationDate","ExecutablePath","CommandLine"',
        ...counted(
          processes,
          (index) => `"${index * 4}","4","","C:\\Windows\\System32\\svchost.exe","svchost.exe -k group-${index}"`,
        ),
      ),
  ],
  [
    /Get-NetTCPConnection\b/,
    () =>
      rows(
        '"LocalAddress","LocalPort","RemoteAddress","RemotePort","State"',
        '"10.20.1.10","49152","203.0.113.24","443","Established"',
      ),
  ],
  [
    /Win32_OperatingSystem\b/,
    (_, { name }) => rows('"CSName","Caption"', `"${name}","Microsoft Windows Server 2022 Datacenter"`),
  ],
  [/Get-LocalUser\b|Win32_UserAccount\b/, () => rows('"Name","Enabled"', '"Administrator","True"')],
  [/^.*\b(Get-\w+|query|Win32_\w+)\b/, ([, name = ""]) => rows(`"${name}"`, '"an ordinary entry"')],
];

/** As much of PowerShell as collecting needs: one statement a line. What it does not know ends as there, with exit code 1. */
export function runPowerShell(
  lines: readonly string[],
  { host, now }: { readonly host: SsmHost; readonly now: number },
): Ran {
  let out = "";
  let err = "";
  let exitCode = 0;
  for (const line of lines.flatMap((each) => each.split("\n")).filter((each) => each.trim() !== "")) {
    const answer = answerOf(line, host, now);
    if (answer === null) {
      err += rows(`${line} : The term or path is not recognized.`);
      exitCode = 1;
    } else out += answer;
  }
  return { stdout: ENCODER.encode(out), stderr: ENCODER.encode(err), exitCode };
}

function answerOf(line: string, host: SsmHost, now: number): string | null {
  if (host.missingPrograms.some((name) => line.includes(name))) return null;
  for (const [pattern, answer] of statements) {
    const match = pattern.exec(line);
    if (match) return answer(match, host, now);
  }
  return null;
}
