import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { missingPythonTools } from "../foreign/python-tools.ts";
import { differences, divergenceOf, knownDivergences, rewriteLedger } from "./ledger.ts";
import { allProbes } from "./probes/all.ts";
import type { Surroundings } from "./probe.ts";
import { clientsOf, type Server, servers } from "./servers.ts";
import { surroundingsOf } from "./surroundings.ts";

const missing = missingPythonTools("conformance");

describe.each(servers)("$name", (kind) => {
  describe.skipIf(kind.name !== "range" && missing !== null)("beside what AWS documents", () => {
    let server: Server;
    let surroundings: Surroundings;

    beforeAll(async () => {
      server = await kind.start();
      surroundings = await surroundingsOf(kind, clientsOf(server.address));
    }, 60_000);

    afterAll(() => server.end());

    test("differs exactly where the ledger says so", async () => {
      const probes = allProbes.filter(({ service }) => kind.services.includes(service));
      const asking = { ...clientsOf(server.address), surroundings };
      const found = [];
      // One after the other: they share the instance.
      for (const probe of probes) found.push(await divergenceOf(probe, kind, asking));
      const divergences = found.filter((each) => each !== null);
      process.stdout.write(`${kind.name} agrees on ${probes.length - divergences.length} of ${probes.length}\n`);
      if (process.env["CORDON_LEDGER"] === "write") rewriteLedger(kind, divergences);
      expect(differences(knownDivergences(kind), divergences)).toEqual([]);
    }, 120_000);
  });
});
