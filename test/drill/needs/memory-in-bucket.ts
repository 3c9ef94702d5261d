import { createClients } from "../../../src/aws/clients.ts";
import type { SimulatedClock } from "../../../src/core/clock.ts";
import { EVIDENCE_ACCOUNT } from "../../../src/cli/drill/run.ts";
import type { Vault } from "../../../src/core/vault.ts";
import type { Range } from "../../../src/range/range.ts";
import { createResponder } from "../../../src/range/responder.ts";
import { seededRandom } from "../../../src/range/world/random.ts";
import { evidenceBucket } from "../../../src/range/world/s3.ts";
import { s3Vault, type S3VaultOptions } from "../../../src/vault/s3.ts";
import { captureTarget } from "../../steps/memory.ts";

/** What only the memory holds: the key of the implant's channel. */
export const CHANNEL_KEY = "channel-key=5f1d0c7e9a";

/** A target with an agent that works, the capturing program on its disk, a way to S3, and an implant in its memory. */
export function prepareCapture(range: Range): void {
  const memory = Buffer.alloc(100_000);
  memory.write(CHANNEL_KEY, 70_000);
  captureTarget(range, { memory: new Uint8Array(memory) });
}

/** A bucket of the evidence account: only such a vault gives links by which a host can send what it has. */
export function bucketVault(range: Range, clock: SimulatedClock, lock: S3VaultOptions["lock"] = null): Vault {
  const { account } = EVIDENCE_ACCOUNT;
  const [target] = range.scenario.targets;
  const region = target?.region ?? "";
  const bucket = `evidence-${account}`;
  evidenceBucket(range.world, { account, region, name: bucket, lock });
  const clients = createClients({
    region,
    credentials: createResponder(range.world.place(account, region)),
    requestHandler: range.requestHandler(),
    clock,
    random: seededRandom(5),
  });
  const signal = new AbortController().signal;
  return s3Vault({
    bucket,
    clock,
    lock,
    random: seededRandom(6),
    presigner: clients.presigner,
    sender: (until) => clients.observed(() => {}, until ?? signal).s3,
  });
}
