// How large what somebody hands over may be: far more than is of use, and little enough to be read and lowered in two
// seconds. What is larger is refused by the name of its limit, before anything of its size is made.

/** The most steps that a schedule may have: more than any sampler takes. */
export const MAX_STEPS = 4096;

/**
 * The highest order of a forecast: an order-k forecast keeps k + 1 features of every branch, and its weights grow like
 * k!.
 */
export const MAX_ORDER = 10;

/** The most rules that the legend of a schedule may have, all letters together. */
export const MAX_RULES = 32_768;

/** The most modules that a rule may name, or that a block may have. */
export const MAX_MODULES = 64;

/** The longest name of a module, in UTF-16 units. */
export const MAX_NAME = 256;

/** The most blocks that a model may have; the highest block that a rule may name is one less. */
export const MAX_BLOCKS = 1024;

/** The most branches that a model may have. */
export const MAX_BRANCHES = 1024;

/** The most rows, and the most columns, that the tokens of an image, or a cell of them, may have. */
export const MAX_SIDE = 4096;

/** The most features times steps of a plan: branches, and the spans that any step reuses, each once per step. */
export const MAX_PLANNED: number = 2 ** 19;

/** The highest `age` and `bonus` of a selector: scores are at most 1, so that beyond it nothing else counts. */
export const MAX_BONUS = 1e6;

/** The longest notes of a schedule, as JSON, in UTF-16 units. */
export const MAX_NOTES: number = 2 ** 20;

/** The most images of one generation. */
export const MAX_IMAGES = 65_536;
