import { autoScaling } from "../../src/steps/protect/auto-scaling.ts";
import { contract } from "../../src/testing/contract.ts";

/** What stays after a detach: the instance that came in its place, and the room that was made for two. */
const leaves = [
  /^(instance|volume|network-interface) <new> is new$/,
  /^auto-scaling-group storefront (desiredCapacity|maxSize): 2 -> [34]$/,
  /^auto-scaling-group storefront members\.<new>: absent -> /,
  /^target-group \S+ targets\.<new>:8080: absent -> /,
];

const detach = { scenario: "ssh-intruder", input: { mode: "detach" } } as const;
const standby = { scenario: "ssh-intruder", input: { mode: "standby" } } as const;

contract(autoScaling, { ...detach, leaves, also: [standby] });
