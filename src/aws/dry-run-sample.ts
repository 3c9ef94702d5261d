import { DescribeNetworkInterfacesCommand } from "@aws-sdk/client-ec2";
import type { Sample } from "./dry-runs.ts";
import { ifReadable } from "./if-readable.ts";
import type { Sender } from "./sender.ts";

/** An interface of an instance, and what it belongs to; nulls where there is none, or where nobody lets us look. */
export async function findSample(ec2: Sender): Promise<Sample> {
  const filter = { Name: "attachment.status", Values: ["attached"] };
  const answer = await ifReadable(
    ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [filter], MaxResults: 50 })),
  );
  const found = answer?.NetworkInterfaces?.find(({ Attachment }) => Attachment?.InstanceId !== undefined);
  return {
    vpcId: found?.VpcId ?? null,
    instanceId: found?.Attachment?.InstanceId ?? null,
    interfaceId: found?.NetworkInterfaceId ?? null,
    groupId: found?.Groups?.[0]?.GroupId ?? null,
  };
}
