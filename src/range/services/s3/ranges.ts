import { s3Error } from "../../wire/s3/errors.ts";

/**
 * The bytes that a Range header asks for, both ends included; null when the header is none that S3 reads, which is then
 * answered with everything: https://www.rfc-editor.org/rfc/rfc9110#name-range
 */
export function readRange(header: string, length: number): { readonly from: number; readonly to: number } | null {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header) ?? [];
  if (first === undefined || last === undefined || (first === "" && last === "")) return null;
  const range =
    first === ""
      ? { from: Math.max(0, length - Number(last)), to: length - 1 }
      : { from: Number(first), to: last === "" ? length - 1 : Math.min(Number(last), length - 1) };
  if (first !== "" && last !== "" && Number(last) < Number(first)) return null;
  if (range.from >= length || (first === "" && Number(last) === 0)) {
    throw s3Error("InvalidRange", "The requested range is not satisfiable");
  }
  return range;
}
