import { setMaxListeners } from "node:events";
import { program } from "./program.ts";
import { run } from "./run.ts";

// The SDK warns on stderr about Node 20 each time it is loaded. Nobody on call can act on that; `engines` says what is needed.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";

// A playbook's calls wait side by side for one signal: more than ten listeners are no leak, and Node would say so on stderr.
setMaxListeners(0);

process.exitCode = await run(program, process.argv);
