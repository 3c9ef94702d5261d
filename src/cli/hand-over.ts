import { putFinding, startFindingExecution } from "../aws/hand-over.ts";
import type { HandOver } from "../core/route.ts";
import { sendToWebhook } from "../intake/webhook.ts";
import type { Connection } from "./connection.ts";
import type { Environment } from "./environment.ts";

/** Hands findings over as the configuration's routes say, with this connection's identity where AWS takes them. */
export function handOverWith(
  connection: Pick<Connection, "clock" | "direct">,
  { variables, signal }: Pick<Environment, "variables"> & { readonly signal: AbortSignal },
): HandOver {
  const { clock, direct } = connection;
  return {
    send: async (target, document) => {
      switch (target.kind) {
        case "eventBus":
          return putFinding(direct(regionIn(target.arn)).events, target.arn, document);
        case "stateMachine":
          return startFindingExecution(direct(regionIn(target.arn)).states, target.arn, document);
        case "webhook":
          return sendToWebhook(target, document, { secret: variables[target.secretFrom] ?? "", clock, signal });
        default:
          return target satisfies never;
      }
    },
  };
}

/** Of `arn:aws:events:eu-west-1:111122223333:event-bus/soc`; the configuration lets no other shape through. */
function regionIn(arn: string): string {
  const region = arn.split(":")[3];
  if (!region) throw new TypeError(`${arn} names no Region`);
  return region;
}
