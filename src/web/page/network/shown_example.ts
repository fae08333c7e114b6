/** What the page shows at once of the finished example, as it was recorded. */

import example from "./example.json" with { type: "json" };
import type { ExampleFile } from "./example_file.ts";

export const SHOWN_EXAMPLE = example as unknown as ExampleFile;
