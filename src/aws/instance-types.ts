import { DescribeInstanceTypesCommand, type _InstanceType as InstanceTypeName } from "@aws-sdk/client-ec2";
import type { Sender } from "./sender.ts";

/** Idle timers in seconds, all of them known. */
export interface IdleTimers {
  readonly tcpEstablished: number;
  readonly udp: number;
  readonly udpStream: number;
}

/**
 * The least that AWS takes.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ConnectionTrackingSpecificationRequest.html
 */
export const shortestTimers: IdleTimers = { tcpEstablished: 60, udp: 30, udpStream: 60 };

/** What a type says of the timers of its interfaces. */
export interface TimerSupport {
  readonly instanceType: string;
  /** What an interface of this type uses where none is set; null where the type lets none be set. */
  readonly defaults: IdleTimers | null;
}

/**
 * Reads whether interfaces of an instance type have idle timers, and what they are by default.
 *
 * Only types on the Nitro system have them. Bare metal has no hypervisor to name, and is Nitro where AWS shows its timers.
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html#connection-tracking-timeouts
 */
export async function timerSupport(ec2: Sender, instanceType: string): Promise<TimerSupport> {
  const { InstanceTypes = [] } = await ec2.send(
    new DescribeInstanceTypesCommand({ InstanceTypes: [instanceType as InstanceTypeName] }),
  );
  const described = InstanceTypes.find((each) => each.InstanceType === instanceType);
  const timers = described?.NetworkInfo?.ConnectionTrackingConfiguration;
  const isNitro = described?.Hypervisor === "nitro" || (described?.BareMetal === true && timers !== undefined);
  if (!isNitro) return { instanceType, defaults: null };
  return {
    instanceType,
    defaults: {
      tcpEstablished: timers?.DefaultTcpEstablishedTimeout ?? documented.tcpEstablished,
      udp: timers?.DefaultUdpTimeout ?? documented.udp,
      udpStream: timers?.DefaultUdpStreamTimeout ?? documented.udpStream,
    },
  };
}

/**
 * For Nitro types of which AWS does not name the defaults.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ConnectionTrackingConfiguration.html
 */
const documented: IdleTimers = { tcpEstablished: 432_000, udp: 30, udpStream: 180 };
