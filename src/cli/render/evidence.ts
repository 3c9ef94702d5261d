import type { EvidenceVerdict } from "../../vault/verification.ts";
import { count, printable } from "./story.ts";

const UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** A size for people; what AWS keeps has none that anybody knows. */
export function bytesText(bytes: number | null): string {
  if (bytes === null) return "-";
  const power = bytes < 1024 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${UNITS[power] ?? ""}`;
}

/** What verification found in one case, for people. */
export function verdictLines(verdict: EvidenceVerdict): readonly string[] {
  const { artifacts, anchors, events, afterLastAnchor, faults, unspokenOf } = verdict;
  const whole = artifacts.filter(({ is }) => is === "whole").length;
  const atAws = artifacts.filter(({ is }) => is === "kept by AWS");
  return [
    `${verdict.case}  ${verdict.ok ? "verified" : "FAILED"}`,
    ...faults.map((fault) => `  ${printable(fault)}`),
    `  ${whole} of ${count(artifacts.length - atAws.length, "artifact")} in the vault whole`,
    ...(atAws.length === 0
      ? []
      : [`  ${atAws.length} kept by AWS: an EBS snapshot has no content hash of its own, and is not checked here`]),
    `  ${count(events, "event")}; the vault has ${count(anchors, "head")} of the journal, with ${count(afterLastAnchor, "event")} after the last`,
    ...unspokenOf.map((key) => `  not spoken of in the journal: ${printable(key)}`),
  ];
}
