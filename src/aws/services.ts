/**
 * The services that Cordon speaks to, and what each is called where the SDK reads a single service's address from the
 * environment, `AWS_ENDPOINT_URL_<NAME>`: https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
 */
export const endpointNames = {
  autoscaling: "AUTO_SCALING",
  cloudtrail: "CLOUDTRAIL",
  ebs: "EBS",
  ec2: "EC2",
  elb: "ELASTIC_LOAD_BALANCING_V2",
  events: "EVENTBRIDGE",
  iam: "IAM",
  logs: "CLOUDWATCH_LOGS",
  s3: "S3",
  ssm: "SSM",
  states: "SFN",
  sts: "STS",
} as const;

export type Service = keyof typeof endpointNames;

/** Addresses of single services that are not AWS's own. */
export type Endpoints = Readonly<Partial<Record<Service, string>>>;

/**
 * The addresses that the environment has for single services.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function endpointsIn(variables: Readonly<Record<string, string | undefined>>): Endpoints {
  if (variables["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] === "true") return {};
  return Object.fromEntries(
    Object.entries(endpointNames).flatMap(([service, name]) => {
      const address = variables[`AWS_ENDPOINT_URL_${name}`];
      return address === undefined || address === "" ? [] : [[service, address]];
    }),
  );
}
