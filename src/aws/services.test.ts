import { describe, expect, it } from "vitest";
import { endpointsIn } from "./services.ts";

describe("endpointsIn", () => {
  it("finds the addresses of single services as AWS's own tools name them", () => {
    const variables = {
      AWS_ENDPOINT_URL: "http://127.0.0.1:1",
      AWS_ENDPOINT_URL_EC2: "http://127.0.0.1:2",
      AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2: "http://127.0.0.1:3",
      AWS_ENDPOINT_URL_S3: "",
      AWS_ENDPOINT_URL_LAMBDA: "http://127.0.0.1:4",
    };
    expect(endpointsIn(variables)).toEqual({ ec2: "http://127.0.0.1:2", elb: "http://127.0.0.1:3" });
  });

  it("finds none where the environment says to ignore them", () => {
    const variables = { AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: "true", AWS_ENDPOINT_URL_EC2: "http://127.0.0.1:2" };
    expect(endpointsIn(variables)).toEqual({});
  });
});
