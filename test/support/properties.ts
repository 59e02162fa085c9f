/** fast-check, with the same cases in every run: what CI finds, everybody can repeat. */
import fc from 'fast-check';

/** Where cases begin: always the same, that of `LPX_FUZZ_SEED`, or with `random` another one each time. */
export const SEED = process.env.LPX_FUZZ_SEED === 'random' ? Date.now() : Number(process.env.LPX_FUZZ_SEED ?? 109_000);

fc.configureGlobal({ seed: SEED });

export default fc;
