import { z } from "zod";
import { playbookFile } from "../core/playbook.ts";

/** The JSON schema of a playbook file, as `schemas/playbook.schema.json` publishes it. Editors complete and check with it. */
export function playbookJsonSchema(): string {
  const schema = z.toJSONSchema(playbookFile, { io: "input" });
  return `${JSON.stringify({ title: "Cordon playbook", ...schema }, null, 2)}\n`;
}
