import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { unavailable } from "../foreign/requirement.ts";

/** A rule of a security group: direction, protocol, the block of the peer, the port that is called. */
export interface FilterRule {
  readonly direction: "in" | "out";
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly cidr: string;
  /** Every port where it is null, as for ICMP. */
  readonly port: number | null;
}

/** A packet as test/kernel/wire.py takes it. */
export interface WirePacket {
  readonly from: "inside" | "outside";
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly source: string;
  readonly target: string;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly flags?: "syn" | "syn-ack" | "ack";
  readonly sequence?: number;
  readonly acknowledged?: number;
  readonly icmpType?: number;
  readonly icmpId?: number;
}

const FILTER = `cordon-filter-${process.pid}`;
const ENDS = `cordon-ends-${process.pid}`;

/**
 * Why the kernel cannot be asked here; null where it can.
 *
 * Whoever is not root, or sits in a container without namespaces of its own, is skipped everywhere: that is the machine, not
 * something left out. A tool that is missing on a machine that could is an error where CORDON_REQUIRE_FOREIGN is set.
 */
export function missingKernel(): string | null {
  const canMakeNamespaces = process.getuid?.() === 0 && spawnSync("unshare", ["--net", "true"]).status === 0;
  if (!canMakeNamespaces) {
    const reason = "it needs root and the right to make network namespaces";
    process.stderr.write(`test/kernel is skipped: ${reason}.\n`);
    return reason;
  }
  const missing = ["ip", "nft", "python3"].find((tool) => spawnSync("which", [tool]).status !== 0);
  return missing === undefined ? null : unavailable("kernel", `${missing} is not installed`);
}

/** Linux as the filter in front of an instance: a router between two ends, with nftables and connection tracking. */
export class KernelFilter {
  readonly #wire: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;

  constructor({ insideIp, outsideIps }: { readonly insideIp: string; readonly outsideIps: readonly string[] }) {
    build(insideIp, outsideIps);
    const script = fileURLToPath(new URL("wire.py", import.meta.url));
    this.#wire = spawn("ip", ["netns", "exec", ENDS, "python3", script]);
    this.#answers = createInterface({ input: this.#wire.stdout })[Symbol.asyncIterator]();
  }

  /** The groups of the interface are these rules from now on. Flows that are tracked stay so. */
  setRules(rules: readonly FilterRule[]): void {
    run("ip", ["netns", "exec", FILTER, "nft", "-f", "-"], ruleset(rules));
  }

  /** How long a UDP flow is remembered that nobody answered. */
  setUdpTimeout(seconds: number): void {
    sysctl("nf_conntrack_udp_timeout", seconds);
  }

  /** Whether the packet comes out on the other side. */
  async passes(packet: WirePacket): Promise<boolean> {
    this.#wire.stdin.write(`${JSON.stringify(packet)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the program that sends packets has ended");
    return JSON.parse(value) as boolean;
  }

  end(): void {
    this.#wire.kill("SIGKILL");
    for (const name of [FILTER, ENDS]) spawnSync("ip", ["netns", "del", name]);
  }
}

function run(program: string, args: readonly string[], input = ""): void {
  const { status, stderr } = spawnSync(program, args, { input, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
}

function sysctl(name: string, value: number): void {
  run("ip", ["netns", "exec", FILTER, "sh", "-c", `echo ${value} > /proc/sys/net/netfilter/${name}`]);
}

const MAC = { inside: ["02:00:00:00:00:01", "02:00:00:00:00:11"], outside: ["02:00:00:00:00:02", "02:00:00:00:00:12"] };

function build(insideIp: string, outsideIps: readonly string[]): void {
  const inFilter = (...args: readonly string[]): void => run("ip", ["-n", FILTER, ...args]);
  run("ip", ["netns", "add", FILTER]);
  run("ip", ["netns", "add", ENDS]);
  for (const [side, [router = "", end = ""]] of Object.entries(MAC)) {
    const peer = ["type", "veth", "peer", "name", side, "address", end, "netns", ENDS];
    run("ip", ["link", "add", side, "address", router, "netns", FILTER, ...peer]);
    inFilter("link", "set", side, "up");
    run("ip", ["-n", ENDS, "link", "set", side, "up"]);
  }
  // Routed to both ends by hand: nobody answers ARP there.
  inFilter("address", "add", "192.0.2.1/32", "dev", "inside");
  const neighbours = [[insideIp, "inside", MAC.inside[1]], ...outsideIps.map((ip) => [ip, "outside", MAC.outside[1]])];
  for (const [ip = "", side = "", mac = ""] of neighbours) {
    inFilter("route", "add", ip, "dev", side);
    inFilter("neigh", "add", ip, "lladdr", mac, "dev", side, "nud", "permanent");
  }
  const settings = ["ip_forward=1", "conf/all/rp_filter=0", "conf/inside/rp_filter=0", "conf/outside/rp_filter=0"];
  for (const setting of settings) {
    const [name, value] = setting.split("=");
    run("ip", ["netns", "exec", FILTER, "sh", "-c", `echo ${value} > /proc/sys/net/ipv4/${name}`]);
  }
  run("ip", ["netns", "exec", FILTER, "nft", "-f", "-"], ruleset([]));
  sysctl("nf_conntrack_checksum", 0); // The packets of the test carry none.
  sysctl("nf_conntrack_tcp_loose", 1);
}

/**
 * Groups as nftables: a flow that a rule let in is marked, and what is marked passes whatever the rules say later. The
 * mark lies in the kernel's own entry, so it lives and dies with that.
 */
function ruleset(rules: readonly FilterRule[]): string {
  const judged = rules.flatMap((rule) => [`${matches(rule)} ct mark set 1 accept`, `${matches(rule)} accept`]);
  return [
    "add table ip groups",
    "flush table ip groups",
    "table ip groups {",
    "  chain untracked { type filter hook prerouting priority raw; policy accept;",
    "    meta l4proto 253 notrack accept",
    ...untracked(rules).map((line) => `    ${line} notrack`),
    "  }",
    "  chain judged { type filter hook forward priority filter; policy drop;",
    "    meta l4proto 253 accept",
    "    ct mark 1 accept",
    ...judged.map((line) => `    ${line}`),
    "  }",
    "}",
    "",
  ].join("\n");
}

function matches({ direction, protocol, cidr, port }: FilterRule): string {
  const [side, peer] = direction === "out" ? ["inside", "ip daddr"] : ["outside", "ip saddr"];
  const called = port === null ? `meta l4proto ${protocol}` : `${protocol} dport ${port}`;
  return `iifname ${side} ${peer} ${cidr} ${called}`;
}

/**
 * What AWS does not track: flows that a rule permits from or to everybody, where a rule the other way permits everybody
 * on every port. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/security-group-connection-tracking.html
 */
function untracked(rules: readonly FilterRule[]): readonly string[] {
  const forEverybody = rules.filter(({ cidr, protocol }) => cidr === "0.0.0.0/0" && protocol !== "icmp");
  return forEverybody
    .filter(({ direction, protocol }) =>
      forEverybody.some((other) => other.direction !== direction && other.protocol === protocol && other.port === null),
    )
    .flatMap(({ direction, protocol, port }) => {
      const [there, back] = direction === "out" ? ["inside", "outside"] : ["outside", "inside"];
      return port === null
        ? [`iifname ${there} meta l4proto ${protocol}`, `iifname ${back} meta l4proto ${protocol}`]
        : [`iifname ${there} ${protocol} dport ${port}`, `iifname ${back} ${protocol} sport ${port}`];
    });
}
