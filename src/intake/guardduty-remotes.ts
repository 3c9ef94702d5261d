import type { Finding, RemoteAddress } from "../core/finding.ts";
import type { GuardDutyFinding } from "./guardduty-shape.ts";

/** Enough for any finding; a prober's list may be long, and Cordon denies eight at most. */
const MOST_ADDRESSES = 100;

type RemoteIp = { readonly ipAddressV4: string | null; readonly ipAddressV6: string | null } | null | undefined;

/** The other side of the traffic that a finding reports, and how it travels where it is no address. */
export function remotesOf({ service }: GuardDutyFinding): Pick<Finding, "remoteAddresses" | "channel"> {
  const action = service?.action;
  const connection = action?.networkConnectionAction;
  const addresses: readonly RemoteAddress[] = [
    ...addressesIn(connection?.remoteIpDetails, {
      port: connection?.remotePortDetails?.port ?? null,
      protocol: protocolOf(connection?.protocol),
    }),
    ...(action?.portProbeAction?.portProbeDetails ?? []).flatMap((probe) => addressesIn(probe.remoteIpDetails)),
    ...addressesIn(action?.awsApiCallAction?.remoteIpDetails),
    ...(service?.detection?.sequence?.endpoints ?? []).flatMap(({ ip, port }) =>
      ip === null ? [] : [{ address: ip, port: port ?? null, protocol: null }],
    ),
  ];
  return { remoteAddresses: distinct(addresses).slice(0, MOST_ADDRESSES), channel: channelOf(action) };
}

function channelOf(action: NonNullable<GuardDutyFinding["service"]>["action"]): Finding["channel"] {
  if (action?.awsApiCallAction) return "credentials"; // The caller is at that address; the instance never speaks to it.
  return action?.dnsRequestAction ? "dns" : null;
}

function addressesIn(
  remote: RemoteIp,
  { port, protocol }: Omit<RemoteAddress, "address"> = { port: null, protocol: null },
): readonly RemoteAddress[] {
  return [remote?.ipAddressV4, remote?.ipAddressV6].flatMap((address) =>
    address ? [{ address, port, protocol }] : [],
  );
}

function protocolOf(name: string | null | undefined): RemoteAddress["protocol"] {
  switch (name?.toLowerCase()) {
    case "tcp":
      return "tcp";
    case "udp":
      return "udp";
    case "icmp":
      return "icmp";
    default:
      return null;
  }
}

function distinct(addresses: readonly RemoteAddress[]): RemoteAddress[] {
  return [...new Map(addresses.map((each) => [`${each.address} ${each.port} ${each.protocol}`, each])).values()];
}
