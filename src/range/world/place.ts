import type { Instance, NetworkInterface } from "./model.ts";
import type { Place } from "./world.ts";

/** The ARN of an instance, as `ec2:SourceInstanceArn` carries it. */
export function instanceArn({ account, region }: Pick<Place, "account" | "region">, instanceId: string): string {
  return `arn:aws:ec2:${region.name}:${account.id}:instance/${instanceId}`;
}

/** The interfaces attached to an instance, in order of their device index. */
export function interfacesOf({ region }: Pick<Place, "region">, instance: Pick<Instance, "id">): NetworkInterface[] {
  return [...region.interfaces.values()]
    .filter(({ attachment }) => attachment?.instanceId === instance.id && attachment.status !== "detached")
    .sort((left, right) => (left.attachment?.deviceIndex ?? 0) - (right.attachment?.deviceIndex ?? 0));
}
