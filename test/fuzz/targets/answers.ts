import { CordonError } from "../../../src/core/errors.ts";
import type { TargetClients } from "../../../src/core/step.ts";
import type { Json } from "../../../src/core/json.ts";
import { inProcessHandler } from "../../../src/range/wire/request-handler.ts";
import type { Handle, WireResponse } from "../../../src/range/wire/request.ts";
import type { Random } from "../../../src/range/world/random.ts";
import type { FuzzTarget } from "../campaign.ts";
import { mutateJson } from "../mutate-json.ts";
import { below, mutateBytes, oneOf } from "../mutate-text.ts";
import {
  ALL_READERS,
  clientsThrough,
  type Exchange,
  operationIn,
  readerExchanges,
  SCENARIOS,
  type Stage,
  stage,
  type StagedScenario,
} from "../recording.ts";

/** One answer of AWS to one reader with something wrong in it; the others are as they were recorded. */
interface Spoilt {
  readonly scenario: StagedScenario;
  readonly reader: string;
  /** Which of the reader's answers. */
  readonly at: number;
  readonly status: number;
  readonly contentType: string;
  /** Whether it comes again when it is asked for again; else what was recorded does. */
  readonly persists: boolean;
  /** One character for each byte. */
  readonly body: string;
}

interface Theatre {
  /** For its names and its clock; nothing is asked of it. */
  readonly staged: Stage;
  readonly exchanges: ReadonlyMap<string, readonly Exchange[]>;
  /** Made once: to make the SDK's clients takes longer than to ask them. */
  readonly clients: TargetClients;
  readonly line: Line;
}

/** Where the clients' requests go at this moment. */
interface Line {
  answer: Handle;
}

const theatres = new Map<StagedScenario, Promise<Theatre>>();

function theatreOf(scenario: StagedScenario): Promise<Theatre> {
  const known = theatres.get(scenario);
  if (known) return known;
  const opened = readerExchanges(scenario).then((exchanges): Theatre => {
    const staged = stage(scenario);
    const line: Line = { answer: async () => NOTHING };
    const handler = inProcessHandler((request) => line.answer(request));
    return { staged, exchanges, line, clients: clientsThrough(staged, handler) };
  });
  theatres.set(scenario, opened);
  return opened;
}

/** AWS's answers over the SDK's own clients, as the functions of `src/aws` and the vault read them. */
export const answers: FuzzTarget = {
  name: "answers",
  async prepare() {
    const all = await Promise.all(SCENARIOS.map(theatreOf));
    const exchanges = all.flatMap((theatre) => [...theatre.exchanges.values()]).flat();
    const bodies = exchanges.map(({ response }) => Buffer.from(response.body));
    const small = bodies.filter((body) => body.length > 0 && body.length < 30_000);
    const documents = small.filter((body) => body[0] === 0x7b).map((body) => JSON.parse(body.toString()) as Json);
    return (random) => {
      const which = below(random, SCENARIOS.length);
      const asked = [...(all[which]?.exchanges ?? [])].filter(([, own]) => own.length > 0);
      const light = asked.filter(([, own]) => own.length <= HEAVY);
      const [reader, own] = oneOf(random, random() < 0.9 ? light : asked);
      const at = below(random, own.length);
      const spoilt = { scenario: SCENARIOS[which] ?? "c2-beacon", reader, at, response: own[at]?.response ?? NOTHING };
      return Buffer.from(JSON.stringify(spoil(random, spoilt, { bodies: small, documents })));
    };
  },
  async feed(input) {
    const spoilt = JSON.parse(input.toString()) as Spoilt;
    const { staged, exchanges, clients, line } = await theatreOf(spoilt.scenario);
    const read = ALL_READERS[spoilt.reader];
    if (read === undefined) throw new TypeError(`there is no reader ${spoilt.reader}`);
    line.answer = replay(exchanges.get(spoilt.reader) ?? [], spoilt);
    try {
      await staged.clock.run(async () => void (await read(clients, staged.named)));
    } catch (error) {
      if (!(error instanceof CordonError)) throw error;
    }
  },
};

const NOTHING: WireResponse = { status: 404, headers: {}, body: new Uint8Array() };

/** Answers each request as the same operation was answered when it was recorded. */
function replay(own: readonly Exchange[], { at, status, contentType, persists, body }: Spoilt): Handle {
  const answered = new Map<string, number>();
  const answersTo = new Map<string, WireResponse[]>();
  for (const [index, { request, response }] of own.entries()) {
    const operation = operationIn(request);
    const spoilt = { ...response, status, headers: { ...response.headers, "content-type": contentType } };
    const bad = { ...spoilt, body: new Uint8Array(Buffer.from(body, "latin1")) };
    const given = index !== at ? [response] : persists ? [bad] : [bad, response];
    answersTo.set(operation, [...(answersTo.get(operation) ?? []), ...given]);
  }
  return async (request) => {
    const operation = operationIn(request);
    const nth = answered.get(operation) ?? 0;
    answered.set(operation, nth + 1);
    const known = answersTo.get(operation) ?? [];
    return known[Math.min(nth, known.length - 1)] ?? NOTHING;
  };
}

/** Readers that ask more than this cost as much as all the others: they have fewer turns. */
const HEAVY = 6;

interface Corpus {
  readonly bodies: readonly Buffer[];
  readonly documents: readonly Json[];
}

function spoil(
  random: Random,
  { scenario, reader, at, response }: Pick<Spoilt, "scenario" | "reader" | "at"> & { readonly response: WireResponse },
  corpus: Corpus,
): Spoilt {
  const body = Buffer.from(response.body);
  const spoilt = {
    scenario,
    reader,
    at,
    persists: random() < 0.05,
    status: response.status,
    contentType: response.headers["content-type"] ?? "text/xml",
    body: body.toString("latin1"),
  };
  const chance = random();
  if (chance < 0.08) return { ...spoilt, status: oneOf(random, [204, 301, 400, 403, 404, 429, 500, 503]) };
  if (chance < 0.14)
    return { ...spoilt, contentType: oneOf(random, ["text/html", "application/json", "text/xml", ""]) };
  if (chance < 0.5) return { ...spoilt, body: structure(random, body, corpus).toString("latin1") };
  return { ...spoilt, body: mutateBytes(random, body, corpus.bodies).toString("latin1") };
}

const STRANGE_TEXTS = [
  "",
  "true",
  "-1",
  "1e999",
  "9".repeat(40),
  "NaN",
  "2026-13-45T00:00:00Z",
  "%E0%A4%A",
  "\u0007",
  "<b/>",
];

/** Wrong in what it says and right in how it is written. */
function structure(random: Random, body: Buffer, { documents }: Corpus): Buffer {
  if (body[0] === 0x7b) return Buffer.from(mutateJson(random, JSON.parse(body.toString()) as Json, documents));
  const text = body.toString("latin1");
  const elements = [...text.matchAll(/<(\w+)>([^<]*)<\/\1>|<\w+\/>/g)];
  if (elements.length === 0) return body;
  const { 0: element, 1: name = "item", index } = oneOf(random, elements);
  const other = oneOf(random, elements)[0];
  const by = oneOf(random, ["", element + element, other, `<${name}>${oneOf(random, STRANGE_TEXTS)}</${name}>`]);
  return Buffer.from(text.slice(0, index) + by + text.slice(index + element.length), "latin1");
}
