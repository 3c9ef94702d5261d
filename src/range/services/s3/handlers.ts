import { S3_ACTIONS } from "../../iam/actions-s3.ts";
import type { Handler } from "../handler.ts";
import { requireBucketAccess } from "./access.ts";
import { bucketHandlers } from "./bucket-handlers.ts";
import { listHandlers } from "./list-handlers.ts";
import { lockHandlers } from "./lock.ts";
import { multipartHandlers } from "./multipart-handlers.ts";
import { objectHandlers } from "./object-handlers.ts";
import { uploadListHandlers } from "./upload-lists.ts";

/** An operation behind the bucket's own policy, which judges every caller after the caller's own policies did. */
function behindPolicy(operation: string, perform: Handler): Handler {
  const row = S3_ACTIONS[operation];
  if (!row) throw new TypeError(`the operation s3:${operation} has no row of actions`);
  return (context, input) => {
    const name = input["Bucket"];
    if (operation !== "CreateBucket" && typeof name === "string") {
      requireBucketAccess(context, row.required(context, input), name);
    }
    return perform(context, input);
  };
}

const operations: Readonly<Record<string, Handler>> = {
  ...bucketHandlers,
  ...objectHandlers,
  ...listHandlers,
  ...lockHandlers,
  ...multipartHandlers,
  ...uploadListHandlers,
};

/** S3, as far as evidence needs it: no ACLs, no tags, no copies, no replication. */
export const s3Handlers: Readonly<Record<string, Handler>> = Object.fromEntries(
  Object.entries(operations).map(([operation, perform]) => [operation, behindPolicy(operation, perform)]),
);
