import { groupHandlers } from "./ec2/groups.ts";
import { instanceHandlers } from "./ec2/instances.ts";
import { interfaceHandlers } from "./ec2/interfaces.ts";
import { networkAclHandlers } from "./ec2/network-acls.ts";
import { permissionHandlers } from "./ec2/permissions.ts";
import { tagHandlers } from "./ec2/tags.ts";
import type { Handler } from "./handler.ts";

/** Everything that the range serves, by service and operation. */
export const HANDLERS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  ec2: { ...instanceHandlers, ...interfaceHandlers, ...groupHandlers, ...permissionHandlers, ...networkAclHandlers, ...tagHandlers },
};
