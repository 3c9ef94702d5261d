import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EBSClient } from "@aws-sdk/client-ebs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { S3Client } from "@aws-sdk/client-s3";
import { SFNClient } from "@aws-sdk/client-sfn";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";
import { SignatureV4 } from "@smithy/signature-v4";
import type { HttpRequest, RequestSigner, RequestSigningArguments } from "@smithy/types";
import { type Clock, turnOfTheLoop } from "../core/clock.ts";
import type { SdkClient } from "./attempt.ts";
import type { ClientOptions } from "./clients.ts";
import type { currentCredentials } from "./credentials.ts";
import type { Service } from "./services.ts";

type SdkOptions = Pick<ClientOptions, "region" | "endpoint" | "endpoints" | "requestHandler" | "clock">;
type HeldCredentials = ReturnType<typeof currentCredentials>["held"];

/** One SDK client per service, made when it is first needed: construction costs milliseconds that a start should not pay. */
export function sdkClients(options: SdkOptions, credentials: HeldCredentials): Record<Service, () => SdkClient> {
  const of = (service: Service) => sdkConfiguration(service, options, credentials);
  return {
    autoscaling: once(() => new AutoScalingClient(of("autoscaling"))),
    cloudtrail: once(() => new CloudTrailClient(of("cloudtrail"))),
    elb: once(() => new ElasticLoadBalancingV2Client(of("elb"))),
    ebs: once(() => new EBSClient(of("ebs"))),
    ec2: once(() => new EC2Client(of("ec2"))),
    iam: once(() => new IAMClient(of("iam"))),
    s3: once(() => new S3Client(s3Configuration(options, credentials))),
    sts: once(() => new STSClient(of("sts"))),
    ssm: once(() => new SSMClient(of("ssm"))),
    events: once(() => new EventBridgeClient(of("events"))),
    states: once(() => new SFNClient(of("states"))),
    logs: once(() => new CloudWatchLogsClient(of("logs"))),
  };
}

/** S3 as whoever signs addresses for others needs it: they send content that is not there when it is signed. */
export function presigningClient(options: SdkOptions, credentials: HeldCredentials): S3Client {
  return new S3Client({ ...s3Configuration(options, credentials), requestChecksumCalculation: "WHEN_REQUIRED" });
}

function sdkConfiguration(
  service: Service,
  { region, endpoint, endpoints = {}, requestHandler, clock }: SdkOptions,
  credentials: HeldCredentials,
) {
  const address = endpoints[service] ?? endpoint;
  return {
    region,
    credentials,
    maxAttempts: 1,
    disableClockSkewCorrection: true, // It compares with the machine's clock, not with ours.
    signerConstructor: signerOn(clock),
    ...(address === undefined ? {} : { endpoint: address }),
    ...(requestHandler === undefined ? {} : { requestHandler }),
  };
}

function s3Configuration(options: SdkOptions, credentials: HeldCredentials) {
  const configuration = sdkConfiguration("s3", options, credentials);
  return { ...configuration, forcePathStyle: "endpoint" in configuration }; // Another address has no names of buckets.
}

type SignerConstructor = new (init: ConstructorParameters<typeof SignatureV4>[0]) => RequestSigner;

/**
 * Signs with the injected time, so that a simulated account can check signatures and expiry.
 *
 * The SDK keeps 50 signing keys per process, and a call whose key it has is signed in fewer turns of the promise queue: it would
 * overtake a call that came first, and two drills with one seed would differ. A turn of the loop lets each finish, and calls go
 * on in the order in which they came.
 */
function signerOn(clock: Clock): SignerConstructor {
  return class implements RequestSigner {
    readonly #signer: SignatureV4;
    constructor(init: ConstructorParameters<typeof SignatureV4>[0]) {
      this.#signer = new SignatureV4(init);
    }
    async sign(request: HttpRequest, options?: RequestSigningArguments): Promise<HttpRequest> {
      const signed = this.#signer.sign(request, { ...options, signingDate: new Date(clock.now()) });
      const [result] = await Promise.allSettled([signed, turnOfTheLoop()]);
      if (result.status === "rejected") throw result.reason;
      return result.value;
    }
  };
}

/** Makes a thing when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}
