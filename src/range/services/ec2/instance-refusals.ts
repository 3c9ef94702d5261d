import type { Instance } from "../../world/model.ts";
import { ec2Error } from "./errors.ts";

/** A service that manages an instance is the only one that may change it: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_OperatorResponse.html */
export function refuseIfManaged({ id, operator }: Instance): void {
  if (operator?.managed)
    throw ec2Error(
      "OperationNotPermitted",
      `The instance '${id}' is managed by ${operator.principal ?? "a service"} and cannot be modified.`,
    );
}

/** The state of the instance does not allow the call. */
export function wrongState({ id, state }: Instance): Error {
  return ec2Error(
    "IncorrectInstanceState",
    `The instance '${id}' is not in a state from which it can be changed so: '${state}'.`,
  );
}
