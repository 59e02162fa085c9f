/** A thread that the jobs of a batch run in. */
import { serve } from '../threads/serve.js';
import { batchUseCases } from './use-cases.js';

serve(batchUseCases());
