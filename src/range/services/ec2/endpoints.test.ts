import { DescribeVpcEndpointsCommand } from "@aws-sdk/client-ec2";
import { expect, it } from "vitest";
import { createVpcEndpoint } from "../../world/endpoints.ts";
import { StorageLab } from "./storage-lab.ts";

it("describes the endpoints of a VPC with their policies", async () => {
  const lab = new StorageLab();
  const { vpcId } = lab.instance;
  const made = createVpcEndpoint(lab.place, { vpcId, serviceName: "com.amazonaws.eu-west-1.s3", kind: "Gateway" });
  await lab.clock.run(async () => {
    const of = (id: string) =>
      lab.ec2.send(new DescribeVpcEndpointsCommand({ Filters: [{ Name: "vpc-id", Values: [id] }] }));
    expect((await of(vpcId)).VpcEndpoints).toMatchObject([
      { VpcEndpointId: made.id, VpcEndpointType: "Gateway", ServiceName: "com.amazonaws.eu-west-1.s3" },
    ]);
    expect((await of("vpc-00000000000000001")).VpcEndpoints).toEqual([]);
    const missing = new DescribeVpcEndpointsCommand({ VpcEndpointIds: ["vpce-00000000000000001"] });
    await expect(lab.ec2.send(missing)).rejects.toMatchObject({ name: "InvalidVpcEndpointId.NotFound" });
  });
});
