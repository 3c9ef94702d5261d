/**
 * Says on standard error that a suite is skipped, and why, and hands the reason back.
 *
 * CI sets CORDON_REQUIRE_FOREIGN: there the reason is an error, so that nobody takes a suite that never ran for a pass.
 */
export function unavailable(suite: string, reason: string): string {
  if (process.env["CORDON_REQUIRE_FOREIGN"] === "1")
    throw new Error(`CORDON_REQUIRE_FOREIGN is set, and test/${suite} cannot run: ${reason}.`);
  process.stderr.write(`test/${suite} is skipped: ${reason}.\n`);
  return reason;
}
