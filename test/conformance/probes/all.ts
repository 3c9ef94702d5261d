import type { Probe } from "../probe.ts";
import { groupProbes } from "./groups.ts";
import { handOverProbes } from "./hand-over.ts";
import { interfaceProbes } from "./interfaces.ts";
import { launchProbes } from "./launches.ts";
import { networkAclProbes } from "./network-acls.ts";
import { objectProbes } from "./objects.ts";
import { profileProbes } from "./profiles.ts";
import { recordProbes } from "./records.ts";
import { roleProbes } from "./roles.ts";
import { scalingProbes } from "./scaling.ts";
import { storageProbes } from "./storage.ts";
import { tagAndRouteProbes } from "./tags-and-routes.ts";

/** Every question, in the order in which they are asked. */
export const allProbes: readonly Probe[] = [
  ...interfaceProbes,
  ...groupProbes,
  ...networkAclProbes,
  ...profileProbes,
  ...roleProbes,
  ...objectProbes,
  ...storageProbes,
  ...launchProbes,
  ...scalingProbes,
  ...tagAndRouteProbes,
  ...handOverProbes,
  ...recordProbes,
];
