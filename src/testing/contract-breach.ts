/** A step does not keep the contract, or a process of the rehearsal was killed where nobody expected it. */
export class ContractBreach extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ContractBreach";
  }
}

/** Throws unless the statement holds. The message says what the contract asks for, and what was seen instead. */
export function demand(holds: boolean, message: string): asserts holds {
  if (!holds) throw new ContractBreach(message);
}

/** The process that carried out a verb is dead: the range killed it between two calls. */
export class ProcessDied extends Error {
  constructor() {
    super("the process was killed");
    this.name = "ProcessDied";
  }
}
