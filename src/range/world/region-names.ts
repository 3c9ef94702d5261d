import type { Account } from "./identity.ts";

/** Regions that every account has. */
const ALWAYS = [
  "ap-northeast-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
];

/** Regions that an account must ask for: https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html */
const OPT_IN = ["af-south-1", "ap-east-1", "ca-west-1", "eu-central-2", "eu-south-1", "il-central-1", "me-south-1"];

export interface RegionStatus {
  readonly name: string;
  readonly optInStatus: "opt-in-not-required" | "opted-in" | "not-opted-in";
}

/** The Regions that the range has use for, as an account has them. */
export function regionsOf({ optedIn }: Pick<Account, "optedIn">): readonly RegionStatus[] {
  return [
    ...ALWAYS.map((name) => ({ name, optInStatus: "opt-in-not-required" as const })),
    ...OPT_IN.map((name) => ({
      name,
      optInStatus: optedIn.has(name) ? ("opted-in" as const) : ("not-opted-in" as const),
    })),
  ].toSorted((left, right) => (left.name < right.name ? -1 : 1));
}

/** Whether the account's credentials are good for nothing there. */
export function isDisabled(account: Pick<Account, "optedIn">, region: string): boolean {
  return OPT_IN.includes(region) && !account.optedIn.has(region);
}
