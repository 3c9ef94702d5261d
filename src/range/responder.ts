import { assumeRole, createRole, trustOf } from "./world/build-identity.ts";
import type { PolicyDocument } from "./world/identity.ts";
import type { Place } from "./world/world.ts";

const POLICY_NAME = "cordon";

/** The credentials of a role of Cordon's. */
export interface Responder {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly roleArn: string;
  /** Who its calls are made by, as AWS records it. */
  readonly callerArn: string;
  /** Replaces what the role may do; everything until then. */
  setResponderPolicy(document: PolicyDocument): void;
}

/** Makes Cordon's role, and a session of it that lasts for a day of simulated time. */
export function createResponder(place: Place, name = "CordonResponder"): Responder {
  const everything: PolicyDocument = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }],
  };
  const role = createRole(place, {
    name,
    trustPolicy: trustOf({ AWS: `arn:aws:iam::${place.account.id}:root` }),
    inlinePolicies: { [POLICY_NAME]: everything },
  });
  const session = assumeRole(place, role, { sessionName: "cordon", durationSeconds: 86_400 });
  return {
    accessKeyId: session.accessKeyId,
    secretAccessKey: session.secretAccessKey,
    sessionToken: session.sessionToken ?? "",
    roleArn: role.arn,
    callerArn: session.principalArn,
    setResponderPolicy(document) {
      place.world.change(role, () =>
        role.inlinePolicies.set(POLICY_NAME, { text: JSON.stringify(document), document }),
      );
    },
  };
}
