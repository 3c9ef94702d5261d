import type { Config } from "../config/config.ts";
import { CordonError } from "../core/errors.ts";
import type { Playbook } from "../core/playbook.ts";
import type { Policy } from "../intake/dispositions.ts";
import { MANUAL_TYPE } from "../intake/manual.ts";
import { printable } from "../intake/printable.ts";
import { choosePlaybook } from "../playbooks/choose.ts";

/** What an operator has decided about findings: the configuration, over the playbooks that there are. */
export function policyOf(
  { routes, exempt, playbook: fallback }: Pick<Config, "routes" | "exempt" | "playbook">,
  playbooks: readonly Playbook[],
): Policy {
  const named = (id: string): Playbook => {
    const found = playbooks.find((playbook) => playbook.id === id);
    if (!found) throw new CordonError("playbook_not_found", { id: printable(id) });
    return found;
  };
  return {
    routes,
    exempt,
    playbookFor: (finding, { kind, playbook }) => {
      if (playbook !== null) return named(playbook);
      const answering = choosePlaybook(playbooks, finding);
      if (answering) return answering;
      if (fallback !== null) return named(fallback);
      // Where a person is asked anyway, he is asked about what his own statement would lead to.
      const stated = kind === "ask" ? choosePlaybook(playbooks, { type: MANUAL_TYPE }) : null;
      if (stated) return stated;
      throw new CordonError("playbook_not_found", { id: `that answers ${printable(finding.type)}` });
    },
  };
}

/** For orders of a person who names a playbook: it takes the place of routes and exempt lists. */
export function policyOfPlaybook(id: string, playbooks: readonly Playbook[]): Policy {
  const open = { routes: [], exempt: { accounts: [], instances: [], tags: {} }, playbook: id };
  const policy = policyOf(open, playbooks);
  return { ...policy, playbookFor: (finding) => policy.playbookFor(finding, { kind: "playbook", playbook: id }) };
}

/** For instances that a person names: routes choose the playbook, and cannot turn the order into nothing or send it away. */
export function policyOfStatement(policy: Policy): Policy {
  return { ...policy, routes: policy.routes.filter(({ to }) => "playbook" in to) };
}
