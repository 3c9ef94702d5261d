import type { Clock } from "../../core/clock.ts";
import { settleVolumes } from "./build-storage.ts";
import type { Handle } from "../wire/request.ts";
import { Consistency, type ConsistencyOptions } from "./consistency.ts";
import { emptyGateways } from "./gateway-model.ts";
import { emptyLogging } from "./flow-log-model.ts";
import { EventHistory } from "./event-history.ts";
import type { Account } from "./identity.ts";
import type { RegionState, Resource } from "./model.ts";
import { randomText, type Random } from "./random.ts";
import { emptyScaling } from "./scaling-model.ts";
import { settle } from "./settle.ts";

/** How long an instance takes from one state to the next, in simulated milliseconds. */
export interface TransitionDelays {
  readonly pendingMs: number;
  readonly stoppingMs: number;
  readonly shuttingDownMs: number;
}

export interface WorldOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly consistency?: ConsistencyOptions;
  readonly transitions?: Partial<TransitionDelays>;
  /** How many calls CloudTrail remembers; the range's own bound when left out. */
  readonly eventHistory?: number;
}

/** One Region of one account, where builders and handlers work. */
export interface Place {
  readonly world: World;
  readonly account: Account;
  readonly region: RegionState;
}

/**
 * The range's world: accounts, their resources and sessions, on simulated time.
 *
 * The tables hold the truth, which packets obey. Describe calls read through `see` and `list`, which may be stale.
 * Every write goes through `add`, `change` or `remove`, so that stale reads know the version before.
 */
export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly consistency: Consistency;
  readonly transitions: TransitionDelays;
  readonly accounts = new Map<string, Account>();
  readonly eventHistory: EventHistory;
  /** AWS's endpoints, for programs that run on hosts in this world; null where nothing stands before it. */
  door: Handle | null = null;

  constructor(options: WorldOptions) {
    this.clock = options.clock;
    this.random = options.random;
    this.consistency = new Consistency(options.random, options.consistency);
    this.eventHistory = new EventHistory(options.eventHistory);
    this.transitions = { pendingMs: 15_000, stoppingMs: 20_000, shuttingDownMs: 20_000, ...options.transitions };
  }

  now(): number {
    return this.clock.now();
  }

  /** The same world at an earlier instant, for what happens by itself between two looks. */
  asOf(time: number): World {
    return Object.create(this, { now: { value: () => time } }) as World;
  }

  /** A new id of AWS's shape: prefix, hyphen, 17 hexadecimal digits, starting with 0 as AWS's do. */
  newId(prefix: string): string {
    return `${prefix}-0${randomText(this.random, "0123456789abcdef", 16)}`;
  }

  /** A new id of IAM's shape: `AROA`, `AIDA`, `AIPA`, `AKIA`, `ASIA` and 17 characters of base 32. */
  newUniqueId(prefix: string): string {
    return prefix + randomText(this.random, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17);
  }

  account(id: string): Account {
    const known = this.accounts.get(id);
    if (known) return known;
    const account: Account = {
      id,
      alias: `range-${id}`,
      regions: new Map(),
      optedIn: new Set(),
      roles: new Map(),
      instanceProfiles: new Map(),
      users: new Map(),
      sessions: new Map(),
    };
    this.accounts.set(id, account);
    return account;
  }

  /** The Region of an account, created empty on first use. */
  place(accountId: string, regionName: string): Place {
    const account = this.account(accountId);
    const region = account.regions.get(regionName) ?? emptyRegion(regionName);
    account.regions.set(regionName, region);
    const place = { world: this, account, region };
    settle(place);
    settleVolumes(place);
    return place;
  }

  /** Every place there is, with instances moved on to the states they have reached by now. */
  places(): Place[] {
    return [...this.accounts.values()].flatMap(({ id, regions }) =>
      [...regions.keys()].map((name) => this.place(id, name)),
    );
  }

  /** Puts a new resource into its table; `key` only where the table is not keyed by id (roles, users, profiles). */
  add<T extends Resource>(table: Map<string, T>, resource: T, key: string = resource.id): T {
    table.set(key, resource);
    this.consistency.created(resource, this.now());
    return resource;
  }

  /** Changes a resource in place. */
  change<T extends object>(resource: T, mutate: (resource: T) => void): T {
    this.consistency.beforeChange(resource, this.now());
    mutate(resource);
    return resource;
  }

  remove<T extends object>(table: Map<string, T>, key: string): void {
    const resource = table.get(key);
    if (!resource) return;
    table.delete(key);
    this.consistency.removed(table, key, resource, this.now());
  }

  /** What a Describe call finds under this key now; may be stale, may be nothing yet. */
  see<T extends object>(table: Map<string, T>, key: string): T | undefined {
    const resource = table.get(key);
    return resource
      ? this.consistency.visible(resource, this.now())
      : this.consistency.ghosts<T>(table, this.now()).get(key);
  }

  /** What a Describe call lists now, in order of creation. */
  list<T extends object>(table: Map<string, T>): T[] {
    const current = [...table.values()].map((resource) => this.consistency.visible(resource, this.now()));
    return [...current.filter((each) => each !== undefined), ...this.consistency.ghosts<T>(table, this.now()).values()];
  }
}

function emptyRegion(name: string): RegionState {
  return {
    name,
    ...emptyScaling(),
    ...emptyLogging(),
    ...emptyGateways(),
    vpcs: new Map(),
    vpcPeerings: new Map(),
    subnets: new Map(),
    routeTables: new Map(),
    internetGateways: new Map(),
    natGateways: new Map(),
    networkAcls: new Map(),
    securityGroups: new Map(),
    prefixLists: new Map(),
    interfaces: new Map(),
    instances: new Map(),
    elasticAddresses: new Map(),
    keyPairs: new Map(),
    volumes: new Map(),
    snapshots: new Map(),
    images: new Map(),
    vpcEndpoints: new Map(),
    ssmInstances: new Map(),
    ssmSessions: new Map(),
    ssmCommands: new Map(),
    eventBuses: new Map(),
    stateMachines: new Map(),
    buckets: new Map(),
    bucketContents: new Map(),
  };
}
