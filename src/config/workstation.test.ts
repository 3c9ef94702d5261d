import { expect, test } from "vitest";
import { CordonError } from "../core/errors.ts";
import { readConfig } from "./read.ts";

const whole = `
workstation:
  image: ami-0123456789abcdef0
  type: m6i.large
  subnet: subnet-0123456789abcdef0
`;

test("an image, a type and a subnet are enough, and the workstation goes with the incident", () => {
  expect(readConfig(whole, {}).workstation).toEqual({
    image: "ami-0123456789abcdef0",
    type: "m6i.large",
    subnet: "subnet-0123456789abcdef0",
    profile: null,
    keyName: null,
    keep: false,
  });
});

test("a profile, a key pair and keeping it are said where they are wanted", () => {
  const text = `${whole}  profile: CordonWorkstation\n  keyName: examiners\n  keep: true\n`;
  expect(readConfig(text, {}).workstation).toMatchObject({
    profile: "CordonWorkstation",
    keyName: "examiners",
    keep: true,
  });
});

test.each([
  ["image: debian-12", "expected the id of an image, such as ami-0123456789abcdef0"],
  ["type: large", "expected an instance type such as m6i.large"],
  ["subnet: 10.0.0.0/24", "expected the id of a subnet, such as subnet-0123456789abcdef0"],
])("%s is refused with what was expected", (line, problem) => {
  const [key] = line.split(":");
  const text = whole.replace(new RegExp(`${key}: .*`), line);
  expect(() => readConfig(text, {})).toThrow(CordonError);
  expect(() => readConfig(text, {})).toThrow(problem);
});
