import { attachmentHandlers } from "./ec2/attachments.ts";
import { groupHandlers } from "./ec2/groups.ts";
import { instanceChangeHandlers } from "./ec2/instance-changes.ts";
import { instanceHandlers } from "./ec2/instances.ts";
import { interfaceHandlers } from "./ec2/interfaces.ts";
import { networkAclHandlers } from "./ec2/network-acls.ts";
import { networkHandlers } from "./ec2/networks.ts";
import { permissionHandlers } from "./ec2/permissions.ts";
import { placeHandlers } from "./ec2/places.ts";
import { profileHandlers } from "./ec2/profiles.ts";
import { tagHandlers } from "./ec2/tags.ts";
import type { Handler } from "./handler.ts";
import { iamHandlers } from "./iam.ts";
import { ssmHandlers } from "./ssm.ts";
import { stsHandlers } from "./sts.ts";

/** Everything that the range serves, by service and operation. */
export const HANDLERS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  ec2: {
    ...instanceHandlers,
    ...instanceChangeHandlers,
    ...interfaceHandlers,
    ...groupHandlers,
    ...permissionHandlers,
    ...networkAclHandlers,
    ...attachmentHandlers,
    ...networkHandlers,
    ...placeHandlers,
    ...profileHandlers,
    ...tagHandlers,
  },
  iam: iamHandlers,
  sts: stsHandlers,
  ssm: ssmHandlers,
};
