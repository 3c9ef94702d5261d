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
