// PPO's and GRPO's pipelines on a lesson's page.

import { Pipeline } from "./pipeline/pipeline.js";

export default Pipeline;
