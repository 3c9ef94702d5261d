import type { ClientSet } from "../aws/clients.ts";
import { preparedGroups } from "../aws/prepared-groups.ts";
import type { Clock } from "../core/clock.ts";
import type { JournalEvent } from "../core/journal.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Settings } from "../core/settings.ts";
import type { IsolationLevel, Target } from "../core/step.ts";
import type { Store } from "../core/store.ts";
import type { Vault } from "../core/vault.ts";
import type { ObservedCall } from "../engine/ports.ts";
import { registryOf, type Registry } from "../engine/registry.ts";
import { LocalRunner } from "../runners/local.ts";
import { steps } from "../steps/index.ts";

export interface ResponderOptions {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly store: Store;
  readonly vault: Vault;
  readonly settings: Settings;
  readonly playbooks: readonly Playbook[];
  /** The techniques that there are; every one that ships when left out. */
  readonly registry?: Registry;
  /** Names this process; see LocalRunner. */
  readonly owner: string;
  /** Plans every step and carries nothing out. */
  readonly plansOnly?: boolean;
  clients(target: Target): ClientSet;
  /** Clients of the account that evidence is copied to; null where none is configured. */
  evidence?(target: Target): ClientSet | null;
  isDead?(owner: string): boolean;
  onEvent?(event: JournalEvent): void;
  onCall?(call: ObservedCall & { readonly case: string; readonly act: string }): void;
}

/** Every step that Cordon ships, by id. */
export const registry: Registry = registryOf(steps);

/** Puts engine, steps, store and AWS together into something that responds. */
export function createResponder(options: ResponderOptions): LocalRunner {
  const { store, playbooks, clients, evidence, ...rest } = options;
  return new LocalRunner({
    registry,
    ...rest,
    store,
    playbooks: new Map(playbooks.map((playbook) => [playbook.id, playbook])),
    clients: (target, onCall, { signal, urgency, beforeChange }) =>
      clients(target).observed(onCall, signal, urgency, beforeChange),
    evidence: (target, onCall, { signal, urgency, beforeChange }) =>
      evidence?.(target)?.observed(onCall, signal, urgency, beforeChange) ?? null,
    prepared: ({ account, region }, aws) => ({
      groups: async (level) => preparedGroups(aws.ec2, await knownGroups(store, account, region)).groups(level),
    }),
    async onApplied(state, changeId) {
      const { change, outcome } = state.changes.get(changeId) ?? {};
      if (change?.step !== "protect.prepared-groups" || !change.attribute) return;
      const { groupId } = (outcome ?? {}) as { readonly groupId?: string };
      const { account, region } = state.target;
      if (groupId)
        await store.putPreparedGroup(account, region, {
          vpcId: change.resource,
          level: change.attribute as IsolationLevel,
          groupId,
        });
    },
  });
}

export async function knownGroups(
  store: Store,
  account: string,
  region: string,
): Promise<ReadonlyMap<string, { readonly sealed?: string; readonly open?: string }>> {
  const known = new Map<string, { sealed?: string; open?: string }>();
  for (const { vpcId, level, groupId } of await store.preparedGroups(account, region)) {
    known.set(vpcId, { ...known.get(vpcId), [level]: groupId });
  }
  return known;
}
