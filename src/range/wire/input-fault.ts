/** What is wrong with a request's input; each protocol turns it into the error that its services give. */
export type Fault =
  | { readonly kind: "missing"; readonly path: string }
  | { readonly kind: "unknown"; readonly path: string }
  | { readonly kind: "invalid"; readonly path: string; readonly value: string; readonly expected: string }
  | { readonly kind: "malformed"; readonly problem: string };

/** Thrown while an input is decoded. */
export class InputFault extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.kind === "malformed" ? fault.problem : `${fault.kind}: ${fault.path}`);
    this.name = "InputFault";
    this.fault = fault;
  }
}

/** Structures deeper than this are refused: no model of AWS needs them, and recursion must end. */
export const MAXIMUM_DEPTH = 64;
