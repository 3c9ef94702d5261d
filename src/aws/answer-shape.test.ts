import { DescribeInstancesCommand, GetConsoleOutputCommand } from "@aws-sdk/client-ec2";
import { DescribeSessionsCommand } from "@aws-sdk/client-ssm";
import { expect, test } from "vitest";
import { misfitOf } from "./answer-shape.ts";

const instances = new DescribeInstancesCommand({});
const sessions = new DescribeSessionsCommand({ State: "Active" });

test("an answer of the model's shape fits, with members absent and members that the model does not know", () => {
  expect(misfitOf(instances, {})).toBeNull();
  expect(misfitOf(instances, { Reservations: [{ Instances: [{ InstanceId: "i-1", New: {} }] }] })).toBeNull();
  expect(misfitOf(sessions, { Sessions: [{ StartDate: new Date(0) }] })).toBeNull();
});

test("a structure in place of a list is named with its path", () => {
  expect(misfitOf(sessions, { Sessions: { length: 1 } })).toBe("Sessions is no list");
  expect(misfitOf(instances, { Reservations: [{ Instances: "i-1" }] })).toBe("Reservations.0.Instances is no list");
});

test("texts, numbers and times of another type are named with their path", () => {
  expect(misfitOf(sessions, { Sessions: [{ SessionId: 7 }] })).toBe("Sessions.0.SessionId is of another type");
  expect(misfitOf(sessions, { Sessions: [null] })).toBe("Sessions.0 is null");
  expect(misfitOf(new GetConsoleOutputCommand({ InstanceId: "i-1" }), { Timestamp: new Date(Number.NaN) })).toBe(
    "Timestamp is of another type",
  );
});
