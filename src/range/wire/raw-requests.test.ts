import { describe, expect, it } from "vitest";
import { AwsError, type Call } from "./operation.ts";
import type { WireRequest } from "./request.ts";
import { createWire } from "./server.ts";

const decoder = new TextDecoder();

async function send(request: Partial<WireRequest>, output: Record<string, unknown> = {}) {
  const calls: Call[] = [];
  const { handle } = createWire({
    requestId: () => "request-1",
    perform: async (call) => {
      calls.push(call);
      return output;
    },
  });
  const response = await handle({
    method: "POST",
    path: "/",
    query: {},
    headers: {},
    body: new Uint8Array(),
    ...request,
  });
  return { status: response.status, headers: response.headers, text: decoder.decode(response.body), call: calls[0] };
}

function scope(service: string, region = "eu-west-1"): string {
  const signed = "SignedHeaders=content-type;host;x-amz-date, Signature=00";
  return `AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20260102/${region}/${service}/aws4_request, ${signed}`;
}

/** A form as awscli and boto3 send it. */
function form(service: string, body: string): Partial<WireRequest> {
  return {
    headers: {
      authorization: scope(service),
      "content-type": "application/x-www-form-urlencoded; charset=utf-8",
      host: "127.0.0.1:4566",
    },
    body: new TextEncoder().encode(body),
  };
}

function json(target: string, body: string): Partial<WireRequest> {
  return {
    headers: {
      authorization: scope("ssm"),
      "content-type": "application/x-amz-json-1.1",
      "x-amz-target": target,
    },
    body: new TextEncoder().encode(body),
  };
}

const ec2 = (body: string) => form("ec2", `Action=DescribeInstances&Version=2016-11-15${body}`);

describe("a form as awscli sends it", () => {
  it("is read by the action in its body", async () => {
    const { call } = await send(
      ec2("&InstanceId.1=i-1&InstanceId.2=i-2&Filter.1.Name=tag%3AName&Filter.1.Value.1=a+b&MaxResults=5"),
    );
    expect(call).toEqual({
      service: "ec2",
      operation: "DescribeInstances",
      input: {
        InstanceIds: ["i-1", "i-2"],
        Filters: [{ Name: "tag:Name", Values: ["a b"] }],
        MaxResults: 5,
      },
      accessKeyId: "AKIAEXAMPLE",
      region: "eu-west-1",
      requestId: "request-1",
    });
  });

  it("may number its items with gaps and in any order", async () => {
    const { call } = await send(ec2("&InstanceId.10=i-c&InstanceId.2=i-a&InstanceId.7=i-b"));
    expect(call?.input).toEqual({ InstanceIds: ["i-a", "i-b", "i-c"] });
  });

  it("is answered with EC2's XML", async () => {
    const { status, headers, text } = await send(ec2(""), {
      Reservations: [{ ReservationId: "r-1", Groups: [], Instances: [{ InstanceId: "i-1", LaunchTime: new Date(0) }] }],
    });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/xml;charset=UTF-8");
    expect(text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n' +
        '<DescribeInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>request-1</requestId>' +
        "<reservationSet><item><reservationId>r-1</reservationId><groupSet/><instancesSet><item>" +
        "<instanceId>i-1</instanceId><launchTime>1970-01-01T00:00:00.000Z</launchTime>" +
        "</item></instancesSet></item></reservationSet></DescribeInstancesResponse>",
    );
  });

  it("is answered with a result element by IAM, and without one where the operation has no output", async () => {
    const listed = await send(form("iam", "Action=ListRoles&Version=2010-05-08"), { Roles: [], IsTruncated: false });
    expect(listed.text).toBe(
      '<ListRolesResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ListRolesResult><Roles/>' +
        "<IsTruncated>false</IsTruncated></ListRolesResult><ResponseMetadata><RequestId>request-1</RequestId>" +
        "</ResponseMetadata></ListRolesResponse>",
    );
    const deleted = await send(form("iam", "Action=DeleteRole&Version=2010-05-08&RoleName=web"));
    expect(deleted.text).toBe(
      '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata>' +
        "<RequestId>request-1</RequestId></ResponseMetadata></DeleteRoleResponse>",
    );
  });

  it("is answered with true where EC2's operation has no output", async () => {
    const { text } = await send(form("ec2", "Action=DeleteVolume&Version=2016-11-15&VolumeId=vol-1"));
    expect(text).toContain("<requestId>request-1</requestId><return>true</return>");
  });

  it("may come in the address instead, and may be signed there", async () => {
    const { call } = await send({
      method: "GET",
      query: {
        Action: "GetCallerIdentity",
        Version: "2011-06-15",
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": "AKIAEXAMPLE/20260102/us-east-1/sts/aws4_request",
        "X-Amz-Signature": "00",
      },
    });
    expect(call).toMatchObject({ service: "sts", accessKeyId: "AKIAEXAMPLE", region: "us-east-1", input: {} });
  });

  it("that is not signed is known by the host's name, or by action and version", async () => {
    const body = new TextEncoder().encode("Action=DescribeInstances&Version=2016-11-15");
    const byHost = await send({ headers: { host: "ec2.ap-southeast-2.amazonaws.com" }, body });
    expect(byHost.call).toMatchObject({ service: "ec2", accessKeyId: null, region: "ap-southeast-2" });
    const byVersion = await send({ headers: { host: "127.0.0.1:4566" }, body });
    expect(byVersion.call).toMatchObject({ service: "ec2", accessKeyId: null, region: "us-east-1" });
  });
});

describe("a faulty request", () => {
  const cases: readonly (readonly [string, Partial<WireRequest>, number, string, string])[] = [
    ["an unknown parameter of EC2", ec2("&Instance.1=i-1"), 400, "UnknownParameter", "The parameter Instance.1 is not"],
    ["a list without numbers", ec2("&InstanceId=i-1"), 400, "InvalidParameterValue", "for parameter InstanceId"],
    [
      "text where a number belongs",
      ec2("&MaxResults=many"),
      400,
      "InvalidParameterValue",
      "Value (many) for parameter",
    ],
    ["text where a boolean belongs", ec2("&DryRun=maybe"), 400, "InvalidParameterValue", "Value (maybe) for parameter"],
    ["a name for a list's number", ec2("&Filter.x.Name=a"), 400, "UnknownParameter", "The parameter Filter.x.Name is"],
    ["a member of a scalar", ec2("&MaxResults.1=5"), 400, "UnknownParameter", "The parameter MaxResults.1 is"],
    [
      "a parameter given twice",
      ec2("&MaxResults=5&MaxResults=6"),
      400,
      "MalformedQueryString",
      "MaxResults is given twice",
    ],
    ["a broken escape", ec2("&MaxResults=%zz"), 400, "MalformedQueryString", "not a form in UTF-8"],
    ["another version", form("ec2", "Action=DescribeInstances&Version=1999-01-01"), 400, "NoSuchVersion", "1999-01-01"],
    ["no version", form("ec2", "Action=DescribeInstances"), 400, "MissingParameter", "the parameter Version"],
    ["no action", form("ec2", "Version=2016-11-15"), 400, "MissingAction", "does not name an operation of ec2"],
    [
      "an operation AWS has not",
      form("ec2", "Action=Frobnicate&Version=2016-11-15"),
      501,
      "NotImplemented",
      "ec2:Frobnicate",
    ],
    ["a service the range has not", form("quantum", "Action=A&Version=1"), 501, "NotImplemented", "quantum:"],
    ["no sign of a service", {}, 403, "MissingAuthenticationToken", "which service"],
    [
      "a broken Authorization header",
      { headers: { authorization: "Bearer x" } },
      400,
      "IncompleteSignature",
      "Credential",
    ],
    [
      "an unknown parameter of IAM",
      form("iam", "Action=ListRoles&Version=2010-05-08&A=1"),
      400,
      "ValidationError",
      "parameter A is",
    ],
    ["JSON that is none", json("AmazonSSM.SendCommand", "{"), 400, "SerializationException", "not JSON"],
    ["JSON that is no structure", json("AmazonSSM.SendCommand", "[]"), 400, "SerializationException", "Structure"],
    [
      "JSON of another type",
      json("AmazonSSM.SendCommand", '{"DocumentName":5}'),
      400,
      "SerializationException",
      "'5' at 'DocumentName'",
    ],
    [
      "an unknown member of JSON",
      json("AmazonSSM.SendCommand", '{"DocumentName":"a","x":1}'),
      400,
      "ValidationException",
      "member x is",
    ],
    ["an operation JSON has not", json("AmazonSSM.Frobnicate", "{}"), 501, "NotImplemented", "ssm:Frobnicate"],
    [
      "a target of another service",
      json("DynamoDB_20120810.GetItem", "{}"),
      400,
      "MissingAction",
      "an operation of ssm",
    ],
    [
      "a body above the limit",
      { ...ec2(""), body: new Uint8Array(10 * 1024 * 1024 + 1) },
      413,
      "RequestEntityTooLarge",
      "10485760",
    ],
    ["an endless parameter name", ec2(`&${"A.".repeat(1_000_000)}A=1`), 400, "UnknownParameter", "A.A.A"],
  ];

  it.each(cases)("with %s is refused", async (_name, request, status, code, part) => {
    const answer = await send(request);
    expect(answer.status).toBe(status);
    expect(answer.text).toContain(code);
    expect(answer.text).toContain(part);
    expect(answer.call).toBeUndefined();
  });

  it("gets the error in the form of its protocol", async () => {
    expect((await send(ec2("&X=1"))).text).toBe(
      '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>UnknownParameter</Code>' +
        "<Message>The parameter X is not recognized</Message></Error></Errors><RequestID>request-1</RequestID></Response>",
    );
    expect((await send(form("sts", "Action=GetCallerIdentity&Version=2011-06-15&X=1"))).text).toBe(
      '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
        "<Code>ValidationError</Code><Message>The parameter X is not recognized</Message></Error>" +
        "<RequestId>request-1</RequestId></ErrorResponse>",
    );
    expect(JSON.parse((await send(json("AmazonSSM.SendCommand", "{"))).text)).toEqual({
      __type: "SerializationException",
      message: "The body is not JSON in UTF-8.",
    });
  });

  it("cannot reach the prototypes of objects", async () => {
    const body = '{"DocumentName":"a","Parameters":{"__proto__":["x"]}}';
    const { call } = await send(json("AmazonSSM.SendCommand", body));
    expect(Object.getPrototypeOf(call?.input["Parameters"])).toBe(Object.prototype);
    expect(Object.keys(call?.input["Parameters"] as object)).toEqual(["__proto__"]);
  });

  it("of any bytes never makes the server throw", async () => {
    for (const service of ["ec2", "iam", "ssm"]) {
      for (let byte = 0; byte < 256; byte++) {
        const answer = await send({ ...form(service, ""), body: new Uint8Array([byte, 61, 255 - byte, 38]) });
        expect(answer.status).toBe(400);
      }
    }
  });
});

describe("a handler that fails", () => {
  it("with an error of its own is an InternalFailure that says what happened", async () => {
    const { handle } = createWire({ requestId: () => "request-1", perform: () => Promise.reject(new Error("a bug")) });
    const response = await handle({
      method: "POST",
      path: "/",
      query: {},
      headers: {},
      body: new Uint8Array(),
      ...ec2(""),
    });
    expect(response.status).toBe(500);
    expect(decoder.decode(response.body)).toContain("<Code>InternalFailure</Code><Message>a bug</Message>");
  });

  it("with members that the error's shape has not is an InternalFailure as well", async () => {
    const { handle } = createWire({
      requestId: () => "request-1",
      perform: () => Promise.reject(new AwsError("InvalidInstanceId", "no", { members: { Unknown: 1 } })),
    });
    const request = json("AmazonSSM.DescribeInstanceInformation", "{}");
    const response = await handle({
      method: "POST",
      path: "/",
      query: {},
      headers: {},
      body: new Uint8Array(),
      ...request,
    });
    expect(response.status).toBe(500);
    expect(decoder.decode(response.body)).toContain("InvalidInstanceId.Unknown is no member of the shape");
  });
});
