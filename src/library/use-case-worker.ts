/** The thread that the library's use cases run in. */
import { serve } from '../threads/serve.js';
import { USE_CASES } from './use-cases.js';

serve(USE_CASES);
