import { CordonError } from "../../core/errors.ts";
import type { Finding } from "../../core/finding.ts";
import type { Disposition, HandOverTarget } from "../../core/route.ts";
import { dispositionsOf, type InstanceTags, type Policy } from "../../intake/dispositions.ts";
import { LARGEST_DOCUMENT_BYTES } from "../../intake/document.ts";
import { readGuardDuty } from "../../intake/guardduty.ts";
import { assertPlaybooksKnown } from "../../intake/routes.ts";
import { judge } from "../../intake/triage.ts";
import { readEnvironment, readNamedBytes } from "../environment.ts";
import { type Output, tableLines } from "../output.ts";
import { policyOf } from "../policy.ts";
import { loadPlaybooks } from "../shipped.ts";

/** What triage says about the instances of a finding that go one way, as programs read it. */
interface TriageDocument {
  readonly finding: string;
  readonly product: Finding["source"];
  readonly type: string;
  readonly severity: number;
  readonly account: string;
  readonly region: string;
  readonly instances: readonly string[];
  readonly remoteAddresses: Finding["remoteAddresses"];
  /** Whose credentials were used elsewhere; null where the finding is about something else. */
  readonly roleName: string | null;
  readonly verdict: string;
  readonly reason: string;
  /** `none`: something must be done, and no playbook is there for it. */
  readonly route: "playbook" | "ask" | "ignore" | "handOver" | "unplaced" | "none";
  readonly why: string;
  readonly playbook: string | null;
  readonly handOver: HandOverTarget | null;
  /** Why people are asked whatever the verdict, by instance. */
  readonly mustAsk: Readonly<Record<string, string>>;
}

/** Says what each finding of a file means, where it goes, and why. Asks nothing of AWS and changes nothing. */
export async function triage(output: Output, file: string): Promise<number> {
  const { config, configFile, home } = readEnvironment();
  const bytes = readNamedBytes(file, { command: "triage", most: LARGEST_DOCUMENT_BYTES });
  const { findings, tags } = readGuardDuty(bytes, { file });
  const playbooks = loadPlaybooks(home).map(({ playbook }) => playbook);
  assertPlaybooksKnown(config.routes, { playbooks, file: configFile });
  const policy = policyOf(config, playbooks);
  const documents = findings.flatMap((finding) => documentsOf(finding, tags.get(finding) ?? {}, policy));
  await output.result(documents, () =>
    tableLines(
      ["TYPE", "VERDICT", "ROUTE", "INSTANCES", "WHY"],
      documents.map((each) => [each.type, each.verdict, routeIn(each), each.instances.join(", ") || "-", whyOf(each)]),
    ),
  );
  return 0;
}

function documentsOf(finding: Finding, tags: InstanceTags, policy: Policy): readonly TriageDocument[] {
  try {
    return dispositionsOf(finding, tags, policy).map(documentOf);
  } catch (error) {
    if (!(error instanceof CordonError) || error.code !== "playbook_not_found") throw error;
    const common = { finding, judgement: judge(finding), instances: finding.instances, why: error.message };
    return [{ ...documentOf({ ...common, kind: "unplaced" }), route: "none" }];
  }
}

function documentOf(disposition: Disposition): TriageDocument {
  const { kind, finding, judgement, instances, why } = disposition;
  const { id, source, type, severity, account, region, remoteAddresses, roleName } = finding;
  const mustAsk = kind === "case" ? Object.entries(disposition.mustAsk) : [];
  return {
    finding: id,
    product: source,
    type,
    severity,
    account,
    region,
    instances,
    remoteAddresses,
    roleName: roleName ?? null,
    ...judgement,
    route: kind === "case" ? (mustAsk.length > 0 ? "ask" : "playbook") : kind,
    why,
    playbook: kind === "case" ? disposition.playbook.id : null,
    handOver: kind === "handOver" ? disposition.target : null,
    mustAsk: Object.fromEntries(mustAsk.map(([instance, { reason }]) => [instance, reason])),
  };
}

function routeIn({ route, playbook, handOver }: TriageDocument): string {
  switch (route) {
    case "playbook":
      return playbook ?? "";
    case "ask":
      return `ask: ${playbook ?? ""}`;
    case "handOver":
      return handOver ? (handOver.kind === "webhook" ? handOver.url : handOver.arn) : "";
    default:
      return route;
  }
}

function whyOf({ reason, why, mustAsk }: TriageDocument): string {
  const asked = new Set(Object.values(mustAsk));
  return [...new Set([reason, why, ...asked])].join("; ");
}
