import { preparedGroups } from "../../aws/prepared-groups.ts";
import { regionState } from "../../aws/regions.ts";
import { managedInstance } from "../../aws/ssm-commands.ts";
import { vpcIds } from "../../aws/vpcs.ts";
import { knownGroups } from "../compose.ts";
import type { Connection } from "../connection.ts";
import type { Desk } from "../desk.ts";
import { type Check, missing, ok, type Place, unread } from "./check.ts";

/** Whether the account may use the Region. Asked from one that every account of the partition has. */
export async function checkRegion(connection: Connection, place: Place, region: string): Promise<Check> {
  const what = "Region";
  try {
    const state = await regionState(connection.direct(alwaysEnabled(region)).ec2, region);
    if (state === "enabled") return ok(place, what, "enabled");
    if (state === "unknown")
      return missing(place, what, { detail: `AWS has no Region ${region}`, remedy: "Check the spelling." });
    return missing(place, what, {
      detail: "the account has not opted in",
      remedy: `Whoever administers the account: aws account enable-region --region-name ${region}`,
    });
  } catch (error) {
    return unread(place, what, error, "ec2:DescribeRegions");
  }
}

/** https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-regions.html */
function alwaysEnabled(region: string): string {
  if (region.startsWith("cn-")) return "cn-north-1";
  return region.startsWith("us-gov-") ? "us-gov-west-1" : "us-east-1";
}

/** The sealed group of each VPC: without it the cut must make one first. */
export async function checkGroups(
  { store }: Desk,
  connection: Connection,
  place: { readonly account: string; readonly region: string },
): Promise<readonly Check[]> {
  const { account, region } = place;
  try {
    const { ec2 } = connection.direct(region);
    const known = await knownGroups(store, account, region);
    const [vpcs, groupOf] = await Promise.all([vpcIds(ec2), preparedGroups(ec2, known).groups("sealed")]);
    if (vpcs.length === 0) return [ok(place, "sealed groups", "the Region has no VPC")];
    return vpcs.map((vpcId) => {
      const group = groupOf(vpcId);
      if (group !== null) return ok(place, `sealed group of ${vpcId}`, group);
      const spoiled = groupOf.spoiled.find((each) => each.vpcId === vpcId);
      return missing(place, `sealed group of ${vpcId}`, {
        detail: spoiled ? `${spoiled.id} was changed: ${spoiled.fault}` : "there is none",
        remedy: `cordon setup --vpc ${vpcId} --region ${region}${connection.roleArn === null ? "" : ` --account ${account}`} --apply`,
      });
    });
  } catch (error) {
    return [unread(place, "sealed groups", error, "ec2:DescribeVpcs and ec2:DescribeSecurityGroups")];
  }
}

/** Whether Systems Manager reaches the agent of an instance: collection inside the instance needs it, the cut does not. */
export async function checkAgent(
  connection: Connection,
  place: { readonly account: string; readonly region: string },
  instanceId: string,
): Promise<Check> {
  const what = `Systems Manager agent of ${instanceId}`;
  try {
    const agent = await managedInstance(connection.direct(place.region).ssm, instanceId);
    if (agent?.isOnline === true) return ok(place, what, `online, version ${agent.agentVersion}`);
    return missing(place, what, {
      detail: agent === null ? "Systems Manager does not know the instance" : "it has not reported lately",
      remedy: "Give it the agent, a profile that allows AmazonSSMManagedInstanceCore, and a way to the endpoints.",
    });
  } catch (error) {
    return unread(place, what, error, "ssm:DescribeInstanceInformation");
  }
}
