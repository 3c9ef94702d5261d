import { DescribeEventBusCommand, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { StartExecutionCommand } from "@aws-sdk/client-sfn";
import { CordonError } from "../core/errors.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { HandedOver } from "../core/route.ts";
import { hasAwsCode } from "./aws-call-error.ts";
import type { Sender } from "./sender.ts";

/**
 * Puts a finding onto an event bus: source `cordon`, detail-type `Cordon Finding Handed Over`. The detail's `id` is the
 * same again for the same finding, so that a receiver can tell a second delivery.
 *
 * @throws CordonError `hand_over_failed` where the bus refuses the entry: the call itself succeeds then
 */
export async function putFinding(events: Sender, busArn: string, document: HandedOver): Promise<string> {
  const isChecked = await assertBus(events, busArn);
  const { FailedEntryCount = 0, Entries = [] } = await events.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: busArn,
          Source: "cordon",
          DetailType: "Cordon Finding Handed Over",
          Detail: canonicalJson(document as unknown as Json),
          Resources: document.instances.map((id) => instanceArn(document, id)).slice(0, MOST_RESOURCES),
        },
      ],
    }),
  );
  const [entry] = Entries;
  if (FailedEntryCount === 0 && entry?.EventId !== undefined)
    return `event ${entry.EventId}${isChecked ? "" : ", and this role may not look whether the bus exists"}`;
  const reason = `${entry?.ErrorCode ?? "no answer"}: ${entry?.ErrorMessage ?? "EventBridge did not say why"}`;
  throw new CordonError("hand_over_failed", { id: document.finding.id, receiver: busArn, reason });
}

/**
 * Looks whether the bus is there, because putting onto one that is not there succeeds and loses the event:
 * https://github.com/aws/aws-sdk/issues/186. Resolves to false where the caller may not look, as in another account.
 */
async function assertBus(events: Sender, busArn: string): Promise<boolean> {
  try {
    await events.send(new DescribeEventBusCommand({ Name: busArn }));
    return true;
  } catch (error) {
    if (hasAwsCode(error, "AccessDeniedException", "AccessDenied")) return false;
    throw error;
  }
}

const MOST_RESOURCES = 100;

function instanceArn({ finding: { account, region } }: HandedOver, instanceId: string): string {
  const partition = region.startsWith("cn-") ? "aws-cn" : region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  return `arn:${partition}:ec2:${region}:${account}:instance/${instanceId}`;
}

/**
 * Starts an execution named after the finding. The same name with the same input is the same execution, and one that has
 * ended keeps its name for 90 days, so that twice is once.
 * https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
 */
export async function startFindingExecution(
  states: Sender,
  stateMachineArn: string,
  document: HandedOver,
): Promise<string> {
  const name = `cordon-${document.id}`;
  try {
    const { executionArn } = await states.send(
      new StartExecutionCommand({ stateMachineArn, name, input: canonicalJson(document as unknown as Json) }),
    );
    return `execution ${executionArn ?? name}`;
  } catch (error) {
    if (hasAwsCode(error, "ExecutionAlreadyExists")) return `execution ${name}, which was started before`;
    throw error;
  }
}
