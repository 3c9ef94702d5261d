import { AwsError } from "../../../src/range/wire/operation.ts";
import { unpackChunks } from "../../../src/range/wire/s3/aws-chunked.ts";
import type { FuzzTarget } from "../campaign.ts";
import { mutateBytes, oneOf } from "../mutate-text.ts";

const signature = "0".repeat(64);

/** Bodies in chunks as S3's clients send them: unsigned with a trailer, signed, and several chunks. */
const bodies: readonly string[] = [
  "8\r\nevidence\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n",
  `8;chunk-signature=${signature}\r\nevidence\r\n0;chunk-signature=${signature}\r\n\r\n`,
  "4\r\nevid\r\n4\r\nence\r\n0\r\n\r\n",
  `400\r\n${"x".repeat(1024)}\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\nx-amz-trailer-signature:${signature}\r\n\r\n`,
];

/** What S3 unwraps before anything else looks at a body. */
export const chunks: FuzzTarget = {
  name: "chunks",
  async prepare() {
    const corpus = bodies.map((body) => Buffer.from(body));
    return (random) => mutateBytes(random, oneOf(random, corpus), corpus);
  },
  feed(input) {
    for (const trailer of ["", "x-amz-checksum-crc32"]) {
      try {
        const { body } = unpackChunks({
          method: "PUT",
          path: "/key",
          query: {},
          headers: {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "8",
            "content-encoding": "aws-chunked",
            ...(trailer === "" ? {} : { "x-amz-trailer": trailer }),
          },
          body: new Uint8Array(input),
        });
        if (body.length !== 8) throw new Error(`it unwrapped ${body.length} bytes and not the 8 that were announced`);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
      }
    }
  },
};
