import type { Settings } from "../../src/core/settings.ts";
import type { Range } from "../../src/range/range.ts";
import { createInstanceProfile, createRole } from "../../src/range/world/build-identity.ts";
import { addRule } from "../../src/range/world/build-network.ts";
import { createImage } from "../../src/range/world/build-images.ts";
import { prepareLevels } from "./isolation-levels.ts";
import { targetOf } from "./storage.ts";

const NAME = "examiners";

/** Makes what a workstation is launched from: the groups of all levels, an image, and a profile for Systems Manager. */
export function prepareWorkstation(range: Range): void {
  prepareLevels(range);
  const { place } = targetOf(range);
  // As `setup` makes it: nothing in, everything out.
  for (const group of place.region.securityGroups.values())
    if (group.tags.some(({ key, value }) => key === "cordon:prepared" && value === "workstation"))
      addRule(place, group, {
        egress: true,
        protocol: "-1",
        fromPort: null,
        peer: { kind: "ipv4", cidr: "0.0.0.0/0" },
      });
  createImage(place, { name: NAME, rootDeviceName: "/dev/sda1", sizeGiB: 30 });
  const role = createRole(place, { name: NAME });
  createInstanceProfile(place, { name: NAME, roleName: role.name });
}

/** The settings of somebody who wants workstations in the target's own subnet. */
export function withWorkstation(range: Range): Pick<Settings, "workstation"> {
  const { place, instance } = targetOf(range);
  const image = [...place.region.images.values()].find(({ name }) => name === NAME);
  return {
    workstation: {
      image: image?.id ?? "ami-00000000000000000",
      type: "m6i.large",
      subnet: instance.subnetId,
      profile: NAME,
      keyName: null,
      keep: false,
    },
  };
}
