import type { Resource } from "./model.ts";
import type { Place } from "./world.ts";

/** A way from a VPC to a service that does not cross the internet. */
export interface VpcEndpoint extends Resource {
  readonly vpcId: string;
  /** `com.amazonaws.eu-central-1.s3` */
  readonly serviceName: string;
  readonly kind: "Gateway" | "Interface" | "GatewayLoadBalancer";
  policy: string;
  /** Of a gateway endpoint. */
  routeTableIds: string[];
  /** Of an interface endpoint, or of a Gateway Load Balancer's. */
  subnetIds: string[];
  interfaceIds: string[];
  groupIds: string[];
  readonly createdAt: number;
}

/** What AWS gives an endpoint without a policy of its own. */
const OPEN_POLICY = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`;

/** Makes an endpoint. Routes and interfaces that it needs are the caller's to make. */
export function createVpcEndpoint(
  { world, region }: Place,
  options: Pick<VpcEndpoint, "vpcId" | "serviceName" | "kind"> & Partial<VpcEndpoint>,
): VpcEndpoint {
  return world.add<VpcEndpoint>(region.vpcEndpoints, {
    id: world.newId("vpce"),
    tags: [],
    policy: OPEN_POLICY,
    routeTableIds: [],
    subnetIds: [],
    interfaceIds: [],
    groupIds: [],
    createdAt: world.now(),
    ...options,
  });
}
