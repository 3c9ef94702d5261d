/**
 * Every error an operator can meet: what is wrong, with holes for the particulars, and what helps.
 *
 * `exit` is the exit code of the command line (2 usage, 3 partial, 4 waiting, 5 rejected, 6 permissions, 7 evidence).
 */
export const catalogue = {
  access_denied: {
    problem: "AWS refused {operation} on {resource} for {caller}: {message}",
    remedy: "Give the role this permission: `cordon permissions --format policy` prints the whole policy.",
    exit: 6,
  },
  account_mismatch: {
    problem: "The finding is about account {expected}, and these credentials belong to account {observed}.",
    remedy:
      "Choose credentials of that account with --profile or --role-arn, or name its role under `accounts` of cordon.yaml.",
    exit: 6,
  },
  answer_incomplete: {
    problem: "An answer of AWS cannot be used: {what}.",
    remedy: "Nothing was concluded from it. `cordon resume` asks again; look at the service's health if it repeats.",
    exit: 3,
  },
  approval_changed: {
    problem: "Stage {stage} of case {case} does not ask what was read ({read}): {changes}.",
    remedy:
      "Nothing was decided. `cordon approve {case} --stage {stage}` on a terminal shows what is asked now; --hash {hash} names it.",
    exit: 2,
  },
  approval_not_pending: {
    problem: "Case {case} has no approval that waits in stage {stage}.",
    remedy: "`cordon cases show {case}` shows what it waits for.",
    exit: 2,
  },
  approval_not_yours: {
    problem: "{person} may not decide stage {stage} of case {case}: {reason}.",
    remedy: "Ask one of the people named in `approvers` of the configuration.",
    exit: 2,
  },
  aws_failed: {
    problem: "{operation} on {resource} failed: {code}: {message}",
    remedy: "Nothing was assumed about its effect; `cordon resume` looks and continues.",
    exit: 3,
  },
  case_not_found: {
    problem: "There is no case {case} in this store.",
    remedy: "`cordon cases ls` lists the cases; CORDON_HOME says which store is read.",
    exit: 2,
  },
  changed_since: {
    problem: "{resource} was changed by somebody else: Cordon left {expected}, and found {observed}.",
    remedy: "Look at it, then `cordon release --accept CHANGE` takes the present state as the new truth.",
    exit: 3,
  },
  claim_conflict: {
    problem: "{resource} cannot take this change: {reason}.",
    remedy: "Nothing on it was changed; the case says which lever is left.",
    exit: 3,
  },
  command_unanswered: {
    problem: "{command} gave no output on {resource}: {reason}.",
    remedy: "Nothing was changed there, and no other evidence depends on it.",
    exit: 3,
  },
  config_invalid: {
    problem: "{file} is not a valid configuration: {problems}",
    remedy: "`cordon config validate` names every problem with its line.",
    exit: 2,
  },
  disk_full: {
    problem: "There is no room left on the disk for {what}.",
    remedy:
      "What was recorded stays; what was begun and not recorded is looked at again. Make room, then `cordon resume`.",
    exit: 3,
  },
  evidence_damaged: {
    problem: "{location} is damaged: {reason}.",
    remedy:
      "It is not what was put there. Earlier versions of it stay where the vault counts them: look for the one whose hash the journal has.",
    exit: 7,
  },
  finding_names_no_instance: {
    problem: "Finding {id} ({type}) names no instance: {reason}.",
    remedy: "Nothing was changed. Find out which instance it is about, then `cordon respond INSTANCE`.",
    exit: 2,
  },
  finding_unreadable: {
    problem: "{file} is not a finding that Cordon reads: {reason}.",
    remedy:
      "Nothing was changed. It takes GuardDuty findings as EventBridge sends them, or as GetFindings returns them.",
    exit: 2,
  },
  hand_over_failed: {
    problem: "Finding {id} could not be handed over to {receiver}: {reason}.",
    remedy:
      "No case was opened on it and nothing was changed. The same command hands it over again, under the same id.",
    exit: 3,
  },
  home_unusable: {
    problem: "The folder {home} cannot hold Cordon's state: {reason}.",
    remedy: "Nothing was changed. Set CORDON_HOME to a folder that you may write to.",
    exit: 2,
  },
  input_invalid: {
    problem: "{what} is not valid: {reason}.",
    remedy: "`cordon {command} --help` shows what it takes.",
    exit: 2,
  },
  instance_gone: {
    problem: "Instance {instanceId} is {state} in {region}.",
    remedy: "There is nothing left to contain; its snapshots and journal stay.",
    exit: 3,
  },
  instance_has_no_interfaces: {
    problem: "Instance {instanceId} has no network interface.",
    remedy: "Check the instance id and the region.",
    exit: 2,
  },
  instance_not_found: {
    problem: "There is no instance {instanceId} in account {account}, region {region}.",
    remedy: "Check the instance id, and --region and --profile.",
    exit: 2,
  },
  journal_went_back: {
    problem: "The journal of case {case} ends at event {found}, and this process has seen event {known}.",
    remedy:
      "Nothing was written. Somebody put an older copy of the store in place, or took events out: `cordon evidence verify CASE` compares it with the heads in the vault.",
    exit: 7,
  },
  journal_unreadable: {
    problem: "The journal of case {case} cannot be read at event {sequence}: {reason}.",
    remedy:
      "Somebody changed it, or its file is damaged. The heads that lie in the vault say how far a copy of the store is whole.",
    exit: 7,
  },
  list_without_end: {
    problem: "The list of {what} did not end after {pages} pages.",
    remedy:
      "Nothing was concluded from its beginning. `cordon resume` reads it again; look at the service's health if it repeats.",
    exit: 3,
  },
  memory_not_captured: {
    problem: "The memory of {resource} was not captured: {reason}.",
    remedy: "The case goes on without it. docs/evidence.md says what the instance and its configuration must have.",
    exit: 3,
  },
  nothing_to_do: {
    problem: "{step} has nothing to do on {resource}: {reason}.",
    remedy: "No action is needed.",
    exit: 0,
  },
  overtaken: {
    problem: "Another process took over {what} while this one was stopped, asleep or slow.",
    remedy: "This process changes nothing more there. `cordon cases show CASE` says what the other one does.",
    exit: 3,
  },
  playbook_invalid: {
    problem: "{file} is not a valid playbook: {problems}",
    remedy: "`cordon playbooks validate FILE` names every problem with its line.",
    exit: 2,
  },
  playbook_not_found: {
    problem: "There is no playbook {id}.",
    remedy: "`cordon playbooks ls` lists them.",
    exit: 2,
  },
  precondition_unmet: {
    problem: "{step} will not start: {reason}.",
    remedy: "Nothing was opened. Repair what is named, then `cordon resume`.",
    exit: 3,
  },
  prepared_group_missing: {
    problem: "VPC {vpcId} has no prepared group of level {level}.",
    remedy: "Cordon makes it before it goes on; `cordon setup` makes them all ahead of time.",
    exit: 6,
  },
  prepared_group_not_sealed: {
    problem: "The prepared group {resource} lets traffic through: {observed}.",
    remedy: "Somebody changed it. `cordon setup` shows what it must be and makes a fresh one.",
    exit: 6,
  },
  profile_not_found: {
    problem: "There is no profile {profile} in the configuration files of AWS's tools.",
    remedy: "Nothing was changed. `aws configure list-profiles` names those that are there; choose one with --profile.",
    exit: 6,
  },
  propagation_pending: {
    problem: "{resource} was written and has not been seen by every reader yet.",
    remedy: "Cordon looks again by itself.",
    exit: 3,
  },
  snapshot_unreadable: {
    problem: "The blocks of snapshot {snapshotId} cannot be read: {reason}.",
    remedy: "Other evidence of the volume is not touched; `cordon cases show` names its snapshots and their copies.",
    exit: 3,
  },
  store_busy: {
    problem: "Another process holds {what} until {until}.",
    remedy: "Wait, or stop that process first.",
    exit: 3,
  },
  store_damaged: {
    problem: "The store {file} is damaged: {reason}.",
    remedy:
      "Nothing was written. Keep the file as it is and put a copy back: `cordon evidence verify` holds it against the heads in the vault.",
    exit: 7,
  },
  store_failed: {
    problem: "The disk failed under the store {file}: {reason}.",
    remedy:
      "What was recorded stays; what was begun and not recorded is looked at again. Look at the disk, then `cordon resume`.",
    exit: 3,
  },
  store_foreign: {
    problem: "{file} is not a store of Cordon: {reason}.",
    remedy: "Nothing in it was changed. Move it away, or set CORDON_HOME to another folder.",
    exit: 2,
  },
  store_newer: {
    problem: "The store {file} was written by a newer Cordon (version {version}, this one reads {known}).",
    remedy: "Nothing in it was changed. Use that Cordon or a later one, or set CORDON_HOME to another folder.",
    exit: 2,
  },
  store_unwritable: {
    problem: "The store {file} cannot be written: {reason}.",
    remedy:
      "What was recorded stays; what was begun and not recorded is looked at again. Give yourself the right to write to the file and its folder, then `cordon resume`.",
    exit: 3,
  },
  vault_bucket_unfit: {
    problem: "The bucket {bucket} cannot keep evidence: {reason}.",
    remedy: "Whoever owns it can mend that: `{command}`.",
    exit: 7,
  },
  vault_unwritable: {
    problem: "Evidence cannot be written to {location}: {reason}.",
    remedy:
      "It was not saved, and nothing else was changed. Make room or give yourself the right to write there; `cordon resume` tries again.",
    exit: 3,
  },
  vpc_not_found: {
    problem: "There is no VPC {vpcId} in account {account}, region {region}.",
    remedy: "Nothing was changed. Check the id, and --region, --account and --profile.",
    exit: 2,
  },
  workstation_unfit: {
    problem: "No forensic workstation can be launched: {reason}.",
    remedy: "Mend `workstation` in cordon.yaml, then `cordon resume`. Containment does not wait for it.",
    exit: 3,
  },
} as const;

type Catalogue = typeof catalogue;
export type ErrorCode = keyof Catalogue;

type Holes<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never;

/** The particulars that an error's sentences need. */
export type Particulars<Code extends ErrorCode> = {
  readonly [Hole in Holes<Catalogue[Code]["problem"]> | Holes<Catalogue[Code]["remedy"]>]: string;
};

/** An error of the catalogue: the message is the problem with its holes filled, the remedy stands beside it. */
export class CordonError<Code extends ErrorCode = ErrorCode> extends Error {
  readonly code: Code;
  readonly particulars: Readonly<Record<string, string>>;
  readonly remedy: string;
  readonly exitCode: number;

  constructor(code: Code, particulars: Particulars<Code>, options?: { readonly cause?: unknown }) {
    super(fill(catalogue[code].problem, particulars), options);
    this.name = new.target.name;
    this.code = code;
    this.particulars = particulars;
    this.remedy = fill(catalogue[code].remedy, particulars);
    this.exitCode = catalogue[code].exit;
  }
}

/** Thrown by a step that will not act, with the reason. Nothing was changed. */
export class Refusal<Code extends ErrorCode = ErrorCode> extends CordonError<Code> {}

function fill(text: string, particulars: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (hole, name: string) => particulars[name] ?? hole);
}
