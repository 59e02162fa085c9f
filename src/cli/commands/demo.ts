import type { Context, Outcome } from '../context.js';
export async function demo(_context: Context): Promise<Outcome> { return { json: {}, text: [] }; }
