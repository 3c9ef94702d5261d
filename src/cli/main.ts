import { program } from "./program.ts";
import { run } from "./run.ts";

// The SDK warns on stderr about Node 20 each time it is loaded. Nobody on call can act on that; `engines` says what is needed.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

process.exitCode = await run(program, process.argv);
