import { Lab, type Machine } from "../../src/range/world/test-lab.ts";
import type { FilterRule, KernelFilter, WirePacket } from "./kernel-filter.ts";

export const INSIDE = "10.0.1.10";
export const REMOTES = { a: "198.51.100.7", b: "198.51.100.8" } as const;

/** A flow with the side that begins it. Ports differ from run to run, so that no run meets what another left. */
export interface Flow {
  readonly protocol: "tcp" | "udp" | "icmp";
  readonly startedBy: "inside" | "outside";
  readonly remote: keyof typeof REMOTES;
  readonly near: number;
  readonly far: number;
}

/** What may happen: other rules, or packets of a flow. */
export type Happening =
  | { readonly kind: "rules"; readonly rules: readonly FilterRule[] }
  | { readonly kind: "begin"; readonly flow: number }
  | { readonly kind: "go-on"; readonly flow: number; readonly from: "inside" | "outside" };

/** What each of the two let through, in the order of the packets. */
export interface Passed {
  readonly range: readonly boolean[];
  readonly kernel: readonly boolean[];
}

/** The same packets, sent through the range and through the kernel. */
export class BothFilters {
  readonly #kernel: KernelFilter;
  readonly #lab = new Lab();
  readonly #machine: Machine;
  readonly #range: boolean[] = [];
  readonly #passed: boolean[] = [];
  readonly #begun = new Set<Flow>();

  constructor(kernel: KernelFilter) {
    this.#kernel = kernel;
    this.#machine = this.#lab.instance([this.#lab.group()]);
  }

  get passed(): Passed {
    return { range: this.#range, kernel: this.#passed };
  }

  setRules(rules: readonly FilterRule[]): void {
    this.#kernel.setRules(rules);
    const group = this.#lab.group(
      ...rules.map(({ direction, protocol, cidr, port }) => {
        // A group's ICMP rule for everything has type -1; TCP and UDP name their ports.
        const ports: readonly [number, number] = protocol === "icmp" ? [-1, -1] : [port ?? 0, port ?? 65_535];
        return [direction, protocol, cidr, ...ports] as const;
      }),
    );
    this.#machine.moveTo(group);
  }

  /** Lets the range's clock pass; the kernel's passes by itself. */
  pass(seconds: number): void {
    this.#lab.clock.pass(seconds);
  }

  /** The packets that begin a flow: TCP's handshake, a request and its answer. Whoever gets nothing answers nothing. */
  async begin(flow: Flow): Promise<void> {
    if (this.#begun.has(flow)) return;
    const { startedBy } = flow;
    const other = startedBy === "inside" ? "outside" : "inside";
    if (!(await this.#send(flow, startedBy, "syn"))) return;
    this.#begun.add(flow);
    if ((await this.#send(flow, other, "syn-ack")) && flow.protocol === "tcp") await this.#send(flow, startedBy, "ack");
  }

  /** One more packet of a flow that may never have begun; an ICMP flow goes on as it began. */
  async goOn(flow: Flow, from: Flow["startedBy"]): Promise<void> {
    if (flow.protocol === "icmp") {
      const other = flow.startedBy === "inside" ? "outside" : "inside";
      if (await this.#send(flow, flow.startedBy, "syn")) await this.#send(flow, other, "syn-ack");
      return;
    }
    // The kernel knows a connection that it met half-way, and then takes a new handshake for an error.
    if (await this.#send(flow, from, "ack")) this.#begun.add(flow);
  }

  /** The same packet through both; true where the kernel let it through. */
  async #send(flow: Flow, from: Flow["startedBy"], flags: NonNullable<WirePacket["flags"]>): Promise<boolean> {
    const { protocol, near, far } = flow;
    const remote = REMOTES[flow.remote];
    const isFirst = flags === "syn" && protocol === "tcp";
    const icmp = { type: from === flow.startedBy ? 8 : 0, code: 0 };
    const shape = { protocol, near, far, icmp, ...(isFirst ? { tcp: "syn" as const } : {}) };
    this.#range.push(
      (from === "inside" ? this.#machine.send(remote, shape) : this.#machine.receive(remote, shape)).delivered,
    );
    const isBeginner = from === flow.startedBy;
    const sequences = flags === "syn-ack" ? [5000, 1001] : isBeginner ? [1001, 5001] : [5001, 1001];
    const passed = await this.#kernel.passes({
      from,
      protocol,
      source: from === "inside" ? INSIDE : remote,
      target: from === "inside" ? remote : INSIDE,
      fromPort: from === "inside" ? near : far,
      toPort: from === "inside" ? far : near,
      flags,
      sequence: sequences[0] ?? 0,
      acknowledged: sequences[1] ?? 0,
      icmpType: icmp.type,
      icmpId: near,
    });
    this.#passed.push(passed);
    return passed;
  }
}
