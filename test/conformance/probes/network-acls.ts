import { codeOf, EC2_API, EC2_ERRORS, required, type Asking, type Probe } from "../probe.ts";

const CREATE = `${EC2_API}API_CreateNetworkAclEntry.html`;
const deny = {
  RuleNumber: 99,
  Egress: false,
  Protocol: "-1",
  RuleAction: "deny",
  CidrBlock: "203.0.113.24/32",
} as const;
const IMPLICIT = ["in 32767 deny -1 0.0.0.0/0", "out 32767 deny -1 0.0.0.0/0"];

async function newAcl({ ec2, surroundings }: Asking): Promise<string> {
  const { NetworkAcl } = await ec2.createNetworkAcl({ VpcId: surroundings.vpcId });
  return required(NetworkAcl?.NetworkAclId);
}

async function entriesOf({ ec2 }: Asking, id: string): Promise<readonly string[]> {
  const { NetworkAcls } = await ec2.describeNetworkAcls({ NetworkAclIds: [id] });
  const entries = NetworkAcls?.[0]?.Entries ?? [];
  return entries
    .map(
      ({ Egress, RuleNumber, RuleAction, Protocol, CidrBlock }) =>
        `${Egress ? "out" : "in"} ${RuleNumber} ${RuleAction} ${Protocol} ${CidrBlock}`,
    )
    .sort();
}

async function aclOfSubnet({ ec2, surroundings }: Asking) {
  const { NetworkAcls = [] } = await ec2.describeNetworkAcls({
    Filters: [{ Name: "association.subnet-id", Values: [surroundings.subnetId] }],
  });
  return NetworkAcls;
}

/** NACLs, which end the flows that groups leave alive. */
export const networkAclProbes: readonly Probe[] = [
  {
    id: "a-new-acl-denies-everything",
    service: "ec2",
    operation: "CreateNetworkAcl",
    documented: "A new network ACL denies all traffic until rules are added: its last entry denies.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/custom-network-acl.html",
    expected: IMPLICIT,
    ask: async (asking) => [...(await entriesOf(asking, await newAcl(asking)))],
  },
  {
    id: "one-acl-for-a-subnet",
    service: "ec2",
    operation: "DescribeNetworkAcls",
    documented: "Each subnet is associated with exactly one network ACL.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
    expected: 1,
    ask: async (asking) => (await aclOfSubnet(asking)).length,
  },
  {
    id: "an-entry-that-was-made",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "The entry is part of the network ACL, under the number that was given.",
    page: CREATE,
    expected: ["in 32767 deny -1 0.0.0.0/0", "in 99 deny -1 203.0.113.24/32", "out 32767 deny -1 0.0.0.0/0"],
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      await asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny });
      return [...(await entriesOf(asking, NetworkAclId))];
    },
  },
  {
    id: "an-entry-number-twice",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "NetworkAclEntryAlreadyExists: the number is taken in this direction.",
    page: EC2_ERRORS,
    expected: ["NetworkAclEntryAlreadyExists", "no error"],
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      await asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny });
      return [
        await codeOf(asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny })),
        await codeOf(asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny, Egress: true })),
      ];
    },
  },
  {
    id: "an-entry-deleted",
    service: "ec2",
    operation: "DeleteNetworkAclEntry",
    documented: "The entry of this number and direction is deleted, and no other.",
    page: `${EC2_API}API_DeleteNetworkAclEntry.html`,
    expected: ["in 32767 deny -1 0.0.0.0/0", "out 32767 deny -1 0.0.0.0/0", "out 99 deny -1 203.0.113.24/32"],
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      for (const Egress of [false, true]) await asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny, Egress });
      await asking.ec2.deleteNetworkAclEntry({ NetworkAclId, RuleNumber: 99, Egress: false });
      return [...(await entriesOf(asking, NetworkAclId))];
    },
  },
  {
    id: "a-missing-entry-deleted",
    service: "ec2",
    operation: "DeleteNetworkAclEntry",
    documented: "InvalidNetworkAclEntry.NotFound: there is no entry of this number.",
    page: EC2_ERRORS,
    expected: "InvalidNetworkAclEntry.NotFound",
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      return codeOf(asking.ec2.deleteNetworkAclEntry({ NetworkAclId, RuleNumber: 98, Egress: false }));
    },
  },
  {
    id: "an-entry-number-out-of-bounds",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "Numbers from 32767 on are reserved.",
    page: CREATE,
    expected: "InvalidParameterValue",
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      return codeOf(asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny, RuleNumber: 32_767 }));
    },
  },
  {
    id: "the-quota-of-entries",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "NetworkAclEntryLimitExceeded: by default a network ACL has 20 rules in each direction.",
    page: "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html",
    expected: [20, "NetworkAclEntryLimitExceeded"],
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      for (let number = 1; number <= 40; number++) {
        const code = await codeOf(
          asking.ec2.createNetworkAclEntry({
            NetworkAclId,
            ...deny,
            RuleNumber: number,
            CidrBlock: `203.0.113.${number}/32`,
          }),
        );
        if (code !== "no error") return [number - 1, code];
      }
      return [40, "no error"];
    },
  },
  {
    id: "a-block-in-its-short-form",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "The block is modified to its canonical form: 100.68.0.18/18 becomes 100.68.0.0/18.",
    page: CREATE,
    expected: ["in 32767 deny -1 0.0.0.0/0", "in 99 deny -1 100.68.0.0/18", "out 32767 deny -1 0.0.0.0/0"],
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      await asking.ec2.createNetworkAclEntry({ NetworkAclId, ...deny, CidrBlock: "100.68.0.18/18" });
      return [...(await entriesOf(asking, NetworkAclId))];
    },
  },
  {
    id: "a-subnet-under-another-acl",
    service: "ec2",
    operation: "ReplaceNetworkAclAssociation",
    documented: "The subnet is associated with the other network ACL, by a new association.",
    page: `${EC2_API}API_ReplaceNetworkAclAssociation.html`,
    expected: { sameAssociation: false, sameAcl: true, inUse: "DependencyViolation" },
    async ask(asking) {
      const NetworkAclId = await newAcl(asking);
      const association = (await aclOfSubnet(asking))[0]?.Associations?.find(
        ({ SubnetId }) => SubnetId === asking.surroundings.subnetId,
      );
      const AssociationId = required(association?.NetworkAclAssociationId);
      const { NewAssociationId } = await asking.ec2.replaceNetworkAclAssociation({ AssociationId, NetworkAclId });
      const now = (await aclOfSubnet(asking))[0]?.NetworkAclId;
      const inUse = await codeOf(asking.ec2.deleteNetworkAcl({ NetworkAclId }));
      const before = required(association?.NetworkAclId);
      await asking.ec2.replaceNetworkAclAssociation({
        AssociationId: required(NewAssociationId),
        NetworkAclId: before,
      });
      return { sameAssociation: NewAssociationId === AssociationId, sameAcl: now === NetworkAclId, inUse };
    },
  },
  {
    id: "an-unknown-acl",
    service: "ec2",
    operation: "CreateNetworkAclEntry",
    documented: "InvalidNetworkAclID.NotFound: the network ACL does not exist.",
    page: EC2_ERRORS,
    expected: "InvalidNetworkAclID.NotFound",
    ask: ({ ec2 }) => codeOf(ec2.createNetworkAclEntry({ NetworkAclId: "acl-0123456789abcdef0", ...deny })),
  },
];
