import { isIPv4, isIPv6 } from "node:net";
import { CordonError } from "../core/errors.ts";
import type { Finding, RemoteAddress } from "../core/finding.ts";
import { finding as findingShape } from "../core/finding.ts";
import { canonicalJson, sha256 } from "../core/json.ts";
import { isPrintable, printable } from "./printable.ts";

/** The type of every finding that a person states. Playbooks answer it like any other. */
export const MANUAL_TYPE = "Manual:EC2/CompromisedInstance";

const SEVERITY_OF_A_PERSONS_WORD = 8;
const PROTOCOLS: readonly string[] = ["tcp", "udp", "icmp"];

/** What a person states. */
export interface Statement {
  readonly instanceIds: readonly string[];
  /** `198.51.100.7`, `198.51.100.7:443`, `198.51.100.7:443/tcp`, `2001:db8::7`, `[2001:db8::7]:443`. */
  readonly remoteAddresses: readonly string[];
  readonly person: string;
  readonly account: string;
  readonly region: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The command that was given, for the remedy of an error. */
  readonly command: string;
}

/**
 * The finding of a person who names instances: compromised, in that person's name.
 *
 * @throws CordonError `input_invalid`
 */
export function manualFinding(statement: Statement): Finding {
  const { person, account, region, command } = statement;
  const refuse = (what: string, reason: string): never => {
    throw new CordonError("input_invalid", { what: printable(what), reason, command });
  };
  const instances = [...new Set(statement.instanceIds)];
  if (instances.length === 0) refuse("The list of instances", "it is empty");
  const wrong = instances.find((id) => !/^i-[0-9a-f]{8}([0-9a-f]{9})?$/.test(id));
  if (wrong !== undefined) refuse(`Instance id ${wrong}`, "expected i- and 8 or 17 hexadecimal digits");
  if (person.trim() === "" || !isPrintable(person))
    refuse("The person's name", "it is empty or holds control characters");

  const remoteAddresses = statement.remoteAddresses.map(
    (text) =>
      remoteAddressIn(text) ?? refuse(`Remote address ${text}`, "expected an address such as 198.51.100.7:443/tcp"),
  );
  const at = new Date(statement.now).toISOString();
  const rawSha256 = sha256(canonicalJson({ account, region, instances, remoteAddresses, person, at }));
  const made = findingShape.safeParse({
    id: `manual-${rawSha256.slice(0, 32)}`,
    source: "manual",
    type: MANUAL_TYPE,
    title: `${person.slice(0, 256)} states that the instance is compromised`,
    severity: SEVERITY_OF_A_PERSONS_WORD,
    account,
    region,
    instances,
    role: null,
    remoteAddresses,
    channel: null,
    interfaces: [],
    firstSeen: at,
    lastSeen: at,
    updatedAt: at,
    sample: false,
    archived: false,
    rawSha256,
  } satisfies Finding);
  if (made.success) return made.data;
  const [issue] = made.error.issues;
  return refuse(issue?.path.map(String).join(".") ?? "The statement", issue?.message ?? "not a finding");
}

/** Reads an address with its port and protocol, where they are given; null when it is none. */
export function remoteAddressIn(text: string): RemoteAddress | null {
  const [endpoint = "", protocolName, ...rest] = text.trim().toLowerCase().split("/");
  if (rest.length > 0 || (protocolName !== undefined && !PROTOCOLS.includes(protocolName))) return null;
  const protocol = (protocolName ?? null) as RemoteAddress["protocol"];
  if (isIPv6(endpoint) && !endpoint.includes("%")) return { address: endpoint, port: null, protocol };

  const [, six, four, digits] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(endpoint) ?? [];
  const address = six ?? four ?? "";
  const isAddress = six === undefined ? isIPv4(address) : isIPv6(address) && !address.includes("%");
  const port = digits === undefined ? null : Number(digits);
  return isAddress && (port === null || port <= 65_535) ? { address, port, protocol } : null;
}
