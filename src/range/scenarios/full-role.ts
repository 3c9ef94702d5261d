import type { PolicyDocument } from "../world/identity.ts";
import type { Place } from "../world/world.ts";
import { roleOf, type Victim } from "./victim.ts";

/** What all inline policies of a role may have together: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const MOST_CHARACTERS = 10_240;

/** Enough for a deny by the time of a token, and too little for one that names an instance. */
const LEFT_CHARACTERS = 210;

/** Somebody has given the role so many inline policies that hardly anything fits beside them. */
export function fillRole(place: Place, victim: Victim): void {
  const role = roleOf(place, victim);
  const taken = [...role.inlinePolicies.values()].reduce((sum, { text }) => sum + text.length, 0);
  const documentOf = (name: string): PolicyDocument => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${name}/*` }],
  });
  const name = "x".repeat(MOST_CHARACTERS - LEFT_CHARACTERS - taken - JSON.stringify(documentOf("")).length);
  const document = documentOf(name);
  const text = JSON.stringify(document);
  place.world.change(role, () => role.inlinePolicies.set("grown-over-years", { text, document }));
}
