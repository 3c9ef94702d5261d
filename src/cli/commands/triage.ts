import { readGuardDuty } from "../../intake/guardduty.ts";
import { judge } from "../../intake/triage.ts";
import { choosePlaybook } from "../../playbooks/choose.ts";
import { homePath, readNamedFile } from "../environment.ts";
import { type Output, tableLines } from "../output.ts";
import { loadPlaybooks } from "../shipped.ts";

/** Says what each finding of a file means, and which playbook would answer it. Asks nothing of AWS. */
export async function triage(output: Output, file: string): Promise<number> {
  const { findings } = readGuardDuty(readNamedFile(file, { command: "triage" }), { file });
  const playbooks = loadPlaybooks(homePath()).map(({ playbook }) => playbook);
  const documents = findings.map((finding) => {
    const judgement = judge(finding);
    const acts =
      (judgement.verdict === "compromised" || judgement.verdict === "suspected") && finding.instances.length > 0;
    return {
      finding: finding.id,
      type: finding.type,
      ...judgement,
      account: finding.account,
      region: finding.region,
      instances: finding.instances,
      remoteAddresses: finding.remoteAddresses,
      playbook: acts ? (choosePlaybook(playbooks, finding)?.id ?? null) : null,
    };
  });
  await output.result(documents, () =>
    tableLines(
      ["TYPE", "VERDICT", "INSTANCES", "PLAYBOOK", "WHY"],
      documents.map(({ type, verdict, instances, playbook, reason }) => [
        type,
        verdict,
        instances.join(", ") || "-",
        playbook,
        reason,
      ]),
    ),
  );
  return 0;
}
