/** Reads a row of CloudTrail as a call that was made with a credential. AWS does not promise the form of a row. */
import { z } from "zod";
import type { RecordedEvent } from "../../aws/cloudtrail-events.ts";
import type { CredentialCall } from "./credential-history.ts";

const optional = z.string().nullish().catch(null);

const row = z.object({
  eventSource: z.string(),
  eventName: z.string(),
  awsRegion: optional,
  errorCode: optional,
  userIdentity: z
    .object({
      arn: optional,
      sessionContext: z
        .object({ sessionIssuer: z.object({ arn: optional }).nullish().catch(null) })
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
  requestParameters: z.object({ roleArn: optional }).nullish().catch(null),
  responseElements: z
    .object({ credentials: z.object({ accessKeyId: optional }).nullish().catch(null) })
    .nullish()
    .catch(null),
});

/** A call, by whom it was made, and the session that it made. */
export interface RecordedCall extends CredentialCall {
  /** The name of the role whose session made the call; null if the row does not show it. */
  readonly roleName: string | null;
  /** The access key of a session that the call made; null if it made none. */
  readonly mintedKey: string | null;
}

/** Null for a row that does not show what was called or when: nobody knows what it did. */
export function recordedCall({ id, at, document }: RecordedEvent, region: string): RecordedCall | null {
  const read = row.safeParse(parsed(document));
  if (!read.success || at === null) return null;
  const { eventSource, eventName, awsRegion, errorCode, userIdentity, requestParameters, responseElements } = read.data;
  return {
    id: id ?? document,
    source: eventSource,
    name: eventName,
    region: awsRegion ?? region,
    at,
    errorCode: errorCode ?? null,
    takenRole: eventName.startsWith("AssumeRole") ? (requestParameters?.roleArn ?? null) : null,
    roleName: roleNameIn(userIdentity?.arn ?? userIdentity?.sessionContext?.sessionIssuer?.arn ?? ""),
    mintedKey: responseElements?.credentials?.accessKeyId ?? null,
  };
}

/** Of `arn:aws:sts::111122223333:assumed-role/NAME/SESSION`, or of the role's own ARN, whose path comes before the name. */
function roleNameIn(arn: string): string | null {
  const session = /:assumed-role\/([^/]+)\//.exec(arn);
  if (session !== null) return session[1] ?? null;
  return /:role\/(?:.*\/)?([^/]+)$/.exec(arn)?.[1] ?? null;
}

function parsed(document: string): unknown {
  try {
    return JSON.parse(document);
  } catch {
    return null;
  }
}
