/**
 * List prices in US dollars, us-central1, without the free tiers. Noted on 2026-11-21 from copies of the pages below, not
 * from the live ones: check them before you rely on a sum.
 * @see https://cloud.google.com/firestore/pricing (reads and writes: per 100,000 documents)
 * @see https://cloud.google.com/tasks/pricing (per million operations: each creation and each dispatch is one)
 * @see https://cloud.google.com/run/pricing (per million requests; CPU and memory time are not in here)
 */
export const PRICES = {
  firestoreRead: 0.03 / 100_000,
  firestoreWrite: 0.09 / 100_000,
  taskOperation: 0.4 / 1_000_000,
  functionRequest: 0.4 / 1_000_000,
} as const;
