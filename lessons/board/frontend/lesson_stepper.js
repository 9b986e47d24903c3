// The sub-steps of a training step on a lesson's page.

import { Stepper } from "./stepper/stepper.js";

export default Stepper;
