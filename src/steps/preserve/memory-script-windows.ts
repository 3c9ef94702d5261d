import type { PartLinks } from "./memory-links.ts";
import type { Capture } from "./memory-script-linux.ts";

export function windowsFolder(word: string): string {
  return `C:\\ProgramData\\cordon-${word}`;
}

const TRIES = 5;

/** The part of the script that is the same for every capture: what was written is cut into parts, and sent. */
const SENDING = `  $stream = [IO.File]::OpenRead("$folder\\memory.raw")
  $md5 = [Security.Cryptography.MD5]::Create()
  $buffer = New-Object byte[] 1MB
  $number = 0
  while ($stream.Position -lt $stream.Length) {
    $number++
    $part = [IO.File]::Create("$folder\\part")
    while ($part.Length -lt $partBytes -and ($got = $stream.Read($buffer, 0, $buffer.Length)) -gt 0) { $part.Write($buffer, 0, $got) }
    $part.Position = 0
    $digest = [Convert]::ToBase64String($md5.ComputeHash($part))
    $part.Close()
    for ($tried = 1; ; $tried++) {
      $given = ([IO.File]::ReadAllText("$folder\\links") -split "\\r?\\n")
      if ($number -ge $given.Length -or -not $given[$number]) { Stop-Capture "it has more memory than its type says: there is no link to part $number" }
      $address = $given[0].Replace('@PART@', "$number").Replace('@SIGNATURE@', $given[$number])
      try { Invoke-WebRequest -UseBasicParsing -TimeoutSec 900 -Method Put -Uri $address -InFile "$folder\\part" -Headers @{ 'Content-MD5' = $digest } | Out-Null; break }
      catch { if ($tried -ge ${TRIES}) { Stop-Capture "part $number was not taken: $_" }; Start-Sleep -Seconds (5 * $tried) }
    }
  }
  $bytes = $stream.Length
  $stream.Close()
  Write-Output "cordon: parts=$number bytes=$bytes sha256=$whole"`;

/**
 * Captures memory with WinPmem into a file, and puts that, part by part, to the links.
 *
 * Into a file, because nothing else is sure: the small imager names `-` for its output, and prints messages of its own into
 * the same. https://github.com/Velocidex/WinPmem The disk needs room for the memory and for one part; the script looks first.
 */
export function windowsScript({ tool, fetch, word, partMiB, links }: Capture): readonly string[] {
  return `
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = 'Tls12'
$binary = '${tool.from === "host" ? tool.path : ""}'
$fetch = '${fetch ?? ""}'
$sha256 = '${tool.sha256}'
$partBytes = ${partMiB}MB
$folder = '${windowsFolder(word)}'
function Stop-Capture($reason) { Write-Output "cordon: $reason"; if ($script:made) { Remove-Item -Recurse -Force $folder -ErrorAction SilentlyContinue }; exit 1 }
$made = $false
if ($env:PROCESSOR_ARCHITECTURE -ne 'AMD64') { Stop-Capture "its processor is $env:PROCESSOR_ARCHITECTURE, and WinPmem's is AMD64" }
$memory = (Get-CimInstance Win32_PhysicalMemory | Measure-Object Capacity -Sum).Sum
$free = (Get-PSDrive ($folder.Substring(0, 1))).Free
if ($free -lt 1.05 * $memory + $partBytes + 64MB) { Stop-Capture "its disk has no room for its memory: $free bytes are free, and it has $memory" }
if (Test-Path $folder) { Stop-Capture "$folder is there: another capture is at work in it" }
try {
  New-Item -ItemType Directory $folder | Out-Null
  $made = $true
  icacls $folder /inheritance:r /grant '*S-1-5-18:(OI)(CI)F' | Out-Null
  $program = "$folder\\program.exe"
  if ($fetch) { try { Invoke-WebRequest -UseBasicParsing -TimeoutSec 300 -Uri $fetch -OutFile $program } catch { Stop-Capture "the program cannot be fetched: $_" } }
  elseif (Test-Path $binary) { Copy-Item $binary $program }
  else { Stop-Capture "there is no $binary" }
  $found = (Get-FileHash -Algorithm SHA256 $program).Hash.ToLower()
  if ($found -ne $sha256) { Stop-Capture "the program's SHA-256 is $found, not $($sha256): it was not run" }
  $fresh = @'
${links.template}
${links.signatures.join("\n")}
'@
  [IO.File]::WriteAllText("$folder\\links", $fresh)
  $said = & $program "$folder\\memory.raw" 2>&1 | Out-String
  if (-not (Test-Path "$folder\\memory.raw")) { Stop-Capture "WinPmem wrote nothing, code $($LASTEXITCODE): $($said.Substring(0, [Math]::Min(600, $said.Length)))" }
  $whole = (Get-FileHash -Algorithm SHA256 "$folder\\memory.raw").Hash.ToLower()
${SENDING}
} catch { Stop-Capture "$_" } finally { if ($stream) { $stream.Close() }; Remove-Item -Recurse -Force $folder -ErrorAction SilentlyContinue }
`
    .trim()
    .split("\n");
}

/** Puts fresh links in the place of those that are about to end; the capture reads them before each part. */
export function windowsRenewal(word: string, { template, signatures }: PartLinks): readonly string[] {
  const folder = windowsFolder(word);
  return [
    `$folder = '${folder}'`,
    "if (-not (Test-Path $folder)) { exit 0 }",
    "$fresh = @'",
    template,
    ...signatures,
    "'@",
    `[IO.File]::WriteAllText("$folder\\fresh", $fresh)`,
    `Move-Item -Force "$folder\\fresh" "$folder\\links"`,
  ];
}
