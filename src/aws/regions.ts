import { DescribeRegionsCommand } from "@aws-sdk/client-ec2";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/** Whether an account may use a Region: some must be asked for, and there the account's credentials are not known until then. */
export type RegionState = "enabled" | "disabled" | "unknown";

/** Asks from a Region that is enabled; `unknown` is a Region that AWS does not have. */
export async function regionState(ec2: Sender, region: string): Promise<RegionState> {
  try {
    const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({ AllRegions: true, RegionNames: [region] }));
    const [found] = Regions;
    if (found === undefined) return "unknown";
    return found.OptInStatus === "not-opted-in" ? "disabled" : "enabled";
  } catch (error) {
    if (hasAwsCode(error, "InvalidParameterValue")) return "unknown";
    throw error;
  }
}

/** The Regions that the account may use, this one included. Credentials work in each of them. */
export async function enabledRegions(ec2: Sender): Promise<readonly string[]> {
  const { Regions = [] } = await ec2.send(new DescribeRegionsCommand({}));
  return Regions.flatMap(({ RegionName }) => RegionName ?? []);
}
