import type { MemoryTool } from "../../core/settings.ts";
import type { PartLinks } from "./memory-links.ts";

/** What a script needs to capture memory into an upload. */
export interface Capture {
  readonly tool: MemoryTool;
  /** By which the host fetches the program; null where it lies on the host. */
  readonly fetch: string | null;
  /** A name of its own for the folder in which the script works. */
  readonly word: string;
  readonly partMiB: number;
  readonly links: PartLinks;
}

export function linuxFolder(word: string): string {
  return `/var/tmp/cordon-${word}`;
}

/** How often a part is sent again; the links are read anew each time, as they may have been replaced. */
const TRIES = 5;

/** The part of the script that is the same for every capture: what passes is hashed, cut into parts, and sent. */
const STREAMING = `digest() { md5sum "$1" | cut -c 1-32 | sed 's/../& /g' | while read -r pairs; do for pair in $pairs; do printf "\\\\$(printf %03o "0x$pair")"; done; done | base64; }
send() {
  md5=$(digest "$FOLDER/part")
  tried=0
  while [ $tried -lt ${TRIES} ]; do
    signature=$(sed -n "$(( $1 + 1 ))p" "$FOLDER/links")
    [ -n "$signature" ] || stop "it has more memory than its type says: there is no link to part $1"
    address=$(sed -n 1p "$FOLDER/links" | sed "s/@PART@/$1/; s/@SIGNATURE@/$signature/")
    code=$(curl -sS -o "$FOLDER/answer" -w '%{http_code}' --connect-timeout 20 --max-time 900 -H 'Expect:' -H 'Content-Type:' -H "Content-MD5: $md5" -T "$FOLDER/part" "$address" 2> "$FOLDER/errors")
    [ "$code" = 200 ] && return 0
    tried=$(( tried + 1 ))
    sleep $(( tried * 5 ))
  done
  stop "part $1 was not taken, HTTP $code: $(head -c 300 "$FOLDER/errors" "$FOLDER/answer" 2> /dev/null | sed 's/[^[:print:]]//g')"
}
mkfifo "$FOLDER/memory" "$FOLDER/hashed" "$FOLDER/sent"
sha256sum < "$FOLDER/hashed" > "$FOLDER/sum" &
hashing=$!
tee "$FOLDER/hashed" < "$FOLDER/memory" > "$FOLDER/sent" &
( exec 9> "$FOLDER/memory"; "$FOLDER/program" --source /proc/kcore "$FOLDER/memory" > "$FOLDER/said" 2>&1; echo $? > "$FOLDER/code" ) &
capturing=$!
exec 8< "$FOLDER/sent"
number=0
bytes=0
while :; do
  dd bs=1M count=$PART_MIB iflag=fullblock of="$FOLDER/part" <&8 2> "$FOLDER/errors" || stop "a part cannot be written: $(head -c 300 "$FOLDER/errors")"
  size=$(wc -c < "$FOLDER/part")
  [ "$size" -gt 0 ] || break
  number=$(( number + 1 ))
  bytes=$(( bytes + size ))
  send $number
done
wait $capturing $hashing
[ "$(cat "$FOLDER/code")" = 0 ] || stop "AVML ended with code $(cat "$FOLDER/code"): $(head -c 600 "$FOLDER/said" | sed 's/[^[:print:]]//g')"
echo "cordon: parts=$number bytes=$bytes sha256=$(cut -c 1-64 < "$FOLDER/sum")"`;

/**
 * Captures memory with AVML and puts it, part by part, to the links.
 *
 * AVML takes the name of a file and writes it from the beginning to the end without ever going back when it does not
 * compress, so that a pipe with a name will do; it has no output of its own for S3's uploads in parts (`--url` puts a whole
 * file after it is written, and S3 takes 5 GiB at once), and newer versions refuse `/dev/stdout`, which is a symbolic link.
 * The source is named, as AVML would otherwise begin anew with the next one and the pipe carry both.
 * https://github.com/microsoft/avml/blob/main/README.md
 *
 * What is written to the disk is one part at a time, and the program when it is fetched. The content is hashed as it passes,
 * each part is sent with its MD5, by which S3 refuses what changed on the way (a header of AWS's own would have to be
 * signed before), and the hash of all is printed at the end. No more is on the command line of `curl` than a link.
 */
export function linuxScript({ tool, fetch, word, partMiB, links }: Capture): readonly string[] {
  const needed = "awk base64 cp curl cut dd df head md5sum mkfifo sed sha256sum tee uname wc";
  return `
set -u
umask 077
BINARY='${tool.from === "host" ? tool.path : ""}'
FETCH='${fetch ?? ""}'
SHA256='${tool.sha256}'
PART_MIB=${partMiB}
FOLDER='${linuxFolder(word)}'
stop() { echo "cordon: $1"; exit 1; }
for program in ${needed}; do
  command -v "$program" > /dev/null || stop "it has no $program"
done
[ "$(uname -m)" = x86_64 ] || stop "its processor is $(uname -m), and AVML's is x86_64"
if grep -q '\\[confidentiality\\]' /sys/kernel/security/lockdown 2> /dev/null; then
  stop "its kernel is locked down (confidentiality): nobody reads its memory"
fi
mkdir "$FOLDER" || stop "$FOLDER cannot be made, or another capture is at work in it"
trap 'rm -rf "$FOLDER"' EXIT
trap 'exit 1' HUP INT TERM
[ "$(df -Pk "$FOLDER" | awk 'NR == 2 { print $4 }')" -gt $(( (PART_MIB + 64) * 1024 )) ] || stop "its disk has no room for a part of $PART_MIB MiB"
if [ -n "$FETCH" ]; then
  curl -fsS --max-time 300 -o "$FOLDER/program" "$FETCH" 2> "$FOLDER/errors" || stop "the program cannot be fetched: $(head -c 300 "$FOLDER/errors")"
else
  cp "$BINARY" "$FOLDER/program" 2> /dev/null || stop "there is no $BINARY"
fi
found=$(sha256sum < "$FOLDER/program" | cut -c 1-64)
[ "$found" = "$SHA256" ] || stop "the program's SHA-256 is $found, not $SHA256: it was not run"
chmod 700 "$FOLDER/program"
cat > "$FOLDER/links" << 'END_OF_LINKS'
${links.template}
${links.signatures.join("\n")}
END_OF_LINKS
${STREAMING}`
    .trim()
    .split("\n");
}

/** Puts fresh links in the place of those that are about to end; the capture reads them before each part. */
export function linuxRenewal(word: string, { template, signatures }: PartLinks): readonly string[] {
  const folder = linuxFolder(word);
  return [
    "set -u",
    "umask 077",
    `FOLDER='${folder}'`,
    `[ -d "$FOLDER" ] || exit 0`,
    `cat > "$FOLDER/fresh" << 'END_OF_LINKS'`,
    template,
    ...signatures,
    "END_OF_LINKS",
    `mv "$FOLDER/fresh" "$FOLDER/links"`,
  ];
}
