/** Reads whose failure must not fail what they belong to. */
import { CordonError } from "../core/errors.ts";
import { AwsCallError } from "./aws-call-error.ts";

/** What a read gives, or null where AWS does not answer it: for a read beside something that must not fail because of it. */
export async function ifReadable<Answer>(read: Promise<Answer>): Promise<Answer | null> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof AwsCallError) return null;
    throw error;
  }
}

/** What a whole list gives, or null if AWS does not answer or the list does not end: part of a list says nothing of the rest. */
export async function ifConcluded<Answer>(read: Promise<Answer>): Promise<Answer | null> {
  try {
    return await ifReadable(read);
  } catch (error) {
    if (error instanceof CordonError && error.code === "list_without_end") return null;
    throw error;
  }
}
