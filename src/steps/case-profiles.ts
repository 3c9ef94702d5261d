import type { StepContext } from "../core/step.ts";

/** The steps that take a profile from the instance or lend it one; a step that asks `profilesOfCase` reads them. */
export const PROFILE_STEPS = ["contain.instance-profile", "preserve.collection-profile"] as const;

/** Names of the profiles that the case took away, and of the one that it gave for collecting: their sessions live on. */
export function profilesOfCase({ outcomes }: Pick<StepContext, "outcomes">): readonly string[] {
  const views = PROFILE_STEPS.flatMap((id) => outcomes[id] ?? []);
  const profiles = views.flatMap(({ change, state }) => [
    change.before,
    ...(state === "planned" ? [] : [change.after]),
  ]);
  return profiles.flatMap((profile) => (profile === null ? [] : [(profile as { readonly name: string }).name]));
}
