import { z } from "zod";
import type { Route } from "../core/route.ts";
import { routesFile, tagConditions } from "../core/route-file.ts";
import type { Settings } from "../core/settings.ts";
import { workstationFile, type WorkstationSettings } from "./workstation.ts";
import { memoryFile } from "./memory.ts";
import { accountsFile, evidenceFile, type EvidenceAccount, type MemberAccount } from "./accounts.ts";

const expected = "expected a network such as 192.0.2.0/24";
const network = z.union([z.cidrv4({ error: expected }), z.cidrv6({ error: expected })], { error: expected });
const listName = z.string().regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/, "expected lower-case words joined by hyphens");

/** The shape of `cordon.yaml`. Its JSON schema is published as `schemas/config.schema.json`. */
export const configFile = z.strictObject({
  purpose: z
    .string()
    .regex(/^[\w .:/=+@-]{1,256}$/, "expected a value that an AWS tag may have")
    .default("forensics")
    .describe("Value of the tag `Purpose` on everything that Cordon makes."),
  neverDeny: z
    .array(network)
    .max(1000)
    .default([])
    .describe("Networks that are never denied automatically: your own, your partners'."),
  collectionProfile: z
    .string()
    .regex(/^[\w+=,.@-]{1,128}$/, "expected the name of an instance profile")
    .optional()
    .describe(
      "The instance profile with which an instance is collected from: one that lets its agent work, and no more.",
    ),
  approvers: z
    .record(listName, z.array(z.string().min(1).max(256)).max(200))
    .default({})
    .describe("Who may decide, by list. A playbook's `of` names a list; an empty or missing list means nobody."),
  exempt: z
    .strictObject({
      accounts: z.array(z.string().regex(/^\d{12}$/, "expected the twelve digits of an account")).default([]),
      instances: z.array(z.string().regex(/^i-[0-9a-f]{8}([0-9a-f]{9})?$/, "expected an instance id")).default([]),
      tags: tagConditions
        .default({})
        .describe("Tags of instances, by key; `*` stands for any text. They turn acting into asking."),
    })
    .prefault({})
    .describe("Accounts and instances that are never contained without a person."),
  routes: routesFile
    .default([])
    .describe("Where findings go; the first that matches decides. Without one, the playbook that answers the type."),
  automaticContainmentsPerHour: z
    .int()
    .min(0)
    .max(10_000)
    .default(20)
    .describe(
      "How many instances of one account are contained in an hour without a person; beyond it people are asked.",
    ),
  vault: z
    .strictObject({
      bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "expected the name of a bucket"),
      prefix: z
        .string()
        .regex(/^([\w-]+\/)+$/, "expected names that each end with a slash, such as cordon/")
        .optional()
        .describe("Stands before every key."),
      region: z.string().min(1).max(64).optional().describe("The bucket's Region; the case's own when left out."),
      account: z
        .string()
        .regex(/^\d{12}$/, "expected the twelve digits of an account")
        .optional()
        .describe("Whom the bucket must belong to: one that somebody else took under its name is refused."),
      lock: z
        .strictObject({ mode: z.enum(["governance", "compliance"]), days: z.int().min(1).max(36_500) })
        .optional()
        .describe("How long nobody may delete an artifact; the bucket's own default when left out."),
      kmsKeyId: z
        .string()
        .min(1)
        .max(2048)
        .optional()
        .describe("The key that encrypts; the bucket's default when left out."),
      roleArn: z.string().startsWith("arn:").optional().describe("The role under which evidence is written."),
      externalId: z.string().min(2).max(1224).optional(),
    })
    .optional()
    .describe("The bucket in which evidence lies. Without it, a folder of CORDON_HOME."),
  accounts: accountsFile
    .default({})
    .describe("Accounts that are reached by assuming a role. The account of the credentials needs no entry."),
  evidence: evidenceFile.optional().describe("The account that snapshots are copied to. Without it none are copied."),
  memory: memoryFile
    .optional()
    .describe("The programs with which memory is captured, as you put them there. Without them none is captured."),
  workstation: workstationFile
    .optional()
    .describe("What the forensic workstation of an incident is launched from. Without it none is launched."),
  playbook: listName
    .optional()
    .describe("The playbook for findings that none answers. Without it such a finding is refused."),
  autonomy: z
    .enum(["ask", "confirmed", "suspected"])
    .optional()
    .describe("Takes the place of every playbook's own autonomy."),
});

/** What an operator has set. */
export interface Config extends Settings {
  readonly approvers: Readonly<Record<string, readonly string[]>>;
  readonly exempt: {
    readonly accounts: readonly string[];
    readonly instances: readonly string[];
    readonly tags: Readonly<Record<string, readonly string[]>>;
  };
  readonly routes: readonly Route[];
  readonly automaticContainmentsPerHour: number;
  readonly vault: z.infer<typeof configFile>["vault"] | null;
  readonly accounts: Readonly<Record<string, MemberAccount>>;
  readonly evidence: EvidenceAccount | null;
  readonly memory: NonNullable<Settings["memory"]> | null;
  readonly workstation: WorkstationSettings | null;
  readonly playbook: string | null;
  readonly autonomy: "ask" | "confirmed" | "suspected" | null;
}

/** The JSON schema of `cordon.yaml`. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configFile, { io: "input" });
  return `${JSON.stringify({ title: "Cordon configuration", ...schema }, null, 2)}\n`;
}
