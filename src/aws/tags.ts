import { CreateTagsCommand, DeleteTagsCommand, DescribeTagsCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import type { Sender } from "./sender.ts";

/** A resource has 50 tags of its owner's at most. */
const mostPages = 5;

/** AWS's own do not count: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html */
export const mostTags = 50;

/** The tags of a resource of EC2, AWS's own among them. */
export async function tagsOf(ec2: Sender, resourceId: string): Promise<Readonly<Record<string, string>>> {
  const found: Record<string, string> = {};
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { Tags = [], NextToken } = await ec2.send(
      new DescribeTagsCommand({
        Filters: [{ Name: "resource-id", Values: [resourceId] }],
        MaxResults: 1000,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { Key, Value = "" } of Tags) if (Key !== undefined) found[Key] = Value;
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: `tags of ${resourceId}`, pages: String(mostPages) });
}

/** Writes tags; other values of the same keys are overwritten. */
export async function putTags(ec2: Sender, resourceId: string, tags: Readonly<Record<string, string>>): Promise<void> {
  await ec2.send(new CreateTagsCommand({ Resources: [resourceId], Tags: toTags(tags) }));
}

/** Takes tags away that still have these values; AWS compares, so that nothing of anybody else goes. */
export async function deleteTags(
  ec2: Sender,
  resourceId: string,
  tags: Readonly<Record<string, string>>,
): Promise<void> {
  await ec2.send(new DeleteTagsCommand({ Resources: [resourceId], Tags: toTags(tags) }));
}

function toTags(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
