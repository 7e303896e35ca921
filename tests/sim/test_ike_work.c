/* SPDX-License-Identifier: Apache-2.0 */
/* Exchanges that wait for public-key work: what comes meanwhile, what ends them meanwhile, and
 * results for nobody. */
#include "sim.h"

int main(void) { return 0; }
