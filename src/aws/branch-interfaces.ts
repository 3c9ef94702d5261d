import { DescribeTrunkInterfaceAssociationsCommand } from "@aws-sdk/client-ec2";
import { CordonError } from "../core/errors.ts";
import { ifReadable } from "./if-readable.ts";
import { interfacesById, type NetworkInterface } from "./network-interfaces.ts";
import type { Sender } from "./sender.ts";

/** The branches of an instance's trunks, as far as AWS lists them. */
export interface Branches {
  readonly branches: readonly NetworkInterface[];
  /** Trunks whose branches AWS did not list. */
  readonly unlisted: readonly string[];
}

const pageSize = 255; // https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeTrunkInterfaceAssociations.html
const mostPages = 40;

/**
 * The branch interfaces that share the trunks among an instance's interfaces. They carry its containers' packets, and
 * `attachment.instance-id` does not find them: only the trunk is attached. Calls nothing where there is no trunk.
 *
 * No filter names a trunk, so all associations of the Region are read.
 */
export async function branchesOf(sender: Sender, interfaces: readonly NetworkInterface[]): Promise<Branches> {
  const trunks = interfaces.filter(({ interfaceType }) => interfaceType === "trunk").map(({ id }) => id);
  if (trunks.length === 0) return { branches: [], unlisted: [] };
  const ids = await ifReadable(branchIds(sender, new Set(trunks)));
  if (ids === null) return { branches: [], unlisted: trunks };
  return { branches: await interfacesById(sender, ids), unlisted: [] };
}

async function branchIds(sender: Sender, trunks: ReadonlySet<string>): Promise<readonly string[]> {
  const found: string[] = [];
  let token: string | undefined;
  for (let page = 0; page < mostPages; page++) {
    const { InterfaceAssociations = [], NextToken } = await sender.send(
      new DescribeTrunkInterfaceAssociationsCommand({
        MaxResults: pageSize,
        ...(token === undefined ? {} : { NextToken: token }),
      }),
    );
    for (const { TrunkInterfaceId = "", BranchInterfaceId } of InterfaceAssociations)
      if (BranchInterfaceId !== undefined && trunks.has(TrunkInterfaceId)) found.push(BranchInterfaceId);
    if (NextToken === undefined || NextToken === "") return found;
    token = NextToken;
  }
  throw new CordonError("list_without_end", { what: "associations of trunk interfaces", pages: String(mostPages) });
}
