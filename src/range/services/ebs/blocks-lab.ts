import { EBSClient } from "@aws-sdk/client-ebs";
import { createFront } from "../../front.ts";
import { inProcessHandler } from "../../wire/request-handler.ts";
import { createWire } from "../../wire/server.ts";
import { createUser } from "../../world/build-identity.ts";
import type { Throttle } from "../../world/throttle.ts";
import type { StorageLab } from "../ec2/storage-lab.ts";

interface Caller {
  readonly accountId?: string;
  /** What the caller may do, on everything; all when left out. */
  readonly actions?: readonly string[];
  /** AWS's limits; none when left out. */
  readonly throttle?: Throttle;
}

let callers = 0;

/** A client of the EBS direct APIs in the lab's Region. */
export function ebsClient(
  { world }: StorageLab,
  { accountId = "111122223333", actions = ["*"], throttle }: Caller = {},
): EBSClient {
  const region = "eu-west-1";
  const place = world.place(accountId, region);
  const policy = { Version: "2012-10-17", Statement: [{ Effect: "Allow" as const, Action: actions, Resource: "*" }] };
  const { session } = createUser(place, { name: `reader-${++callers}`, inlinePolicies: { all: policy } });
  const { handle } = createWire({
    requestId: () => "request",
    perform: createFront({ world, ...(throttle === undefined ? {} : { throttle }) }),
  });
  const settings = { region, maxAttempts: 1, credentials: session, requestHandler: inProcessHandler(handle) };
  return new EBSClient(settings as object);
}
