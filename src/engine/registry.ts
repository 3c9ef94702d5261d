import type { AnyStep, ChangingStep } from "../core/step.ts";

/** The steps by id, as whoever puts the program together hands them in. The engine knows none by name but through this. */
export type Registry = ReadonlyMap<string, AnyStep>;

export function registryOf(steps: readonly AnyStep[]): Registry {
  const registry = new Map(steps.map((step) => [step.id, step]));
  if (registry.size !== steps.length) throw new TypeError("two steps have the same id");
  return registry;
}

/** @throws TypeError for an id that is in no registry; playbooks are checked when they are read. */
export function stepOf(registry: Registry, id: string): AnyStep {
  const step = registry.get(id);
  if (!step) throw new TypeError(`there is no step ${id}`);
  return step;
}

/** Whether it is a technique that people may have to agree to, and that a release undoes. */
export function isChanging(step: AnyStep): step is ChangingStep {
  return step.kind === "step" || step.kind === "shared";
}
