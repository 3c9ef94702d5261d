import { CordonError } from "../../core/errors.ts";
import { allCases, type Desk } from "../desk.ts";
import { workstationLines, workstationsIn } from "../render/workstation.ts";

/** Says how examiners reach the workstation of an incident, from what the journals know. Exit code 3 where there is none. */
export async function showWorkstations(desk: Desk, name: string): Promise<number> {
  const all = await allCases(desk.store);
  const named = all.filter(({ id, incident, target }) => [id, incident, target.instanceId].includes(name));
  if (named.length === 0) throw new CordonError("case_not_found", { case: name });
  const incidents = new Set(named.map(({ incident }) => incident));
  const found = workstationsIn(all.filter(({ incident }) => incidents.has(incident)));
  await desk.output.result(found, () =>
    found.length === 0
      ? [`There is no workstation. \`cordon cases show ${named[0]?.id ?? name}\` says why.`]
      : found.flatMap((one, index) => [...(index === 0 ? [] : [""]), ...workstationLines(one)]),
  );
  return found.length === 0 ? 3 : 0;
}
