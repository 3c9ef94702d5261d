import type { WireRequest } from "../../../src/range/wire/request.ts";
import type { Random } from "../../../src/range/world/random.ts";
import type { FuzzTarget } from "../campaign.ts";
import { below, mutateBytes, oneOf } from "../mutate-text.ts";
import { drillRequests, readerExchanges, SCENARIOS, type Stage, stage } from "../recording.ts";

/** A request as it is kept: one character of the body for each byte. */
type Kept = Omit<WireRequest, "body"> & { readonly body: string };

/** After so many requests the account is made anew: what was created piles up. */
const REQUESTS_PER_ACCOUNT = 400;

/** Requests to the range, in all protocols that its services speak. */
export const requests: FuzzTarget = {
  name: "requests",
  async prepare() {
    const recorded = await Promise.all(SCENARIOS.map(requestsOn));
    const corpus = recorded.flat().map(keptOf);
    const bodies = corpus.map(({ body }) => Buffer.from(body, "latin1")).filter(({ length }) => length > 0);
    return (random) => Buffer.from(JSON.stringify(mutated(random, { request: oneOf(random, corpus), corpus, bodies })));
  },
  async feed(input) {
    const { body, ...request } = JSON.parse(input.toString()) as Kept;
    const { clock, range } = account();
    const response = await clock.run(() =>
      range.handle({ ...request, body: new Uint8Array(Buffer.from(body, "latin1")) }),
    );
    expectAnswer(request.method, response.status, Buffer.from(response.body).toString("latin1"));
  },
};

/** AWS's form, and never a mistake of the range's own. 501 and 503 say what is not there. */
function expectAnswer(method: string, status: number, body: string): void {
  if (status === 500) throw new Error(`the range broke: ${body.slice(0, 200)}`);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw new Error(`no status: ${status}`);
  if (status < 400 || method === "HEAD" || status === 412) return;
  if (!/<Code>|"__type"|"code"/.test(body)) throw new Error(`an error without a code: ${status} ${body.slice(0, 200)}`);
}

let present: Stage | null = null;
let served = 0;

function account(): Stage {
  if (present === null || served >= REQUESTS_PER_ACCOUNT) {
    present = stage("ssh-intruder");
    served = 0;
  }
  served += 1;
  return present;
}

async function requestsOn(scenario: (typeof SCENARIOS)[number]): Promise<readonly WireRequest[]> {
  const read = await readerExchanges(scenario);
  return [...[...read.values()].flat().map(({ request }) => request), ...(await drillRequests(scenario))];
}

function keptOf({ body, ...request }: WireRequest): Kept {
  return { ...request, body: Buffer.from(body).toString("latin1") };
}

interface Material {
  readonly request: Kept;
  readonly corpus: readonly Kept[];
  readonly bodies: readonly Buffer[];
}

function mutated(random: Random, { request, corpus, bodies }: Material): Kept {
  const text = (value: string): string => mutateBytes(random, Buffer.from(value, "latin1"), bodies).toString("latin1");
  switch (below(random, 10)) {
    case 0:
      return { ...request, path: text(request.path) };
    case 1:
      return { ...request, query: changedIn(random, { ...request.query, "": "" }, text) };
    case 2:
    case 3:
      return { ...request, headers: changedIn(random, request.headers, text) };
    case 4:
      return { ...request, method: oneOf(random, ["GET", "PUT", "POST", "DELETE", "HEAD", "PATCH", "x"]) };
    case 5:
      return { ...request, body: oneOf(random, corpus).body };
    case 6:
      return { ...request, body: parametersMixed(random, request.body, oneOf(random, corpus).body) };
    default:
      return { ...request, body: text(request.body) };
  }
}

/** One of them lost, doubled under another name, or with other text in it. */
function changedIn(
  random: Random,
  members: Readonly<Record<string, string>>,
  text: (value: string) => string,
): Readonly<Record<string, string>> {
  const [name, value] = oneOf(random, Object.entries(members));
  const { [name]: _, ...others } = members;
  return oneOf(random, [others, { ...members, [name]: text(value) }, { ...others, [text(name).toLowerCase()]: value }]);
}

/** Parameters of two forms in one: an operation with another's input. */
function parametersMixed(random: Random, one: string, other: string): string {
  const parameters = [...one.split("&"), ...other.split("&").filter(() => random() < 0.3)];
  return parameters.filter(() => random() > 0.1).join("&");
}
