import { addressHandlers } from "./ec2/addresses.ts";
import { descriptionHandlers } from "./autoscaling/descriptions.ts";
import { scalingGroupHandlers } from "./autoscaling/groups.ts";
import { memberHandlers } from "./autoscaling/members.ts";
import { cloudTrailHandlers } from "./cloudtrail/lookup.ts";
import { ebsHandlers } from "./ebs/blocks.ts";
import { attachmentHandlers } from "./ec2/attachments.ts";
import { consoleHandlers } from "./ec2/console.ts";
import { endpointHandlers } from "./ec2/endpoints.ts";
import { flowLogHandlers } from "./ec2/flow-logs.ts";
import { gatewayHandlers } from "./ec2/gateways.ts";
import { groupAssociationHandlers } from "./ec2/group-associations.ts";
import { groupHandlers } from "./ec2/groups.ts";
import { imageHandlers } from "./ec2/images.ts";
import { instanceAttributeHandlers } from "./ec2/instance-attributes.ts";
import { instanceChangeHandlers } from "./ec2/instance-changes.ts";
import { instanceHandlers } from "./ec2/instances.ts";
import { interfaceHandlers } from "./ec2/interfaces.ts";
import { keyPairHandlers } from "./ec2/key-pairs.ts";
import { launchHandlers } from "./ec2/launches.ts";
import { networkAclHandlers } from "./ec2/network-acls.ts";
import { networkHandlers } from "./ec2/networks.ts";
import { peeringHandlers } from "./ec2/peerings.ts";
import { permissionHandlers } from "./ec2/permissions.ts";
import { placeHandlers } from "./ec2/places.ts";
import { profileHandlers } from "./ec2/profiles.ts";
import { routeTableHandlers } from "./ec2/route-tables.ts";
import { routeHandlers } from "./ec2/routes.ts";
import { snapshotLockHandlers } from "./ec2/snapshot-locks.ts";
import { snapshotSharingHandlers } from "./ec2/snapshot-sharing.ts";
import { snapshotHandlers } from "./ec2/snapshots.ts";
import { spotRequestHandlers } from "./ec2/spot-requests.ts";
import { tagHandlers } from "./ec2/tags.ts";
import { trafficMirrorHandlers } from "./ec2/traffic-mirrors.ts";
import { transitGatewayHandlers } from "./ec2/transit-gateways.ts";
import { volumeHandlers } from "./ec2/volumes.ts";
import { balancerHandlers } from "./elasticloadbalancing/descriptions.ts";
import { targetHandlers } from "./elasticloadbalancing/targets.ts";
import { eventsHandlers } from "./events.ts";
import type { Handler } from "./handler.ts";
import { iamHandlers } from "./iam.ts";
import { simulationHandlers } from "./iam-simulation.ts";
import { logsHandlers } from "./logs/handlers.ts";
import { s3Handlers } from "./s3/handlers.ts";
import { ssmHandlers } from "./ssm.ts";
import { statesHandlers } from "./states.ts";
import { stsHandlers } from "./sts.ts";

/** Everything that the range serves, by service and operation. */
export const HANDLERS: Readonly<Record<string, Readonly<Record<string, Handler>>>> = {
  ec2: {
    ...instanceHandlers,
    ...instanceAttributeHandlers,
    ...instanceChangeHandlers,
    ...launchHandlers,
    ...interfaceHandlers,
    ...groupHandlers,
    ...groupAssociationHandlers,
    ...permissionHandlers,
    ...networkAclHandlers,
    ...attachmentHandlers,
    ...networkHandlers,
    ...peeringHandlers,
    ...gatewayHandlers,
    ...routeTableHandlers,
    ...transitGatewayHandlers,
    ...trafficMirrorHandlers,
    ...placeHandlers,
    ...profileHandlers,
    ...tagHandlers,
    ...volumeHandlers,
    ...endpointHandlers,
    ...snapshotHandlers,
    ...snapshotSharingHandlers,
    ...snapshotLockHandlers,
    ...imageHandlers,
    ...consoleHandlers,
    ...addressHandlers,
    ...keyPairHandlers,
    ...routeHandlers,
    ...spotRequestHandlers,
    ...flowLogHandlers,
  },
  autoscaling: { ...descriptionHandlers, ...memberHandlers, ...scalingGroupHandlers },
  cloudtrail: cloudTrailHandlers,
  ebs: ebsHandlers,
  elasticloadbalancing: { ...balancerHandlers, ...targetHandlers },
  events: eventsHandlers,
  iam: { ...iamHandlers, ...simulationHandlers },
  logs: logsHandlers,
  s3: s3Handlers,
  sts: stsHandlers,
  ssm: ssmHandlers,
  states: statesHandlers,
};
