import { lookAtLaunch } from "../../aws/launch-facts.ts";
import { preparedGroups } from "../../aws/prepared-groups.ts";
import { vpcIds } from "../../aws/vpcs.ts";
import type { Playbook } from "../../core/playbook.ts";
import type { Settings } from "../../core/settings.ts";
import { knownGroups } from "../compose.ts";
import type { Connection } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { type Check, missing, ok, unread } from "./check.ts";

export interface Wishes {
  readonly workstation: Settings["workstation"];
  /** The playbook that was asked about; null where none was named. */
  readonly playbook: Playbook | null;
}

interface Region {
  readonly account: string;
  readonly region: string;
}

/** What a workstation is launched from, where one is configured or the playbook that was asked about wants one. */
export async function checkWorkstation(
  { store }: Desk,
  connection: Connection,
  place: Region,
  { workstation, playbook }: Wishes,
): Promise<readonly Check[]> {
  const what = "forensic workstation";
  if (!workstation)
    return uses(playbook, "investigate.forensic-workstation")
      ? [missing(place, what, { detail: "none is configured", remedy: "Set `workstation` in cordon.yaml." })]
      : [];
  const { ec2 } = connection.direct(place.region);
  try {
    const [look, known, vpcs] = await Promise.all([
      lookAtLaunch(ec2, workstation),
      knownGroups(store, place.account, place.region),
      uses(playbook, "contain.security-groups", "forensic") ? vpcIds(ec2) : [],
    ]);
    if (look.kind === "unfit")
      return [missing(place, what, { detail: look.reason, remedy: "Mend `workstation` in cordon.yaml." })];
    const prepared = preparedGroups(ec2, known);
    const own = look.kind === "fit" ? [look.facts.vpcId] : [];
    const [benches, targets] = await Promise.all([prepared.groups("workstation"), prepared.groups("forensic")]);
    const launch =
      look.kind === "fit"
        ? [ok(place, what, `${workstation.type} of ${workstation.image} in ${workstation.subnet}`)]
        : [ok(place, what, `none here: ${workstation.subnet} is in another account or Region`)];
    return [
      ...launch,
      ...own.map((vpcId) => groupCheck(place, vpcId, { level: "workstation", group: benches(vpcId) })),
      ...vpcs.map((vpcId) => groupCheck(place, vpcId, { level: "forensic", group: targets(vpcId) })),
    ];
  } catch (error) {
    return [unread(place, what, error, "ec2:DescribeSubnets, ec2:DescribeImages and ec2:DescribeInstanceTypes")];
  }
}

function uses(playbook: Playbook | null, step: string, level?: string): boolean {
  const steps = (playbook?.stages ?? []).flatMap((stage) => stage.steps);
  return steps.some(({ use, with: input }) => use === step && (level === undefined || input["level"] === level));
}

function groupCheck(
  place: Region,
  vpcId: string,
  { level, group }: { readonly level: string; readonly group: string | null },
): Check {
  const what = `${level} group of ${vpcId}`;
  if (group !== null) return ok(place, what, group);
  return missing(place, what, {
    detail: "there is none",
    remedy: `cordon setup --level forensic --vpc ${vpcId} --region ${place.region} --apply`,
  });
}
