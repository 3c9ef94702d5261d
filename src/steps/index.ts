import type { AnyStep } from "../core/step.ts";
import { containmentAssessment } from "./assess/containment.ts";
import { flowLogs } from "./assess/flow-logs.ts";
import { connectionTimeouts } from "./contain/connection-timeouts.ts";
import { elasticAddresses } from "./contain/elastic-addresses.ts";
import { instanceProfile } from "./contain/instance-profile.ts";
import { internetRoutes } from "./contain/internet-routes.ts";
import { keyPair } from "./contain/key-pair.ts";
import { metadataService } from "./contain/metadata-service.ts";
import { networkAcl } from "./contain/network-acl.ts";
import { remoteAddresses } from "./contain/remote-addresses.ts";
import { roleSessions } from "./contain/role-sessions.ts";
import { roleWideSessions } from "./contain/role-wide-sessions.ts";
import { routeTable } from "./contain/route-table.ts";
import { securityGroupRules } from "./contain/security-group-rules.ts";
import { securityGroups } from "./contain/security-groups.ts";
import { ssmSessions } from "./contain/ssm-sessions.ts";
import { stop } from "./contain/stop.ts";
import { trackedConnections } from "./contain/tracked-connections.ts";
import { evidenceVolumes } from "./investigate/evidence-volumes.ts";
import { forensicWorkstation } from "./investigate/forensic-workstation.ts";
import { caseTags } from "./preserve/case-tags.ts";
import { cloudtrailActivity } from "./preserve/cloudtrail-activity.ts";
import { collectionProfile } from "./preserve/collection-profile.ts";
import { consoleOutput } from "./preserve/console-output.ts";
import { consoleScreenshot } from "./preserve/console-screenshot.ts";
import { diskImage } from "./preserve/disk-image.ts";
import { instanceMetadata } from "./preserve/instance-metadata.ts";
import { liveResponse } from "./preserve/live-response.ts";
import { memoryCapture } from "./preserve/memory-capture.ts";
import { machineImage } from "./preserve/machine-image.ts";
import { snapshotCopy } from "./preserve/snapshot-copy.ts";
import { snapshotLock } from "./preserve/snapshot-lock.ts";
import { volumeSnapshots } from "./preserve/volume-snapshots.ts";
import { autoScaling } from "./protect/auto-scaling.ts";
import { loadBalancers } from "./protect/load-balancers.ts";
import { preparedGroups } from "./protect/prepared-groups.ts";
import { terminationProtection } from "./protect/termination-protection.ts";

/** Every technique that Cordon knows. */
export const steps: readonly AnyStep[] = [
  caseTags,
  instanceMetadata,
  consoleScreenshot,
  consoleOutput,
  volumeSnapshots,
  cloudtrailActivity,
  collectionProfile,
  liveResponse,
  memoryCapture,
  machineImage,
  diskImage,
  snapshotLock,
  snapshotCopy,
  preparedGroups,
  terminationProtection,
  autoScaling,
  loadBalancers,
  securityGroups,
  remoteAddresses,
  connectionTimeouts,
  trackedConnections,
  instanceProfile,
  roleSessions,
  roleWideSessions,
  ssmSessions,
  elasticAddresses,
  metadataService,
  keyPair,
  networkAcl,
  routeTable,
  internetRoutes,
  securityGroupRules,
  stop,
  forensicWorkstation,
  evidenceVolumes,
  containmentAssessment,
  flowLogs,
];
