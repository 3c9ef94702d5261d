import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { listen } from "./http.ts";
import { createWire } from "./server.ts";

describe("the range over HTTP", () => {
  let server: Awaited<ReturnType<typeof listen>>;

  beforeEach(async () => {
    const { handle } = createWire({ requestId: () => "request-1", perform: async () => ({ Account: "111122223333" }) });
    server = await listen(handle, { port: 0 });
  });

  afterEach(() => server.close());

  it("answers a form in the address or in the body", async () => {
    const parameters = "Action=GetCallerIdentity&Version=2011-06-15";
    const address = `http://127.0.0.1:${server.port}/`;
    const got = await fetch(`${address}?${parameters}`);
    expect(await got.text()).toContain("<Account>111122223333</Account>");
    const posted = await fetch(address, { method: "POST", body: parameters });
    expect(posted.headers.get("x-amzn-requestid")).toBe("request-1");
    expect(await posted.text()).toContain("<Account>111122223333</Account>");
  });

  it("refuses a body above the limit and goes on serving", async () => {
    const address = `http://127.0.0.1:${server.port}/`;
    const tooMuch = await fetch(address, { method: "POST", body: new Uint8Array(11 * 1024 * 1024) });
    expect(tooMuch.status).toBe(413);
    const next = await fetch(`${address}?Action=GetCallerIdentity&Version=2011-06-15`);
    expect(next.status).toBe(200);
  });
});
