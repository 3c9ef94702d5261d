import { codeOf, EC2_API, EC2_ERRORS, required, type Asking, type Probe } from "../probe.ts";

async function tagsOf({ ec2 }: Asking, resource: string): Promise<readonly string[]> {
  const { Tags = [] } = await ec2.describeTags({
    Filters: [
      { Name: "resource-id", Values: [resource] },
      { Name: "key", Values: ["conformance-*"] },
    ],
  });
  return Tags.map(({ ResourceType, Key, Value }) => `${ResourceType} ${Key}=${Value}`).sort();
}

async function newRouteTable({ ec2, surroundings }: Asking): Promise<string> {
  const { RouteTable } = await ec2.createRouteTable({ VpcId: surroundings.vpcId });
  return required(RouteTable?.RouteTableId);
}

/** What lies around the instance, and is read for plans and proofs. */
export const tagAndRouteProbes: readonly Probe[] = [
  {
    id: "tags",
    service: "ec2",
    operation: "CreateTags",
    documented: "Adds or overwrites tags; the key stays one tag, with the new value.",
    page: `${EC2_API}API_CreateTags.html`,
    expected: ["instance conformance-a=2", "instance conformance-b=1"],
    async ask(asking) {
      const { ec2, surroundings } = asking;
      const Resources = [surroundings.instanceId];
      await ec2.createTags({ Resources, Tags: ["a", "b"].map((name) => ({ Key: `conformance-${name}`, Value: "1" })) });
      await ec2.createTags({ Resources, Tags: [{ Key: "conformance-a", Value: "2" }] });
      return [...(await tagsOf(asking, surroundings.instanceId))];
    },
  },
  {
    id: "a-tag-deleted-by-another-value",
    service: "ec2",
    operation: "DeleteTags",
    documented: "A tag that is named with a value is deleted only where it has that value.",
    page: `${EC2_API}API_DeleteTags.html`,
    expected: ["network-interface conformance-kept=mine"],
    async ask(asking) {
      const { ec2, surroundings } = asking;
      const Resources = [surroundings.secondaryId];
      const tag = (name: string, Value: string) => ({ Key: `conformance-${name}`, Value });
      await ec2.createTags({ Resources, Tags: [tag("kept", "mine"), tag("gone", "mine")] });
      await ec2.deleteTags({ Resources, Tags: [tag("kept", "yours"), tag("gone", "mine")] });
      return [...(await tagsOf(asking, surroundings.secondaryId))];
    },
  },
  {
    id: "a-tag-of-aws",
    service: "ec2",
    operation: "CreateTags",
    documented: "The prefix aws: is reserved.",
    page: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html",
    expected: "InvalidParameterValue",
    ask: ({ ec2, surroundings }) =>
      codeOf(ec2.createTags({ Resources: [surroundings.instanceId], Tags: [{ Key: "aws:mine", Value: "1" }] })),
  },
  {
    id: "a-tag-on-an-unknown-instance",
    service: "ec2",
    operation: "CreateTags",
    documented: "InvalidInstanceID.NotFound: the instance does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidInstanceID.NotFound",
    ask: ({ ec2 }) =>
      codeOf(ec2.createTags({ Resources: ["i-0123456789abcdef0"], Tags: [{ Key: "conformance", Value: "1" }] })),
  },
  {
    id: "an-unknown-instance",
    service: "ec2",
    operation: "DescribeInstances",
    documented:
      "InvalidInstanceID.NotFound: the instance does not exist. InvalidInstanceID.Malformed: it cannot be an id.",
    page: EC2_ERRORS,
    expected: ["InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"],
    ask: async ({ ec2 }) => [
      await codeOf(ec2.describeInstances({ InstanceIds: ["i-0123456789abcdef0"] })),
      await codeOf(ec2.describeInstances({ InstanceIds: ["nobody"] })),
    ],
  },
  {
    id: "nothing-fits-the-filter",
    service: "ec2",
    operation: "DescribeInstances",
    documented: "Filters that nothing fits give an empty list, not an error.",
    page: `${EC2_API}API_DescribeInstances.html`,
    expected: [],
    async ask({ ec2 }) {
      const { Reservations = [] } = await ec2.describeInstances({
        Filters: [{ Name: "vpc-id", Values: ["vpc-0123456789abcdef0"] }],
      });
      return Reservations.map(() => "a reservation");
    },
  },
  {
    id: "pages-and-ids",
    service: "ec2",
    operation: "DescribeInstances",
    documented: "MaxResults and instance ids cannot be given in the same request.",
    page: `${EC2_API}API_DescribeInstances.html`,
    expected: "InvalidParameterCombination",
    ask: ({ ec2, surroundings }) =>
      codeOf(ec2.describeInstances({ InstanceIds: [surroundings.instanceId], MaxResults: 5 })),
  },
  {
    id: "the-hypervisor-of-a-type",
    service: "ec2",
    operation: "DescribeInstanceTypes",
    documented: "Tells the hypervisor of an instance type: nitro or xen.",
    page: `${EC2_API}API_InstanceTypeInfo.html`,
    expected: { "m5.large": "nitro", "t2.micro": "xen" },
    async ask({ ec2 }) {
      const { InstanceTypes = [] } = await ec2.describeInstanceTypes({ InstanceTypes: ["m5.large", "t2.micro"] });
      return Object.fromEntries(
        InstanceTypes.map(({ InstanceType, Hypervisor }) => [InstanceType, Hypervisor ?? null]),
      );
    },
  },
  {
    id: "a-new-route-table",
    service: "ec2",
    operation: "CreateRouteTable",
    documented: "A new route table has the local route, which is active.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html",
    expected: [{ to: "10.20.0.0/16", by: "local", state: "active", origin: "CreateRouteTable" }],
    async ask(asking) {
      const { RouteTables } = await asking.ec2.describeRouteTables({ RouteTableIds: [await newRouteTable(asking)] });
      return (RouteTables?.[0]?.Routes ?? []).map((route) => ({
        to: route.DestinationCidrBlock ?? null,
        by: route.GatewayId ?? null,
        state: route.State ?? null,
        origin: route.Origin ?? null,
      }));
    },
  },
  {
    id: "a-route-twice",
    service: "ec2",
    operation: "CreateRoute",
    documented: "RouteAlreadyExists: the table has a route to this block.",
    page: EC2_ERRORS,
    expected: "RouteAlreadyExists",
    async ask(asking) {
      const route = {
        RouteTableId: await newRouteTable(asking),
        DestinationCidrBlock: "198.51.100.0/24",
        NetworkInterfaceId: asking.surroundings.secondaryId,
      };
      await asking.ec2.createRoute(route);
      return codeOf(asking.ec2.createRoute(route));
    },
  },
  {
    id: "the-local-route-deleted",
    service: "ec2",
    operation: "DeleteRoute",
    documented: "The local route cannot be deleted.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/RouteTables.html",
    expected: "InvalidParameterValue",
    ask: async (asking) =>
      codeOf(
        asking.ec2.deleteRoute({
          RouteTableId: await newRouteTable(asking),
          DestinationCidrBlock: "10.20.0.0/16",
        }),
      ),
  },
];
